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

from vago import VagoError
from vago.corpus.corpus import Corpus
from vago.model import checkpoint, compact, lora, xtts
from vago.paths import Paths, need_room
from vago.settings import TrainParams
from vago.training import batches, disk, features, optim
from vago.training.features import Features
from vago.training.lineage import BEST, LAST
from vago.training.loss import Batch, Objective, loss


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
class Told:
    """What a step has to say, on its way from the device: the next step may be started before it is here."""

    numbers: torch.Tensor  # (3,): mel NLL, text NLL, gradient norm of the group
    counts: tuple[int, int]
    arrived: torch.cuda.Event | None = None

    @classmethod
    def of(cls, numbers: torch.Tensor, counts: tuple[int, int]) -> Told:
        if numbers.device.type != "cuda":
            return cls(numbers, counts)
        here = torch.empty(numbers.shape, pin_memory=True).copy_(numbers, non_blocking=True)
        event = torch.cuda.Event()
        event.record()
        return cls(here, counts, event)

    def read(self) -> tuple[float, float, float] | None:
        """(mel CE, text CE, gradient norm), None where one of them is not finite: the step has then changed nothing."""
        if self.arrived:
            self.arrived.synchronize()
        mel, text, size = self.numbers.tolist()
        return (
            (mel / self.counts[0], text / self.counts[1], size)
            if all(map(math.isfinite, (mel, text, size)))
            else None
        )


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
    lag: int = 0  # steps whose numbers may still be on their way from the device when the next one is started
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


def open_accelerator(p: TrainParams) -> Accelerator:
    """On the GPU where there is one, in the precision that `p` asks for."""
    device = xtts.device()
    return Accelerator(
        mixed_precision="bf16" if xtts.is_bf16(p.precision, device) else "no", cpu=device == "cpu"
    )


def set_up(p: TrainParams, paths: Paths, corpus: Corpus, ancestry: dict, log) -> Phase:
    """Features, model, optimizer; nothing is written but the features' cache."""
    training, held_out = corpus.training(p.sources), corpus.held_out_clips
    if len(training) < 2:
        raise VagoError(
            f"sources {', '.join(p.sources)} hold {len(training)} training clips in {paths.corpus}: name sources of the corpus"
        )
    accelerator = open_accelerator(p)
    ids = [*training.clip_id, *held_out.clip_id]
    with accelerator.main_process_first():  # the others find them in the cache
        clips = features.compute(
            corpus, ids, paths.base, paths.features, str(accelerator.device), _told(log, "features")
        )
    test = {i: clips[i] for i in held_out.clip_id}
    return assemble(
        p,
        paths,
        ancestry,
        {i: clips[i] for i in training.clip_id},
        test,
        start_weights(p, paths),
        accelerator,
        log,
    )


def assemble(
    p: TrainParams,
    paths: Paths,
    ancestry: dict,
    training: dict[str, Features],
    held_out: dict[str, Features],
    gpt: nn.Module,
    accelerator: Accelerator,
    log: Callable[[str], None],
) -> Phase:
    """A phase that trains `gpt` on clips that are there. Raises VagoError where the disk could not hold its files."""
    for module in gpt.modules():
        if isinstance(module, nn.Dropout):
            module.p = p.dropout
    size = sum(parameter.numel() for parameter in gpt.parameters())
    if p.lora_rank:
        lora.add(gpt, p.lora_rank, p.seed)
    objective = Objective(
        gpt, recompute=p.checkpointing, width=64 if p.torch_compile != "none" else 1
    ).train()
    objective.to(accelerator.device)
    optimizer, names = optim.build(gpt, p)
    _need_room(
        p, paths, disk.sizes(size, sum(t.numel() for t in gpt.parameters() if t.requires_grad), p)
    )
    test = batches.held_out_batches(held_out, p.eval_batch_size)
    if p.torch_compile != "none":
        with accelerator.autocast():
            _compile(objective, p, test[-1], log)
    objective, optimizer = accelerator.prepare(objective, optimizer)
    return Phase(
        p=p,
        paths=paths,
        lineage=ancestry,
        clips=training,
        held_out=test,
        sources={i: clip.source for i, clip in held_out.items()},
        objective=objective,
        accelerator=accelerator,
        optimizer=optimizer,
        names=names,
        lag=1 if accelerator.device.type == "cuda" else 0,
    )


