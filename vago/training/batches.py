"""Which clips go together, in which order, behind which prompt: all of it a function of the seed and the place in the run.

Nothing here keeps a state, so a resumed run needs to know only its step to go on exactly where it was.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from vago import VagoError
from vago.audio.io import SAMPLE_RATE
from vago.model.xtts import MEL_HOP
from vago.training.features import Features
from vago.training.loss import STOP_TARGETS, Batch

FRAMES_PER_SECOND = SAMPLE_RATE / MEL_HOP
FRAMES_PER_CODE = 4
BUCKET_BATCHES = (
    8  # clips are sorted by length within this many batches: little padding, still a random order
)


def epoch_order(
    clips: Mapping[str, Features], batch_size: int, seed: int, epoch: int
) -> list[tuple[str, ...]]:
    """One epoch: every clip exactly once, in batches of about equal length, in an order fixed by (seed, epoch)."""
    rng = np.random.default_rng([seed, epoch])
    names = sorted(clips)
    ids = [names[i] for i in rng.permutation(len(names))]
    width = batch_size * BUCKET_BATCHES
    ids = [
        i
        for at in range(0, len(ids), width)
        for i in sorted(ids[at : at + width], key=lambda c: (len(clips[c].codes), c))
    ]
    batches = [tuple(ids[at : at + batch_size]) for at in range(0, len(ids), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def training_batch(
    clips: Mapping[str, Features],
    ids: Sequence[str],
    prompt: str,
    seconds: tuple[float, float],
    seed: Sequence[int],
) -> Batch:
    """A batch with prompts 3-6 s long (`seconds`), equally long within the batch so that none needs padding.

    `prompt="shared"` takes a stretch of clips that are not in the batch, one for all of it: what a prompt costs, a third of
    a step of three clips, is paid once. `"other"` takes one for each clip, as "shared" has to where a batch holds several
    speakers or all of a speaker's clips. `"masked"` takes it from the clip itself and leaves those codes out of the loss,
    as stock means to.
    """
    rng = np.random.default_rng(list(seed))
    frames = int(rng.uniform(*seconds) * FRAMES_PER_SECOND)
    if prompt != "masked":
        speakers = {clips[i].speaker for i in ids}
        is_one = prompt == "shared" and len(speakers) == 1 and _others(clips, speakers.pop(), ids)
        mels = [
            other_prompt(clips, i, frames, rng, ids if is_one else ())
            for i in (ids[:1] if is_one else ids)
        ]
        return collate([clips[i] for i in ids], mels)
    # stock takes half of a clip that is shorter than the prompt; here all prompts of a batch shrink together
    frames = min(frames, min(clips[i].mel.shape[1] for i in ids) // 2)
    starts = [int(rng.integers(0, clips[i].mel.shape[1] - frames + 1)) for i in ids]
    mels = [clips[i].mel[:, start : start + frames] for i, start in zip(ids, starts)]
    ends = [
        min(math.ceil((start + frames) / FRAMES_PER_CODE), len(clips[i].codes))
        for i, start in zip(ids, starts)
    ]
    spans = [(start // FRAMES_PER_CODE, end) for start, end in zip(starts, ends)]
    return collate([clips[i] for i in ids], mels, spans)


def held_out_batches(
    clips: Mapping[str, Features], batch_size: int, prompt_seconds: float = 4.5
) -> list[Batch]:
    """The held-out set in batches by length; each clip behind a fixed prompt made of other held-out clips.

    The prompt depends on the clip's name and the held-out set alone, so every phase is asked the same question, and
    held-out clips prompt each other, so that no phase has seen any prompt in training.
    """
    ids = sorted(clips, key=lambda c: (len(clips[c].codes), c))
    frames = int(prompt_seconds * FRAMES_PER_SECOND)
    prompts = {i: other_prompt(clips, i, frames, np.random.default_rng(_number(i))) for i in ids}
    parts = [ids[at : at + batch_size] for at in range(0, len(ids), batch_size)]
    return [collate([clips[i] for i in part], [prompts[i] for i in part]) for part in parts]


def other_prompt(
    clips: Mapping[str, Features],
    own: str,
    frames: int,
    rng: np.random.Generator,
    without: Collection[str] = (),
) -> torch.Tensor:
    """(80, frames) cut at random from other clips of the same speaker, one after the other until it is long enough.

    Raises VagoError where the speaker has no other clip than those `without`.
    """
    speaker = clips[own].speaker
    others = _others(clips, speaker, {own, *without})
    if not others:
        raise VagoError(
            f"clip {own} is the only one of speaker {speaker!r} among {len(clips)} clips, so nothing can prompt it: "
            "bring more clips of that speaker, or leave this one out"
        )
    parts, have = [], 0
    while have < frames:
        mel = clips[others[int(rng.integers(len(others)))]].mel
        length = min(mel.shape[1], frames - have)
        start = int(rng.integers(0, mel.shape[1] - length + 1))
        parts.append(mel[:, start : start + length])
        have += length
    return torch.cat(parts, dim=1)


def _others(clips: Mapping[str, Features], speaker: str, without: Collection[str]) -> list[str]:
    return [i for i in sorted(clips) if clips[i].speaker == speaker and i not in without]


def collate(
    clips: Sequence[Features],
    mels: Sequence[torch.Tensor],
    spans: Sequence[tuple[int, int]] | None = None,
) -> Batch:
    """Pad clips into a Batch; `spans` are the clips' own prompts in codes, none when prompted by others."""
    return Batch(
        text=pad_sequence([c.tokens for c in clips], batch_first=True),
        text_lengths=torch.tensor([len(c.tokens) for c in clips]),
        codes=pad_sequence([c.codes for c in clips], batch_first=True),
        code_lengths=torch.tensor([len(c.codes) for c in clips]),
        cond_mels=torch.stack(list(mels)),
        prompt_spans=torch.tensor(spans if spans is not None else [(0, 0)] * len(clips)),
        clip_ids=tuple(c.clip_id for c in clips),
        longest=max(len(c.tokens) + 1 + len(c.codes) + STOP_TARGETS for c in clips),
    )


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
