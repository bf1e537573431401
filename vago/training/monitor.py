"""What a training run tells while it runs: metrics.jsonl, TensorBoard, progress.json, a live figure, warnings in words."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from vago.files import write_whole

Listener = Callable[[list[dict[str, Any]]], None]


class Monitor:
    """Keeps the rows of one phase. Each row has `kind` (train, eval or warning) and `step`.

    A resumed run drops the rows after the step it goes on from, so the file never holds a step twice.
    """

    def __init__(
        self,
        folder: Path,
        steps: int,
        resumed_at: int | None = None,
        listener: Listener | None = None,
        log=print,
    ):
        self.folder, self.steps, self.listener, self.log = Path(folder), steps, listener, log
        self.path = self.folder / "metrics.jsonl"
        self.rows = (
            []
            if resumed_at is None
            else [row for row in read_rows(self.path) if row["step"] <= resumed_at]
        )
        write_whole(self.path, "".join(json.dumps(row) + "\n" for row in self.rows))
        self._file = self.path.open("a", encoding="utf-8")
        self._board = None
        self._started, self._first = time.monotonic(), resumed_at or 0
        self._told = 0.0

    def add(self, row: dict[str, Any]) -> None:
        """Record one row of kind train or eval, and the warning an evaluation may give rise to."""
        self._write(row)
        self._to_tensorboard(row)
        if row["kind"] == "eval" and (found := self._trend(row)):
            self.warn(row["step"], *found, once=True)
        if self.listener:
            self.listener(self.rows)

    def warn(self, step: int, about: str, message: str, once: bool = False) -> None:
        """Record a warning in words; `once` says it only the first time it is `about` this."""
        if not (once and any(r["kind"] == "warning" and r["about"] == about for r in self.rows)):
            self._write({"kind": "warning", "step": step, "about": about, "message": message})

    def _write(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()
        self.log(sentence(row, self.steps))

    def progress(self, step: int, loss: float, force: bool = False) -> None:
        """Tell the runner where training is, at most once a second."""
        now = time.monotonic()
        if not force and now - self._told < 1:
            return
        self._told = now
        pace = (now - self._started) / max(step - self._first, 1)
        told = {
            "step": step,
            "steps": self.steps,
            "loss": loss,
            "eta_seconds": pace * (self.steps - step),
        }
        write_whole(self.folder / "progress.json", json.dumps(told))

    def close(self) -> None:
        self._file.close()
        if self._board:
            self._board.close()

    def _to_tensorboard(self, row: dict[str, Any]) -> None:
        if self._board is None:
            from torch.utils.tensorboard import SummaryWriter

            # purge_step hides what an interrupted run had logged beyond the step it resumes from
            self._board = SummaryWriter(
                str(self.folder / "tensorboard"), purge_step=self._first or None
            )
        for name, value in row.items():
            if isinstance(value, float) and name != "seconds":
                self._board.add_scalar(f"{row['kind']}/{name}", value, row["step"])

    def _trend(self, row: dict[str, Any]) -> tuple[str, str] | None:
        """Looks at the last three evaluations (`row` is the newest) and the training losses between them."""
        evals = [r for r in self.rows if r["kind"] == "eval"][-3:]
        if len(evals) < 3:
            return None
        held_out = [r["loss"] for r in evals]
        train = [
            mean(
                [
                    r["loss"]
                    for r in self.rows
                    if r["kind"] == "train" and a["step"] < r["step"] <= b["step"]
                ]
            )
            for a, b in zip(evals, evals[1:])
        ]
        if held_out[0] < held_out[1] < held_out[2] and train[1] < train[0]:
            message = "the held-out loss has risen twice while the training loss falls: overfitting; the best so far is kept"
            return "overfitting", message
        if train[1] > train[0] * 1.02 and held_out[2] > held_out[0]:
            message = "neither training nor held-out loss is falling: try a lower learning_rate, and check clips against their text"
            return "not falling", message
        return None


class Silent:
    """Stands in for a Monitor in the processes that do not write."""

    def add(self, row: dict[str, Any]) -> None: ...
    def warn(self, step: int, about: str, message: str, once: bool = False) -> None: ...
    def progress(self, step: int, loss: float, force: bool = False) -> None: ...
    def close(self) -> None: ...


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl; a last line torn by a crash is left out."""
    rows = []
    if Path(path).exists():
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                break
    return rows


def curves(path: Path) -> pd.DataFrame:
    """A phase's metrics.jsonl as a table with kind, step, loss, mel_ce, text_ce, learning_rate, ..."""
    return pd.DataFrame(read_rows(path))


def sentence(row: dict[str, Any], steps: int) -> str:
    """One row as a line a person reads in the log."""
    at = f"step {row['step']}/{steps}"
    if row["kind"] == "warning":
        return f"{at}  WARNING: {row['message']}"
    if row["kind"] == "eval":
        best = "  (best so far)" if row.get("best") else ""
        return f"{at}  held-out: mel CE {row['mel_ce']:.4f}, text CE {row['text_ce']:.4f}{best}"
    return f"{at}  loss {row['loss']:.4f}  mel CE {row['mel_ce']:.4f}  text CE {row['text_ce']:.4f}  lr {row['learning_rate']:.2e}"