def _need_room(p: TrainParams, paths: Paths, needed: disk.Sizes) -> None:
    """Raise VagoError where the disk cannot hold the phase's files at their most, a new last beside the old one."""
    folder = paths.phase(p.phase)
    there = sum(path.stat().st_size for path in (folder / BEST, folder / LAST) if path.exists())
    try:
        need_room(folder, needed.peak - there, f"training {p.phase}")
    except VagoError as error:
        smaller = (
            ""
            if p.last_precision == "compact"
            else "; last_precision: compact takes a third, lora_rank: 16 a tenth"
        )
        raise VagoError(f"{error}{smaller}") from None


def _compile(
    objective: Objective, p: TrainParams, batch: Batch, log: Callable[[str], None]
) -> None:
    """torch.compile on the GPT's blocks, which are all alike; where it fails on a trial batch, on without it."""
    blocks = objective.gpt.gpt.h
    for block in blocks:
        block.compile(
            dynamic=False, mode="reduce-overhead" if p.torch_compile == "graphs" else None
        )
    try:
        device = next(objective.parameters()).device
        loss(*objective(batch.to(device)), batch.target_counts()).backward()
    except Exception as error:  # whatever a compiler throws
        for block in blocks:
            block._compiled_call_impl = None
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        log(f"torch_compile = {p.torch_compile} does not work here ({why}): training without it")
    objective.zero_grad(set_to_none=True)


def save_best(phase: Phase, meta: dict[str, Any]) -> None:
    """The GPT's weights in `best_precision` under the names of stock's `GPT` module, so that they go into any XTTS."""
    if phase.accelerator.is_main_process:
        tensors = compact.rounded(lora.plain(phase.gpt), phase.p.best_precision)
        checkpoint.save(phase.folder / BEST, tensors, meta | {"lineage": phase.lineage})
    phase.accelerator.wait_for_everyone()


def load_best(phase: Phase) -> dict[str, Any]:
    """Put the best weights into the model; returns what was saved beside them."""
    tensors, meta = checkpoint.load(phase.folder / BEST)
    lora.load_plain(phase.gpt, tensors)
    return meta


def save_last(phase: Phase) -> None:
    """Everything a resume needs. Weights and optimizer state that are not finite are refused by `checkpoint.save`."""
    if phase.accelerator.is_main_process:
        tensors = lora.learning(phase.gpt) | checkpoint.optimizer_tensors(
            phase.optimizer, phase.names
        )
        tensors = compact.pack(tensors) if phase.p.last_precision == "compact" else tensors
        checkpoint.save(
            phase.folder / LAST, tensors, {"position": asdict(phase.at), "lineage": phase.lineage}
        )
    phase.accelerator.wait_for_everyone()


def restore(phase: Phase) -> None:
    """Back to what `save_last` kept, into a model that is as the phase started or later."""
    tensors, meta = checkpoint.load(phase.folder / LAST)
    tensors = compact.unpack(tensors) if phase.p.last_precision == "compact" else tensors
    lora.restore(phase.gpt, {k: v for k, v in tensors.items() if not k.startswith("optimizer.")})
    checkpoint.restore_optimizer(phase.optimizer, phase.names, tensors)
    phase.at = Position(**meta["position"])


def start_weights(p: TrainParams, paths: Paths) -> nn.Module:
    """coqui's `GPT` as the phase starts: the base's, or with the parent's best weights in it."""
    gpt = xtts.open_base(paths.base).gpt
    if p.parent:
        gpt.load_state_dict(checkpoint.load(paths.phase(p.parent) / BEST)[0])
    return gpt


def _told(log: Callable[[str], None], what: str) -> Callable[[int, int], None]:
    """A progress callback that speaks four times."""

    def tell(done: int, total: int) -> None:
        if done == total or done % max(-(-total // 4), 1) == 0:
            log(f"{what}: {done} of {total} clips")

    return tell
