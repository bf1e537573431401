"""Which clips go together, in which order and behind which prompt.

All of it is a function of seed and step. No state is kept here, so a resumed run needs only its
step to get the batches of an uninterrupted one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from vago import VagoError
from vago.audio.io import SAMPLE_RATE
from vago.files import sha256_of_text
from vago.model.layout import STOP_TARGETS
from vago.model.xtts import MEL_HOP
from vago.training.features import Features

FRAMES_PER_SECOND = SAMPLE_RATE / MEL_HOP
FRAMES_PER_CODE = 4

# clips are sorted by length within this many batches: little padding, and the order is still random
BUCKET_BATCHES = 8


@dataclass(frozen=True)
class Batch:
    """Padded clips.

    Attributes:
        text: (B, N) int64 tokens. text_lengths: (B,).
        codes: (B, T) int64 audio codes. code_lengths: (B,).
        cond_mels: (B, 80, F) float32, the prompts, equally long within a batch and not padded;
            or (B / k, 80, F), each for k clips.
        prompt_spans: (B, 2) int64, [first, last) code of the clip's own prompt; empty where the
            prompt comes from another clip.
        clip_ids: B names.
        longest: text and code inputs of the clip that has most, counted on the CPU so that no step
            waits for the device; 0: as long as the padded parts.
    """

    text: torch.Tensor
    text_lengths: torch.Tensor
    codes: torch.Tensor
    code_lengths: torch.Tensor
    cond_mels: torch.Tensor
    prompt_spans: torch.Tensor
    clip_ids: tuple[str, ...]
    longest: int = 0

    def to(self, device) -> Batch:
        """The batch on `device`, without waiting for the copy."""
        tensors = {k: v for k, v in vars(self).items() if isinstance(v, torch.Tensor)}

        # a copy from memory that may be paged out would wait for the GPU's queue
        if torch.device(device).type == "cuda":
            on_cpu = {name: tensor for name, tensor in tensors.items() if not tensor.is_cuda}
            tensors |= {name: tensor.pin_memory() for name, tensor in on_cpu.items()}

        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in tensors.items()}
        return replace(self, **moved)

    def targets(self) -> tuple[torch.Tensor, torch.Tensor]:
        """(mel, text) targets that count, each (B,) int64.

        mel: the codes outside the clip's own prompt and four stops; text: the tokens and one stop.
        """
        own_prompt = self.prompt_spans[:, 1] - self.prompt_spans[:, 0]
        return self.code_lengths + STOP_TARGETS - own_prompt, self.text_lengths + 1

    def target_counts(self) -> tuple[int, int]:
        """`targets` summed over the batch; on a GPU this waits, so call it before `to`."""
        mel, text = self.targets()
        return int(mel.sum()), int(text.sum())


def epoch_order(
    clips: Mapping[str, Features], batch_size: int, seed: int, epoch: int
) -> list[tuple[str, ...]]:
    """One epoch: every clip exactly once, in batches of about equal length.

    The order depends on (seed, epoch) alone.
    """
    rng = np.random.default_rng([seed, epoch])
    names = sorted(clips)
    ids = [names[i] for i in rng.permutation(len(names))]

    # sort by length within each bucket
    bucket_size = batch_size * BUCKET_BATCHES
    by_length = []
    for at in range(0, len(ids), bucket_size):
        bucket = ids[at : at + bucket_size]
        by_length += sorted(bucket, key=lambda i: (len(clips[i].codes), i))

    batches = [
        tuple(by_length[at : at + batch_size]) for at in range(0, len(by_length), batch_size)
    ]
    return [batches[i] for i in rng.permutation(len(batches))]


def training_batch(
    clips: Mapping[str, Features],
    ids: Sequence[str],
    prompt: str,
    seconds: tuple[float, float],
    seed: Sequence[int],
) -> Batch:
    """The clips `ids` behind prompts of random length, all of a batch equally long: no padding.

    Args:
        clips: all training clips, from which prompts are taken.
        prompt: "shared": one prompt for the whole batch, cut from clips that are not in it. Prompts
            are a third of a step of three clips; this way they are paid once. "other": one for each
            clip; "shared" does the same where a batch holds several speakers, or all clips of one.
            "masked": from the clip itself, whose codes are left out of the loss, as stock means to.
        seconds: shortest and longest prompt, for example (3, 6).
        seed: the batch depends on nothing else.
    """
    rng = np.random.default_rng(list(seed))
    frames = int(rng.uniform(*seconds) * FRAMES_PER_SECOND)
    if prompt == "masked":
        return _with_own_prompts([clips[i] for i in ids], frames, rng)

    speakers = {clips[i].speaker for i in ids}
    if prompt == "shared" and len(speakers) == 1 and _others(clips, speakers.pop(), ids):
        mels = [other_prompt(clips, ids[0], frames, rng, ids)]
    else:
        mels = [other_prompt(clips, i, frames, rng) for i in ids]
    return collate([clips[i] for i in ids], mels)


def _with_own_prompts(clips: Sequence[Features], frames: int, rng: np.random.Generator) -> Batch:
    """Prompts cut from the clips themselves, whose codes are masked."""
    # stock halves the prompt of a clip that is shorter than it; here all of the batch shrink
    frames = min(frames, min(clip.mel.shape[1] for clip in clips) // 2)

    mels, spans = [], []
    for clip in clips:
        start = int(rng.integers(0, clip.mel.shape[1] - frames + 1))
        end = start + frames
        mels.append(clip.mel[:, start:end])

        last = min(math.ceil(end / FRAMES_PER_CODE), len(clip.codes))
        spans.append((start // FRAMES_PER_CODE, last))

    return collate(clips, mels, spans)


def fixed_batches(
    clips: Mapping[str, Features], batch_size: int, prompt_seconds: float = 4.5
) -> list[Batch]:
    """Validation or test clips in batches by length, each clip behind a fixed prompt.

    The prompt is cut from other clips of the set and depends on the clip's name and the set alone:
    all phases are scored on the same task, and none has seen a prompt in training.
    """
    ids = sorted(clips, key=lambda i: (len(clips[i].codes), i))
    frames = int(prompt_seconds * FRAMES_PER_SECOND)

    prompts = {}
    for i in ids:
        rng = np.random.default_rng(_seed_of(i))
        prompts[i] = other_prompt(clips, i, frames, rng)

    parts = [ids[at : at + batch_size] for at in range(0, len(ids), batch_size)]
    return [collate([clips[i] for i in part], [prompts[i] for i in part]) for part in parts]


def other_prompt(
    clips: Mapping[str, Features],
    own: str,
    frames: int,
    rng: np.random.Generator,
    without: Collection[str] = (),
) -> torch.Tensor:
    """(80, frames) cut at random from the speaker's other clips, joined until it is long enough.

    Raises:
        VagoError: the speaker of clip `own` has no clip besides it and those `without`.
    """
    speaker = clips[own].speaker
    others = _others(clips, speaker, {own, *without})
    if not others:
        raise VagoError(
            f"clip {own} is the only one of speaker {speaker!r} among {len(clips)} clips, "
            "so no other clip can be its prompt: add clips of that speaker, or leave this one out"
        )

    parts: list[torch.Tensor] = []
    missing = frames
    while missing > 0:
        mel = clips[others[int(rng.integers(len(others)))]].mel
        length = min(mel.shape[1], missing)
        start = int(rng.integers(0, mel.shape[1] - length + 1))
        parts.append(mel[:, start : start + length])
        missing -= length

    return torch.cat(parts, dim=1)


def _others(clips: Mapping[str, Features], speaker: str, without: Collection[str]) -> list[str]:
    """The speaker's clips by name, except those `without`."""
    return [i for i in sorted(clips) if clips[i].speaker == speaker and i not in without]


def collate(
    clips: Sequence[Features],
    mels: Sequence[torch.Tensor],
    spans: Sequence[tuple[int, int]] | None = None,
) -> Batch:
    """Pad clips into a Batch.

    Args:
        mels: (80, F) prompts, one for each clip or for each of equally many clips.
        spans: [first, last) code of each clip's own prompt; None where others prompt it.
    """
    if spans is None:
        spans = [(0, 0)] * len(clips)

    return Batch(
        text=pad_sequence([c.tokens for c in clips], batch_first=True),
        text_lengths=torch.tensor([len(c.tokens) for c in clips]),
        codes=pad_sequence([c.codes for c in clips], batch_first=True),
        code_lengths=torch.tensor([len(c.codes) for c in clips]),
        cond_mels=torch.stack(list(mels)),
        prompt_spans=torch.tensor(spans),
        clip_ids=tuple(c.clip_id for c in clips),
        longest=max(len(c.tokens) + 1 + len(c.codes) + STOP_TARGETS for c in clips),
    )


def _seed_of(name: str) -> int:
    """The first 8 bytes of the name's SHA-256, little-endian."""
    return int.from_bytes(bytes.fromhex(sha256_of_text(name)[:16]), "little")
