"""One phase of fine-tuning: from the base or the parent phase's best weights to this phase's best.

Two rules make runs reproducible. Everything random in a step is drawn from (seed, epoch, step),
never from a running state. And a step's gradient is the gradient of the mean over all targets of
its accumulation group. So a resumed run, and a run on several devices, repeats an uninterrupted
one.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from accelerate import PartialState
from filelock import FileLock, Timeout

from vago import VagoError
from vago.corpus.corpus import Corpus
from vago.files import write_json
from vago.model.phases import LAST, RECORD
from vago.paths import Paths
from vago.training import lineage, monitor, optim, processes, validation
from vago.training.checkpoints import load_best, restore, save_best, save_last
from vago.training.loss import GPTLoss
from vago.training.params import TrainParams
from vago.training.processes import Interrupted, StopRequest, stop_signals
from vago.training.rollback import after_bad_step
from vago.training.setup import set_up
from vago.training.state import Phase, StepResult
from vago.training.step import optimizer_step, stop_requested


def train_phase(
    p: TrainParams,
    paths: Paths,
    listener: monitor.Listener | None = None,
    log: Callable[[str], None] = print,
) -> dict:
    """Train one phase; a finished phase that is up to date returns at once.

    Args:
        listener: called with all metric rows after each new one (the notebook's live figure).
        log: called with a sentence per logged step.

    Returns:
        what phase.json holds.

    Raises:
        Interrupted: stopped by SIGTERM or Ctrl-C; `last.safetensors` holds the state to resume.
        VagoError: data, code or settings differ from the unfinished run's; no room on the disk; the
            loss is repeatedly not finite.
    """
    folder = paths.phase(p.phase)
    folder.mkdir(parents=True, exist_ok=True)
    if (p.processes or 1) > 1 and not processes.inside():
        return processes.train(p, paths, listener, log)

    # Of several processes (accelerate launch) the main one holds the lock, writes and logs for all.
    # Without a GPU they communicate through gloo.
    main_process = PartialState(cpu=not torch.cuda.is_available()).is_main_process
    try:
        with FileLock(folder / ".lock", timeout=0) if main_process else nullcontext():
            return _train(p, paths, folder, listener, log if main_process else _silent)
    except Timeout:
        raise VagoError(
            f"another run is training in {folder}: wait for it to end, or stop it first"
        ) from None


def _train(p: TrainParams, paths: Paths, folder: Path, listener, log) -> dict:
    # what is to be trained, and whether it has been already
    corpus = Corpus.load(paths.corpus)
    parent = lineage.parent_of(p, paths)
    resolved = p.inherit(parent.get("lineage", {}).get("settings"))
    p = resolved.model_copy(update={"processes": PartialState().num_processes})
    ancestry = lineage.of(p, paths, corpus, parent.get("best_sha256"))

    record = lineage.finished(folder, ancestry)
    if record:
        log(f"{p.phase} is complete already ({record['step']} steps): nothing to do")
        return record
    lineage.refuse_another(folder, ancestry)

    # from the start, or from where an earlier run stopped
    phase = set_up(p, paths, corpus, ancestry, log)
    resumed_at = None
    if (folder / LAST).exists():
        restore(phase)
        resumed_at = phase.at.step
        log(f"resuming from step {phase.at.step} of {phase.steps}")
    elif phase.accelerator.is_main_process:
        (folder / RECORD).unlink(missing_ok=True)  # of an earlier run with another lineage

    if phase.accelerator.is_main_process:
        watch = monitor.Monitor(folder, phase.steps, resumed_at, listener, log)
    else:
        watch = monitor.NullMonitor()
    try:
        with stop_signals() as stop:
            _loop(phase, watch, stop)
        return _finish(phase)
    finally:
        watch.close()


def _loop(phase: Phase, watch: monitor.Monitor, stop: StopRequest) -> None:
    p, at = phase.p, phase.at
    started = time.monotonic() - at.seconds
    if math.isinf(at.best_loss):  # the weights that the phase starts from are the first candidate
        _evaluate(phase, watch)

    recent: list[tuple[float, float]] = []
    waiting: list[StepResult] = []
    while at.step < phase.steps and not at.finished:
        # a step, and what is due after it
        taken = None if stop_requested(phase, stop) else optimizer_step(phase, at.step, stop)
        if taken:
            at.step += 1
            waiting.append(taken)
        last_step = at.step == phase.steps
        log_due = last_step or at.step % p.log_every == 0
        eval_due = last_step or at.step % p.eval_every == 0
        save_due = last_step or at.step % p.save_every == 0

        # read the results that have arrived; all of them where something is due
        may_wait = taken and not (log_due or eval_due or save_due)
        result: tuple[float, ...] | None = ()
        while len(waiting) > (phase.lag if may_wait else 0):
            result = waiting.pop(0).read()
            if result is None:
                after_bad_step(phase, watch)
                at = phase.at
                continue
            at.bad_steps = 0
            recent.append(result[:2])
            watch.progress(at.step, result[0])

        at.seconds = time.monotonic() - started
        if not taken:
            save_last(phase)
            raise Interrupted(
                f"stopped after step {at.step} of {phase.steps}, all saved: "
                f"run {p.phase} again to resume"
            )
        if result is None:  # the step was skipped: what is due waits for the next finite one
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
    at = phase.at
    mel, text = (monitor.mean(values) for values in zip(*recent))
    return {
        "kind": "train",
        "step": at.step,
        "epoch": at.step / phase.steps_per_epoch,
        "seconds": round(at.seconds, 3),
        "loss": mel + phase.p.text_loss_weight * text,
        "mel_ce": mel,
        "text_ce": text,
        "learning_rate": optim.learning_rate(phase.p, at.step - 1, phase.steps),
        "grad_norm": grad_norm,
    }


def _evaluate(phase: Phase, watch: monitor.Monitor) -> None:
    """Score the validation clips and keep the weights where they are the best so far.

    Step 0 counts: a phase that only worsens the loss returns the weights it started from.
    """
    # in every process, since all must agree on the best
    table = validation.per_clip(GPTLoss(phase.gpt), phase.validation, phase.accelerator.device)
    if np.isfinite(table.drop(columns="clip_id").to_numpy()).all():
        _keep_if_best(phase, table, watch)
        return

    if phase.at.step == 0:
        raise VagoError(
            f"{phase.p.phase} cannot start: the weights it starts from give no finite validation "
            "loss; check the base model"
        )
    phase.at.stale += 1
    message = f"the validation loss at step {phase.at.step} is not finite: the best so far is kept"
    watch.warn(phase.at.step, "non-finite", message)


def _keep_if_best(phase: Phase, table: pd.DataFrame, watch: monitor.Monitor) -> None:
    at, weight = phase.at, phase.p.text_loss_weight
    result = validation.means(table, weight)
    best = result["loss"] < at.best_loss
    if best:
        save_best(phase, {"step": at.step, **result})
        at.best_loss, at.best_step, at.stale = result["loss"], at.step, 0
    else:
        at.stale += 1

    per_source = {}
    for source, part in table.groupby(table.clip_id.map(phase.sources)):
        per_source[f"mel_ce_{source}"] = validation.means(part, weight)["mel_ce"]
    watch.add({"kind": "eval", "step": at.step, **result, "best": best, **per_source})


def _finish(phase: Phase) -> dict:
    """Write phase.json with the best weights' scores; delete `last`, which is needed no more."""
    meta = load_best(phase)
    table = validation.per_clip(GPTLoss(phase.gpt), phase.validation, phase.accelerator.device)
    record = {
        "phase": phase.p.phase,
        "complete": True,
        "step": phase.at.step,
        "steps": phase.steps,
        "best_step": phase.at.best_step,
        "best_sha256": meta["content_sha256"],
        "validation": validation.intervals(table, phase.p.text_loss_weight),
        "training_clips": len(phase.clips),
        "validation_clips": len(phase.sources),
        "seconds": round(phase.at.seconds, 1),
        "device": str(phase.accelerator.device),
        "lineage": phase.lineage,
    }

    if phase.accelerator.is_main_process:
        write_json(phase.folder / RECORD, record)
        (phase.folder / LAST).unlink(missing_ok=True)
    phase.accelerator.wait_for_everyone()
    return record


def _silent(line: str) -> None:
    pass


def main() -> None:
    """One phase on several GPUs or machines:
    `accelerate launch -m vago.training.train params/vago/02_train_baseline.yaml`."""
    parser = argparse.ArgumentParser(prog="python -m vago.training.train", description=main.__doc__)
    parser.add_argument("parameters", type=Path, help="the phase's parameter file")
    p = TrainParams.load(parser.parse_args().parameters)
    try:
        train_phase(p, Paths.of(p))
    except VagoError as error:
        raise SystemExit(f"vago: {error}") from None


if __name__ == "__main__":
    main()
