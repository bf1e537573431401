"""Training a GPT from scratch: short texts of few teachers until text and speech align, then more.

A batch has a few teachers, one prompt of each and some clips of about equal length: the prompts,
nearly half of a step when every clip has its own, are computed once per teacher.
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
from vago.recipes.pretrain.speech import HELD_OUT, TeacherClips
from vago.training import batches
from vago.training.batches import Batch
from vago.training.features import Features
from vago.training.loss import GPTLoss, training_loss

TEXT_WEIGHT = 0.01
SPACE = 2  # the token [SPACE] of every XTTS vocabulary
PROMPT_SECONDS = 2.5
WARM_UP = 100  # steps
DECAY = 0.01
# The prompt's latents end in a norm, so the scale of the weights before it has no effect on the
# loss and Adam lets it grow. Without this decay the squares overflowed after some thousand steps,
# the latents became 0 and the GPT ignored its prompt.
PROMPT_DECAY = 0.2
TEST_BATCHES = 6


@dataclass(frozen=True)
class Course:
    """One stage of the GPT's curriculum: its steps, teachers and clips."""

    name: str
    steps: int
    rate: float  # AdamW's peak learning rate
    last: float  # the learning rate at the end, as a share of the peak
    teachers: int  # the first so many
    longest: int  # codes of the longest clip
    batch: int = 16
    per_prompt: int = 4  # clips of one teacher with the same prompt
    joined: float = 0.0  # share of batches whose clips are two of a teacher's, joined


def batch_of(taught: Sequence[TeacherClips], course: Course, rng: np.random.Generator) -> Batch:
    """`course.batch` clips of about equal length, those of one teacher with one prompt of it.

    A teacher is drawn by the square root of its number of clips: the GPT learns to use prompts from
    many voices, and to align text and speech from many texts.
    """
    frames = int(PROMPT_SECONDS * batches.FRAMES_PER_SECOND)
    count = course.batch // course.per_prompt
    joins = rng.random() < course.joined
    share = np.sqrt([len(teacher.clips) for teacher in taught])
    drawn = rng.choice(len(taught), count, replace=len(taught) < count, p=share / share.sum())

    length = None  # codes of a clip, the same for all teachers of the batch
    clips, prompts = [], []
    for index in drawn:
        teacher = taught[index]
        lengths = np.array([len(clip.codes) for clip in teacher.clips])
        length = length or lengths[rng.integers(len(lengths))]
        fits = 2 * length + 6 <= course.longest and 2 * course.per_prompt <= len(lengths)
        joins_here = joins and fits

        distance = np.abs(lengths - length) + rng.uniform(0, 6, len(lengths))
        near = np.argsort(distance)[: course.per_prompt * (1 + joins_here)]
        chosen = [teacher.clips[i] for i in rng.permutation(near)]
        if joins_here:
            chosen = [_join(*pair) for pair in zip(chosen[::2], chosen[1::2])]
        clips += chosen

        start = int(rng.integers(0, teacher.prompts.shape[1] - frames))
        prompts.append(teacher.prompts[:, start : start + frames])

    return batches.collate(clips, prompts)


def _join(first: Features, second: Features) -> Features:
    """Two clips end to end. Both texts begin with the language token, which comes once."""
    tokens = torch.cat([first.tokens, torch.tensor([SPACE]), second.tokens[1:]])
    return replace(first, tokens=tokens, codes=torch.cat([first.codes, second.codes]))


def split_clips(taught: TeacherClips, longest: int) -> tuple[TeacherClips, TeacherClips]:
    """(trained on, held out): a teacher's last HELD_OUT clips are held out of every course."""
    held = {clip.clip_id for clip in taught.clips[-HELD_OUT:]}
    fits = [clip for clip in taught.clips if len(clip.codes) <= longest]
    return (
        TeacherClips([clip for clip in fits if clip.clip_id not in held], taught.prompts),
        TeacherClips([clip for clip in fits if clip.clip_id in held], taught.prompts),
    )


