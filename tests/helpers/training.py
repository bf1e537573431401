"""Callbacks and readers for tests that train a phase."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from vago.paths import Paths
from vago.training import monitor


def silent(line: str) -> None:
    pass


def stop_at(step: int) -> Callable[[str], None]:
    """A log callback that requests a stop once that step is logged."""

    def log(line: str) -> None:
        if line.startswith(f"step {step}/"):
            os.kill(os.getpid(), signal.SIGTERM)

    return log


def rows_of(paths: Paths, phase: str = "baseline") -> list[dict[str, Any]]:
    """The metric rows of a phase without their clock times."""
    rows = monitor.read_rows(paths.phase(phase) / "metrics.jsonl")
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def validation_losses(paths: Paths) -> list[float]:
    """The mel CE of each evaluation of the baseline."""
    return [row["mel_ce"] for row in rows_of(paths) if row["kind"] == "eval"]
