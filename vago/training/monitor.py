"""What a training run reports: metrics.jsonl, progress.json, TensorBoard and warnings."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from vago.display.intervals import with_interval
from vago.files import write_whole

Listener = Callable[[list[dict[str, Any]]], None]

PROGRESS_SECONDS = 1.0  # progress.json is written at most this often
TREND_EVALS = 3  # evaluations that a trend is judged by


class Monitor:
    """Keeps the rows of one phase. Each row has `kind` (train, eval or warning) and `step`.

    Args:
        folder: the phase's folder.
        steps: optimizer steps of the whole run.
        resumed_at: the step that a resumed run continues from. Rows of later steps are dropped, so
            that the file never holds a step twice. None: a new run.
        listener: called with all rows after each new one.
        log: called with one line for each row.
    """

    def __init__(
        self,
        folder: Path,
        steps: int,
        resumed_at: int | None = None,
        listener: Listener | None = None,
        log: Callable[[str], None] = print,
    ):
        self.folder = Path(folder)
        self.path = self.folder / "metrics.jsonl"
        self.steps = steps
        self.listener = listener
        self.log = log

        self.rows: list[dict[str, Any]] = []
        if resumed_at is not None:
            self.rows = [row for row in read_rows(self.path) if row["step"] <= resumed_at]
        write_whole(self.path, "".join(json.dumps(row) + "\n" for row in self.rows))

        self._file = self.path.open("a", encoding="utf-8")
        self._tensorboard = None
        self._first_step = resumed_at or 0
        self._started = time.monotonic()
        self._progress_written = 0.0

    def add(self, row: dict[str, Any]) -> None:
        """Record a row of kind train or eval, and the warning that an evaluation gives rise to."""
        self._write(row)
        self._to_tensorboard(row)

        if row["kind"] == "eval":
            trend = self._trend(row)
            if trend:
                self.warn(row["step"], *trend, once=True)

        if self.listener:
            self.listener(self.rows)

    def warn(self, step: int, about: str, message: str, once: bool = False) -> None:
        """Record a warning; with `once` only if there is none `about` the same yet."""
        warned = {row["about"] for row in self.rows if row["kind"] == "warning"}
        if not (once and about in warned):
            self._write({"kind": "warning", "step": step, "about": about, "message": message})

    def progress(self, step: int, loss: float, force: bool = False) -> None:
        """Write progress.json, which the runner reads; at most once a second unless `force`."""
        now = time.monotonic()
        if not force and now - self._progress_written < PROGRESS_SECONDS:
            return

        self._progress_written = now
        seconds_per_step = (now - self._started) / max(step - self._first_step, 1)
        progress = {
            "step": step,
            "steps": self.steps,
            "loss": loss,
            "eta_seconds": seconds_per_step * (self.steps - step),
        }
        write_whole(self.folder / "progress.json", json.dumps(progress))

    def close(self) -> None:
        """Close metrics.jsonl and TensorBoard's file."""
        self._file.close()
        if self._tensorboard:
            self._tensorboard.close()

    def _write(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
        self.log(log_line(row, self.steps))

    def _to_tensorboard(self, row: dict[str, Any]) -> None:
        if self._tensorboard is None:
            from torch.utils.tensorboard import SummaryWriter

            # purge_step hides what an interrupted run has logged after the step it resumes from
            folder = str(self.folder / "tensorboard")
            self._tensorboard = SummaryWriter(folder, purge_step=self._first_step or None)

        for name, value in row.items():
            if isinstance(value, float) and name != "seconds":
                self._tensorboard.add_scalar(f"{row['kind']}/{name}", value, row["step"])

    def _trend(self, row: dict[str, Any]) -> tuple[str, str] | None:
        """(about, message) where the last three evaluations look wrong; `row` is the newest."""
        evals = [r for r in self.rows if r["kind"] == "eval"][-TREND_EVALS:]
        if len(evals) < TREND_EVALS:
            return None

        first, middle, last = (r["loss"] for r in evals)
        before, after = (self._train_loss(a["step"], b["step"]) for a, b in zip(evals, evals[1:]))

        if first < middle < last and after < before:
            return "overfitting", (
                "the validation loss has risen twice while the training loss falls: overfitting; "
                "the best weights so far are kept"
            )
        if after > before * 1.02 and last > first:
            return "not falling", (
                "neither training nor validation loss is falling: try a lower learning_rate, "
                "and check that the clips match their text"
            )
        return None

    def _train_loss(self, after: int, until: int) -> float:
        """Mean training loss of the steps after `after`, up to `until`; NaN where there is none."""
        rows = [r for r in self.rows if r["kind"] == "train" and after < r["step"] <= until]
        return mean([r["loss"] for r in rows])


class NullMonitor:
    """A Monitor that reports nothing, for the processes that do not write."""

    def add(self, row: dict[str, Any]) -> None: ...
    def warn(self, step: int, about: str, message: str, once: bool = False) -> None: ...
    def progress(self, step: int, loss: float, force: bool = False) -> None: ...
    def close(self) -> None: ...


def mean(values: list[float]) -> float:
    """The mean; NaN where there are no values."""
    return sum(values) / len(values) if values else math.nan


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl; a last line torn by a crash is left out."""
    if not Path(path).exists():
        return []

    rows = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def curves(path: Path) -> pd.DataFrame:
    """A metrics.jsonl as a table with kind, step, loss, mel_ce, text_ce, learning_rate, ..."""
    return pd.DataFrame(read_rows(path))


def log_line(row: dict[str, Any], steps: int) -> str:
    """One row as a line of the log."""
    at = f"step {row['step']}/{steps}"
    if row["kind"] == "warning":
        return f"{at}  WARNING: {row['message']}"

    if row["kind"] == "eval":
        best = "  (best so far)" if row.get("best") else ""
        return f"{at}  validation: mel CE {row['mel_ce']:.3f}, text CE {row['text_ce']:.3f}{best}"

    losses = f"loss {row['loss']:.3f}  mel CE {row['mel_ce']:.3f}  text CE {row['text_ce']:.3f}"
    return f"{at}  {losses}  lr {row['learning_rate']:.2e}"


def summary(record: dict[str, Any]) -> dict[str, str]:
    """phase.json -> what the phase reached, as a notebook shows it: losses with their intervals."""
    losses = {name: with_interval(loss, ".3f") for name, loss in record["validation"].items()}
    best = f"{record['best_step']} of {record['steps']}"
    return {"best step": best, **losses, "training time": f"{record['seconds']:.0f} s"}
