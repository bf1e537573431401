"""Teaching a GPT to speak from nothing: short texts in few voices until text and sound align, then sentences in many.

Every batch takes a few speakers, one prompt and some clips of about equal length each: what the prompts cost (nearly half
of a step when every clip has its own) is paid once per speaker.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from vago.model import checkpoint
from vago.recipes.pretrain.data import HELD_OUT, Taught
from vago.training import batches
from vago.training.features import Features
from vago.training.loss import Batch, Objective, loss

TEXT_WEIGHT = 0.01
SPACE = 2  # the token [SPACE] of every XTTS vocabulary
PROMPT_SECONDS = 2.5
DECAY = 0.01
# The prompt's latents end in a norm, so their scale is nobody's concern and Adam lets the weights before it grow: without this
# decay their squares overflowed after some thousand steps, the latents became nought, and the GPT was deaf to its prompt.
PROMPT_DECAY = 0.2


@dataclass(frozen=True)
class Course:
    """A stretch of the training, with the speakers and the clips it takes."""

    name: str
    steps: int
    rate: float  # AdamW's peak learning rate
    last: float  # and its end, as a share of the peak
    speakers: int  # the first so many
    longest: int  # codes of the longest clip
    batch: int = 16
    per_prompt: int = 4  # clips of one speaker behind the same prompt
    joined: float = 0.0  # share of batches whose clips are two of the speaker's, one after the other: longer than any text


def batch_of(taught: Sequence[Taught], course: Course, rng: np.random.Generator) -> Batch:
    """`course.batch` clips of about equal length from some speakers, each speaker's behind one stretch of his prompts.

    A speaker comes as often as the root of what he has read: many voices teach what a prompt means, many texts how to speak.
    """
    frames = int(PROMPT_SECONDS * batches.FRAMES_PER_SECOND)
    count = course.batch // course.per_prompt
    aim, join = None, rng.random() < course.joined
    clips, prompts = [], []
    share = np.sqrt([len(speaker.clips) for speaker in taught])
    for index in rng.choice(len(taught), count, replace=len(taught) < count, p=share / share.sum()):
        speaker = taught[index]
        lengths = np.array([len(clip.codes) for clip in speaker.clips])
        aim = aim or lengths[rng.integers(len(lengths))]
        twice = join and 2 * aim + 6 <= course.longest and 2 * course.per_prompt <= len(lengths)
        near = np.argsort(np.abs(lengths - aim) + rng.uniform(0, 6, len(lengths)))[
            : course.per_prompt * (1 + twice)
        ]
        chosen = [speaker.clips[i] for i in rng.permutation(near)]
        clips += [_join(*pair) for pair in zip(chosen[::2], chosen[1::2])] if twice else chosen
        start = int(rng.integers(0, speaker.prompts.shape[1] - frames))
        prompts.append(speaker.prompts[:, start : start + frames])
    return batches.collate(clips, prompts)


def _join(first: Features, second: Features) -> Features:
    """Two clips one after the other, as a host says two sentences. Both texts begin with the language, which is said once."""
    tokens = torch.cat([first.tokens, torch.tensor([SPACE]), second.tokens[1:]])
    return replace(first, tokens=tokens, codes=torch.cat([first.codes, second.codes]))


def split(taught: Taught, longest: int) -> tuple[Taught, Taught]:
    """(trained on, held out): the last HELD_OUT clips of every speaker are held out of every course."""
    fits = [clip for clip in taught.clips if len(clip.codes) <= longest]
    held = {clip.clip_id for clip in taught.clips[-HELD_OUT:]}
    return (
        Taught([clip for clip in fits if clip.clip_id not in held], taught.prompts),
        Taught([clip for clip in fits if clip.clip_id in held], taught.prompts),
    )


def train_gpt(
    gpt: nn.Module,
    course: Course,
    taught: Sequence[Taught],
    folder: Path,
    seed: int = 1,
    log: Callable[[str], None] = print,
    device: str = "cpu",
    every: int = 250,
) -> nn.Module:
    """Train `gpt` through `course`, on from `folder`'s last checkpoint if there is one; returns it in eval mode.

    Saves weights and optimizer every `every` steps, and tells the held-out mel cross-entropy behind prompts of the right voice
    and of another: as long as both are equal, prompts are not heard.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / f"{course.name}.safetensors"
    for module in gpt.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # there is as much speech as one cares to make: nothing to overfit
    gpt.to(device).train()
    pairs = [split(one, course.longest) for one in taught[: course.speakers]]
    training, held = (
        [a for a, _ in pairs],
        [b for _, b in pairs if len(b.clips) >= course.per_prompt],
    )
    test = [batch_of(held, course, np.random.default_rng([seed, 7, i])) for i in range(6)]
    swapped = [replace(batch, cond_mels=batch.cond_mels.roll(1, dims=0)) for batch in test]
    objective = Objective(gpt)
    parts = {
        decay: [named for named in gpt.named_parameters() if _decay(named[0]) == decay]
        for decay in (DECAY, PROMPT_DECAY)
    }
    names = [name for part in parts.values() for name, _ in part]
    groups = [
        {"params": [p for _, p in part], "weight_decay": decay} for decay, part in parts.items()
    ]
    optimizer = torch.optim.AdamW(groups, lr=course.rate, betas=(0.9, 0.98), fused=True)
    step = 0
    if last.exists():
        tensors, meta = checkpoint.load(last)
        gpt.load_state_dict({k: v for k, v in tensors.items() if not k.startswith("optimizer.")})
        if meta["step"] >= course.steps:
            return gpt.eval()
        checkpoint.restore_optimizer(optimizer, names, tensors)
        step = meta["step"]
    started, since = time.perf_counter(), step
    while step < course.steps:
        for group in optimizer.param_groups:
            group["lr"] = _rate(course, step)
        batch = batch_of(training, course, np.random.default_rng([seed, step]))
        counts = batch.target_counts()
        mel, text = objective(batch.to(device))
        value = loss(mel, text, counts, TEXT_WEIGHT)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % every == 0 or step == course.steps:
            pace = (time.perf_counter() - started) / (step - since)
            score, misled = (
                held_out_loss(objective, test, device),
                held_out_loss(objective, swapped, device),
            )
            tensors = gpt.state_dict() | checkpoint.optimizer_tensors(optimizer, names)
            checkpoint.save(last, tensors, {"step": step, "held_out_mel_ce": score})
            row = {
                "course": course.name,
                "step": step,
                "mel_ce": float(mel.sum()) / counts[0],
                "held_out_mel_ce": score,
            }
            row["misled_mel_ce"] = misled
            with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps(row | {"seconds_per_step": pace}) + "\n")
            log(
                f"GPT, {course.name} texts, step {step}/{course.steps}, {pace:.2f} s a step, "
                f"held-out mel CE {score:.3f}, {misled:.3f} behind another voice's prompt"
            )
    return gpt.eval()


@torch.no_grad()
def held_out_loss(objective: Objective, test: Sequence[Batch], device: str) -> float:
    """Mel cross-entropy per code over the batches, in nats."""
    sums = [
        (float(objective(batch.to(device))[0].sum()), batch.target_counts()[0]) for batch in test
    ]
    return sum(nll for nll, _ in sums) / sum(count for _, count in sums)


def _decay(name: str) -> float:
    return PROMPT_DECAY if name.startswith("conditioning_") else DECAY


def _rate(course: Course, step: int) -> float:
    """Linear over the first 100 steps, then a cosine down to `last` of the peak."""
    done = max(0, step - 100) / max(1, course.steps - 100)
    return (
        course.rate
        * min(1, (step + 1) / 100)
        * (course.last + (1 - course.last) * 0.5 * (1 + math.cos(math.pi * done)))
    )
