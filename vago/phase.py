"""A phase of training in memory: its clips, model and optimizer, the place it has reached, and both to and from disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from vago import VagoError, base, batches, checkpoint, features, optim
from vago.corpus import Corpus
from vago.features import Features
from vago.lineage import BEST, LAST
from vago.objective import Batch, Objective
from vago.params import TrainParams
from vago.paths import Paths, need_room


@dataclass
class Position:
    """Where a run is: with the weights and the optimizer's state, all that a resume needs."""

    step: int = 0  # optimizer steps done (skipped ones count, so the order of clips never shifts)
    best_loss: float = math.inf
    best_step: int = 0
    stale: int = 0  # evaluations since the best one
    bad_steps: int = 0
    rollbacks: int = 0
    seconds: float = 0.0
    finished: bool = False


@dataclass
class Phase:
    """What stays the same during one phase."""

    p: TrainParams
    paths: Paths
    lineage: dict[str, Any]
    clips: dict[str, Features]
    held_out: list[Batch]
    sources: dict[str, str]  # clip_id -> source, of the held-out clips
    objective: nn.Module
    accelerator: Accelerator
    optimizer: torch.optim.Optimizer
    names: list[str]  # of the optimizer's parameters, in its order
    at: Position = field(default_factory=Position)

    @property
    def folder(self) -> Path:
        return self.paths.phase(self.p.phase)

    @property
    def gpt(self) -> nn.Module:
        return self.accelerator.unwrap_model(self.objective).gpt

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


def set_up(p: TrainParams, paths: Paths, corpus: Corpus, ancestry: dict, log) -> Phase:
    """Features, model, optimizer; nothing is written but the features' cache."""
    training, held_out = corpus.training(p.sources), corpus.held_out_clips
    if len(training) < 2:
        raise VagoError(
            f"sources {', '.join(p.sources)} hold {len(training)} training clips in {paths.corpus}: name sources of the corpus"
        )
    use_bf16 = p.precision == "bf16" or (p.precision == "auto" and torch.cuda.is_available() and torch.cuda.is_bf16_supported())
    accelerator = Accelerator(mixed_precision="bf16" if use_bf16 else "no", cpu=not torch.cuda.is_available())
    ids = [*training.clip_id, *held_out.clip_id]
    with accelerator.main_process_first():  # the others find them in the cache
        clips = features.compute(corpus, ids, paths.base, paths.features, str(accelerator.device), _told(log, "features"))

    gpt = start_weights(p, paths)
    for module in gpt.modules():
        if isinstance(module, nn.Dropout):
            module.p = p.dropout
    groups, names = optim.parameter_groups(gpt, p.weight_decay)
    # in units of the weights: best takes one, last three (Adam keeps two moments), and a new last is written beside the old one
    files = [paths.phase(p.phase) / name for name in (BEST, LAST)]
    there = sum(path.stat().st_size for path in files if path.exists())
    size = sum(parameter.numel() * parameter.element_size() for parameter in gpt.parameters())
    need_room(paths.phase(p.phase), 7 * size - there, f"training {p.phase}")
    optimizer = torch.optim.AdamW(groups, lr=p.learning_rate, betas=(0.9, 0.96), fused=True)
    objective, optimizer = accelerator.prepare(Objective(gpt).train(), optimizer)
    test = {i: clips[i] for i in held_out.clip_id}
    return Phase(
        p=p,
        paths=paths,
        lineage=ancestry,
        clips={i: clips[i] for i in training.clip_id},
        held_out=batches.held_out_batches(test, p.eval_batch_size),
        sources={i: clip.source for i, clip in test.items()},
        objective=objective,
        accelerator=accelerator,
        optimizer=optimizer,
        names=names,
    )


def save_last(phase: Phase) -> None:
    """Everything an exact resume needs. Weights and optimizer state that are not finite are refused by `checkpoint.save`."""
    if phase.accelerator.is_main_process:
        tensors = gpt_tensors(phase.gpt) | checkpoint.optimizer_tensors(phase.optimizer, phase.names)
        checkpoint.save(phase.folder / LAST, tensors, {"position": asdict(phase.at), "lineage": phase.lineage})
    phase.accelerator.wait_for_everyone()


def restore(phase: Phase) -> None:
    tensors, meta = checkpoint.load(phase.folder / LAST)
    phase.gpt.load_state_dict({k: v for k, v in tensors.items() if not k.startswith("optimizer.")})
    checkpoint.restore_optimizer(phase.optimizer, phase.names, tensors)
    phase.at = Position(**meta["position"])


def start_weights(p: TrainParams, paths: Paths) -> nn.Module:
    """coqui's `GPT` as the phase starts: the base's, or with the parent's best weights in it."""
    gpt = base.open_base(paths.base).gpt
    if p.parent:
        gpt.load_state_dict(checkpoint.load(paths.phase(p.parent) / BEST)[0])
    return gpt


def gpt_tensors(gpt: nn.Module) -> dict[str, torch.Tensor]:
    """The GPT's weights under the names of stock's `GPT` module, so that they go back into any XTTS unchanged."""
    return dict(gpt.state_dict())


def _told(log: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    """A progress callback that speaks four times."""

    def tell(done: int, total: int) -> None:
        if done == total or done % max(-(-total // 4), 1) == 0:
            log(f"{what}: {done} of {total} clips")

    return tell