def train_gpt(
    gpt: nn.Module,
    course: Course,
    taught: Sequence[TeacherClips],
    folder: Path,
    seed: int = 1,
    log: Callable[[str], None] = print,
    device: str = "cpu",
    every: int = 250,
) -> nn.Module:
    """Train `gpt` through `course`, resuming from `folder`'s checkpoint; returns it in eval mode.

    Every `every` steps it saves weights and optimizer and reports the held-out mel cross-entropy
    with prompts of the right voice and of another: while both are equal, the GPT ignores prompts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    last = folder / f"{course.name}.safetensors"
    for module in gpt.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # speech can be synthesized without limit, so nothing is overfitted
    gpt.to(device).train()

    pairs = [split_clips(one, course.longest) for one in taught[: course.teachers]]
    training = [trained_on for trained_on, _ in pairs]
    held_out = [held for _, held in pairs if len(held.clips) >= course.per_prompt]
    test = [
        batch_of(held_out, course, np.random.default_rng([seed, 7, i])) for i in range(TEST_BATCHES)
    ]
    swapped = [replace(batch, cond_mels=batch.cond_mels.roll(1, dims=0)) for batch in test]

    objective = GPTLoss(gpt)
    optimizer, names = _optimizer(gpt, course.rate)
    step = 0
    if last.exists():
        step = checkpoint.restore_training(last, gpt, optimizer, names)["step"]
        if step >= course.steps:
            return gpt.eval()

    started, since = time.perf_counter(), step
    while step < course.steps:
        for group in optimizer.param_groups:
            group["lr"] = _rate(course, step)

        batch = batch_of(training, course, np.random.default_rng([seed, step]))
        counts = batch.target_counts()
        mel, text = objective(batch.to(device))
        value = training_loss(mel, text, counts, TEXT_WEIGHT)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
        optimizer.step()
        step += 1

        if step % every == 0 or step == course.steps:
            seconds = (time.perf_counter() - started) / (step - since)
            held = held_out_loss(objective, test, device)
            misled = held_out_loss(objective, swapped, device)
            meta = {"step": step, "held_out_mel_ce": held}
            checkpoint.save_training(last, gpt.state_dict(), optimizer, names, meta)

            row = {
                "course": course.name,
                "step": step,
                "mel_ce": float(mel.sum()) / counts[0],
                "held_out_mel_ce": held,
                "misled_mel_ce": misled,
                "seconds_per_step": seconds,
            }
            with open(folder / "metrics.jsonl", "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            log(
                f"GPT, {course.name} texts, step {step}/{course.steps}, {seconds:.2f} s a step, "
                f"held-out mel CE {held:.3f}, with a prompt of another voice {misled:.3f}"
            )

    return gpt.eval()


@torch.no_grad()
def held_out_loss(objective: GPTLoss, test: Sequence[Batch], device: str) -> float:
    """Mel cross-entropy per code over the batches, in nats."""
    sums = [
        (float(objective(batch.to(device))[0].sum()), batch.target_counts()[0]) for batch in test
    ]
    return sum(nll for nll, _ in sums) / sum(count for _, count in sums)


def _optimizer(gpt: nn.Module, rate: float) -> tuple[torch.optim.Optimizer, list[str]]:
    """AdamW with PROMPT_DECAY on the prompt's encoder, and its parameters' names in its order."""
    named = list(gpt.named_parameters())
    prompt = [item for item in named if item[0].startswith("conditioning_")]
    others = [item for item in named if not item[0].startswith("conditioning_")]
    groups = [
        {"params": [p for _, p in others], "weight_decay": DECAY},
        {"params": [p for _, p in prompt], "weight_decay": PROMPT_DECAY},
    ]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)
    return optimizer, [name for name, _ in others + prompt]


def _rate(course: Course, step: int) -> float:
    """Linear over the first WARM_UP steps, then a half cosine down to `last` of the peak."""
    done = max(0, step - WARM_UP) / max(1, course.steps - WARM_UP)
    cosine = course.last + (1 - course.last) * 0.5 * (1 + math.cos(math.pi * done))
    return course.rate * min(1, (step + 1) / WARM_UP) * cosine
