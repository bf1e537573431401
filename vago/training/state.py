"""A phase of training in memory: clips, model, optimizer, and how far training has come."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from vago.paths import Paths
from vago.training.batches import Batch
from vago.training.features import Features
from vago.training.params import TrainParams


@dataclass
class Position:
    """How far a run has come: with weights and optimizer state, all that a resume needs."""

    step: int = 0  # optimizer steps done (skipped ones count, so the order of clips never shifts)
    best_loss: float = math.inf
    best_step: int = 0
    stale: int = 0  # evaluations since the best one
    bad_steps: int = 0  # non-finite steps in a row
    rollbacks: int = 0
    seconds: float = 0.0
    finished: bool = False


@dataclass
class StepResult:
    """A step's numbers, copied from the device while the next step may already run."""

    numbers: torch.Tensor  # (3,): mel NLL, text NLL, gradient norm of the group
    counts: tuple[int, int]  # mel and text targets of the group
    arrived: torch.cuda.Event | None = None

    @classmethod
    def of(cls, numbers: torch.Tensor, counts: tuple[int, int]) -> StepResult:
        """Start the copy to the CPU without waiting for it."""
        if numbers.device.type != "cuda":
            return cls(numbers, counts)

        on_cpu = torch.empty(numbers.shape, pin_memory=True).copy_(numbers, non_blocking=True)
        event = torch.cuda.Event()
        event.record()
        return cls(on_cpu, counts, event)

    def read(self) -> tuple[float, float, float] | None:
        """(mel CE, text CE, gradient norm); None where one is not finite: nothing was changed."""
        if self.arrived:
            self.arrived.synchronize()

        mel, text, norm = self.numbers.tolist()
        if not all(map(math.isfinite, (mel, text, norm))):
            return None
        return mel / self.counts[0], text / self.counts[1], norm


@dataclass
class Phase:
    """What stays the same during one phase, and `at`, which does not."""

    p: TrainParams
    paths: Paths
    lineage: dict[str, Any]
    clips: dict[str, Features]
    validation: list[Batch]
    sources: dict[str, str]  # clip_id -> source, of the validation clips
    gpt_loss: nn.Module
    accelerator: Accelerator
    optimizer: torch.optim.Optimizer
    names: list[str]  # of the optimizer's parameters, in its order
    lag: int = 0  # steps whose numbers may still be on their way when the next one starts
    at: Position = field(default_factory=Position)

    @property
    def folder(self) -> Path:
        return self.paths.phase(self.p.phase)

    @property
    def gpt(self) -> nn.Module:
        return self.accelerator.unwrap_model(self.gpt_loss).gpt

    @property
    def group_size(self) -> int:
        """Micro-batches per optimizer step, over all processes."""
        return self.p.accumulation * self.accelerator.num_processes

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(math.ceil(len(self.clips) / self.p.batch_size) / self.group_size)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.p.epochs
