"""One phase of fine-tuning: from a base or a parent phase's best to this phase's best, interruptible at any step.

Two facts carry the whole design: everything random in a step is drawn from (seed, epoch, step), never from a running
state; and a step's gradient is the gradient of the mean over all tokens of its accumulation group. So a resumed run,
and a run on several devices, repeats an uninterrupted one.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accelerate import PartialState
from filelock import FileLock, Timeout

from vago import VagoError, files
from vago.corpus.corpus import Corpus
from vago.model import lora
from vago.model.phases import LAST, RECORD
from vago.paths import Paths
from vago.training import batches, lineage, monitor, optim, processes, validation
from vago.training.checkpoints import load_best, restore, save_best, save_last
from vago.training.loss import Objective, loss
from vago.training.params import TrainParams
from vago.training.processes import Interrupted, StopRequest, stop_signals
from vago.training.setup import set_up, start_weights
from vago.training.state import Phase, Position, Told

BAD_STEPS = 3  # non-finite steps in a row before going back to the last good state
ROLLBACKS = 3  # ... and that often before giving up


def train_phase(
    p: TrainParams,
    paths: Paths,
    listener: monitor.Listener | None = None,
    log: Callable[[str], None] = print,
) -> dict:
    """Train one phase; returns what phase.json holds. A finished phase with the same lineage returns at once.

    Args:
        listener: called with all metric rows after each new one (the notebook's live figure).
        log: called with a sentence per logged step.

    Raises:
        Interrupted: stopped by SIGTERM or Ctrl-C; `last.safetensors` holds the place to go on from.
        VagoError: data or settings differ from the unfinished run's; no room; loss not finite again and again.
    """
    folder = paths.phase(p.phase)
    folder.mkdir(parents=True, exist_ok=True)
    if (p.processes or 1) > 1 and not processes.inside():
        return processes.train(p, paths, listener, log)
    # of several processes (accelerate launch) the main one holds the lock, writes and tells for all; without a GPU they use gloo
    main_process = PartialState(cpu=not torch.cuda.is_available()).is_main_process
    try:
        with FileLock(folder / ".lock", timeout=0) if main_process else nullcontext():
            return _train(p, paths, folder, listener, log if main_process else _silent)
    except Timeout:
        raise VagoError(
            f"another run is training in {folder}: wait for it to end, or stop it first"
        ) from None


def _train(p: TrainParams, paths: Paths, folder: Path, listener, log) -> dict:
    corpus = Corpus.load(paths.corpus)
    parent = lineage.parent_of(p, paths)
    p = p.inherit(parent.get("lineage", {}).get("settings")).model_copy(
        update={"processes": PartialState().num_processes}
    )
    ancestry = lineage.of(p, paths, corpus, parent.get("best_sha256"))
    if record := lineage.finished(folder, ancestry):
        log(f"{p.phase} is complete already ({record['step']} steps): nothing to do")
        return record
    lineage.refuse_another(folder, ancestry)

    phase = set_up(p, paths, corpus, ancestry, log)
    if resumed := (folder / LAST).exists():
        restore(phase)
        log(f"going on from step {phase.at.step} of {phase.steps}")
    elif phase.accelerator.is_main_process:
        (folder / RECORD).unlink(missing_ok=True)  # of an earlier run with another lineage
    if phase.accelerator.is_main_process:
        watch = monitor.Monitor(
            folder, phase.steps, phase.at.step if resumed else None, listener, log
        )
    else:
        watch = monitor.Silent()
    try:
        with stop_signals() as stop:
            _loop(phase, watch, stop)
        return _finish(phase)
    finally:
        watch.close()


def _loop(phase: Phase, watch: monitor.Monitor, stop: StopRequest) -> None:
    p, at = phase.p, phase.at
    started = time.monotonic() - at.seconds
    if math.isinf(
        at.best_loss
    ):  # not yet asked: the phase's own starting point is the first candidate
        _evaluate(phase, watch)
    recent: list[tuple[float, float]] = []
    waiting: list[Told] = []
    while at.step < phase.steps and not at.finished:
        told = None if _asked_to_stop(phase, stop) else _step(phase, at.step, stop)
        if told:
            at.step += 1
            waiting.append(told)
        log_due, eval_due, save_due = (
            at.step % every == 0 or at.step == phase.steps
            for every in (p.log_every, p.eval_every, p.save_every)
        )
        result: tuple[float, ...] | None = ()
        while len(waiting) > (phase.lag if told and not (log_due or eval_due or save_due) else 0):
            result = waiting.pop(0).read()
            if result is None:
                _bad_step(phase, watch)
                at = phase.at
                continue
            at.bad_steps = 0
            recent.append(result[:2])
            watch.progress(at.step, result[0])
        at.seconds = time.monotonic() - started
        if not told:
            save_last(phase)
            raise Interrupted(
                f"stopped after step {at.step} of {phase.steps}, all saved: run {p.phase} again to go on from there"
            )
        if result is None:  # nothing was learnt: what was due waits for the next step that learns
            continue
        if log_due and recent:
            watch.add(_row(phase, recent, grad_norm=result[2]))
            recent = []
        if eval_due:
            _evaluate(phase, watch)
            at.finished = p.patience is not None and at.stale >= p.patience
        if save_due and at.step < phase.steps and not at.finished:
            save_last(phase)
    watch.progress(at.step, at.best_loss, force=True)


def _row(phase: Phase, recent: list[tuple[float, float]], grad_norm: float) -> dict[str, Any]:
    """The metric row of the steps since the last one."""
    at, (mel, text) = phase.at, (monitor.mean(values) for values in zip(*recent))
    row = {
        "kind": "train",
        "step": at.step,
        "epoch": at.step / phase.steps_per_epoch,
        "seconds": round(at.seconds, 3),
    }
    row |= {"loss": mel + phase.p.text_loss_weight * text, "mel_ce": mel, "text_ce": text}
    return row | {
        "learning_rate": optim.learning_rate(phase.p, at.step - 1, phase.steps),
        "grad_norm": grad_norm,
    }


def _asked_to_stop(phase: Phase, stop: StopRequest) -> bool:
    """Whether any process was asked to stop; several processes must stop at the same step, so they ask each other."""
    if phase.accelerator.num_processes == 1:
        return bool(stop.requested)
    asked = torch.tensor(float(stop.requested > 0), device=phase.accelerator.device)
    return phase.accelerator.reduce(asked, "sum").item() > 0


def _step(phase: Phase, step: int, stop: StopRequest) -> Told | None:
    """One optimizer step, which changes nothing where the loss or the gradient is not finite.

    None when a stop was asked for within the group: the weights are then as they were.
    """
    p, accelerator = phase.p, phase.accelerator
    epoch, group_index = divmod(step, phase.steps_per_epoch)
    order = batches.epoch_order(phase.clips, p.batch_size, p.seed, epoch)
    group_ids = order[group_index * phase.group_size : (group_index + 1) * phase.group_size]
    seconds = (p.prompt_min_seconds, p.prompt_max_seconds)
    group = [
        batches.training_batch(phase.clips, ids, p.prompt, seconds, (p.seed, step, i))
        for i, ids in enumerate(group_ids)
    ]
    counts = tuple(sum(values) for values in zip(*(b.target_counts() for b in group)))
    # a partial last group may hold fewer micro-batches than there are processes: the idle ones add a zero gradient
    rank, world = accelerator.process_index, accelerator.num_processes
    own = list(enumerate(group))[rank::world] or [(0, group[0])]
    weight = 0.0 if rank >= len(group) else 1.0

    phase.optimizer.zero_grad(set_to_none=True)
    sums = torch.zeros(2, device=accelerator.device)
    for position, (index, batch) in enumerate(own):
        torch.manual_seed(
            int(np.random.SeedSequence((p.seed, step, index)).generate_state(1)[0])
        )  # for dropout
        last = position == len(own) - 1
        with nullcontext() if last else accelerator.no_sync(phase.objective):
            mel_nll, text_nll = phase.objective(batch.to(accelerator.device))
            # DDP averages over processes, so each adds its share times their number
            accelerator.backward(
                loss(mel_nll, text_nll, counts, p.text_loss_weight) * weight * world
            )
        sums += weight * torch.stack([mel_nll.detach().sum(), text_nll.detach().sum()])
        if stop.requested and world == 1:
            return None
    norm = accelerator.clip_grad_norm_(phase.objective.parameters(), p.max_grad_norm)
    numbers = torch.cat([accelerator.reduce(sums, "sum"), norm.reshape(1)])
    for parameters in phase.optimizer.param_groups:
        parameters["lr"] = optim.learning_rate(p, step, phase.steps)
    optim.step(phase.optimizer, numbers)
    return Told.of(numbers, counts)


def _evaluate(phase: Phase, watch: monitor.Monitor) -> None:
    """Score the held-out set and keep the weights when they are the best so far; step 0 counts, so a phase that only
    makes things worse gives back what it was given."""
    table = validation.per_clip(
        Objective(phase.gpt), phase.held_out, phase.accelerator.device
    )  # in every process: all must agree
    if np.isfinite(table.drop(columns="clip_id").to_numpy()).all():
        _record(phase, table, watch)
    elif phase.at.step == 0:
        raise VagoError(
            f"{phase.p.phase} cannot start: the weights it starts from give no finite held-out loss; check the base model"
        )
    else:
        phase.at.stale += 1
        message = f"the held-out loss at step {phase.at.step} is not a finite number: the best so far is kept"
        watch.warn(phase.at.step, "non-finite", message)


def _record(phase: Phase, table: pd.DataFrame, watch: monitor.Monitor) -> None:
    at, weight = phase.at, phase.p.text_loss_weight
    result = validation.means(table, weight)
    groups = table.groupby(table.clip_id.map(phase.sources))
    per_source = {
        f"mel_ce_{source}": validation.means(part, weight)["mel_ce"] for source, part in groups
    }
    if best := result["loss"] < at.best_loss:
        save_best(phase, {"step": at.step, **result})
        at.best_loss, at.best_step, at.stale = result["loss"], at.step, 0
    else:
        at.stale += 1
    watch.add({"kind": "eval", "step": at.step, **result, "best": best, **per_source})


def _bad_step(phase: Phase, watch: monitor.Monitor) -> None:
    """A step without a finite loss has changed nothing; three in a row mean the weights themselves are off."""
    at = phase.at
    at.bad_steps += 1
    watch.warn(
        at.step,
        "non-finite",
        f"the loss or the gradient of step {at.step} is not a finite number: the step was skipped",
    )
    if at.bad_steps < BAD_STEPS:
        return
    at.rollbacks += 1
    if at.rollbacks > ROLLBACKS:
        raise VagoError(
            f"{phase.p.phase} met {BAD_STEPS} non-finite losses in a row, the {at.rollbacks}th time at step {at.step}: "
            f"lower learning_rate or look for broken clips in the ledger; the best weights so far are safe in {phase.folder}"
        )
    if (phase.folder / LAST).exists():
        restore(phase)
    else:
        lora.load_plain(phase.gpt, start_weights(phase.p, phase.paths).state_dict())
        phase.optimizer.state.clear()
        phase.at = Position()
    message = f"{BAD_STEPS} steps in a row were not finite: back to the weights of step {phase.at.step}, on with the next clips"
    watch.warn(at.step, "rolled back", message)
    phase.at = replace(
        at, bad_steps=0
    )  # only weights and optimizer go back: the clips' order and the best so far do not


def _finish(phase: Phase) -> dict:
    """Write phase.json with the best weights' held-out scores and drop `last`, which only an unfinished run needs."""
    meta = load_best(phase)
    table = validation.per_clip(Objective(phase.gpt), phase.held_out, phase.accelerator.device)
    record = {
        "phase": phase.p.phase,
        "complete": True,
        "step": phase.at.step,
        "steps": phase.steps,
        "best_step": phase.at.best_step,
        "best_sha256": meta["content_sha256"],
        "held_out": validation.intervals(table, phase.p.text_loss_weight),
        "training_clips": len(phase.clips),
        "held_out_clips": len(phase.sources),
        "seconds": round(phase.at.seconds, 1),
        "device": str(phase.accelerator.device),
        "lineage": phase.lineage,
    }
    if phase.accelerator.is_main_process:
        files.write_json(phase.folder / RECORD, record)
        (phase.folder / LAST).unlink(missing_ok=True)
    phase.accelerator.wait_for_everyone()
    return record


def _silent(line: str) -> None:
    pass


def main() -> None:
    """`accelerate launch -m vago.training.train params/vago/02_train_baseline.yaml`: one phase on several GPUs or machines."""
    parser = argparse.ArgumentParser(prog="python -m vago.training.train", description=main.__doc__)
    parser.add_argument("parameters", type=Path, help="the phase's parameter file")
    p = TrainParams.load(parser.parse_args().parameters)
    try:
        train_phase(p, Paths.of(p))
    except VagoError as error:
        raise SystemExit(f"vago: {error}") from None


if __name__ == "__main__":
    main()
