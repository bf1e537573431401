"""The line that the command line keeps up to date while a notebook runs."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO


def duration(seconds: float) -> str:
    """52 s, 1 min 52 s, 2 h 5 min."""
    whole = round(seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def read_progress(path: Path | None) -> dict[str, Any] | None:
    """The training's {"step", "steps", "loss", "eta_seconds"}; None where there is none."""
    try:
        progress = json.loads(path.read_text(encoding="utf-8")) if path else None
    except (OSError, ValueError):
        return None
    return progress if isinstance(progress, dict) and "step" in progress else None


class ProgressLine:
    """`with ProgressLine(stem, why, file): ...` keeps a line up to date while a notebook runs.

    On a terminal the line is rewritten every second; elsewhere a new one is printed every 30 s. A
    progress file that is there at the start is an earlier run's and not shown until it changes.
    """

    def __init__(
        self,
        stem: str,
        why: str,
        progress: Path | None,
        stream: TextIO | None = None,
        every: float | None = None,
    ):
        self.stem, self.why, self.progress = stem, why, progress
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.every = every or (1.0 if self.live else 30.0)
        self.seconds = 0.0

    def __enter__(self) -> ProgressLine:
        self.started = time.monotonic()
        self.stale = self._signature()
        self.over = threading.Event()
        self.show()

        self.thread = threading.Thread(target=self._repeat, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.over.set()
        self.thread.join()
        self.seconds = time.monotonic() - self.started

        if kind is None:
            verdict = "done in"
        elif issubclass(kind, Exception):
            verdict = "failed after"
        else:
            verdict = "stopped after"
        self._print(f"{self.stem}  {verdict} {duration(self.seconds)}  ({self.why})", end="\n")

    def text(self) -> str:
        """The present line."""
        line = f"{self.stem}  running {duration(int(time.monotonic() - self.started))}"
        progress = read_progress(self.progress) if self._signature() != self.stale else None
        if not progress:
            return f"{line}  ({self.why})"

        line += f"  step {progress['step']} of {progress.get('steps', '?')}"
        if isinstance(progress.get("loss"), int | float):
            line += f", loss {progress['loss']:.3f}"
        if isinstance(progress.get("eta_seconds"), int | float):
            line += f", about {duration(int(progress['eta_seconds']))} left"
        return line

    def show(self) -> None:
        if self.live:
            self._print(self.text()[: shutil.get_terminal_size().columns - 1], end="")
        else:
            self._print(self.text(), end="\n")

    def _print(self, line: str, end: str) -> None:
        self.stream.write(("\r\033[K" if self.live else "") + line + end)
        self.stream.flush()

    def _repeat(self) -> None:
        while not self.over.wait(self.every):
            self.show()

    def _signature(self) -> tuple[int, int] | None:
        """What changes when the progress file is rewritten; None where there is none."""
        if self.progress is None:
            return None
        try:
            status = self.progress.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
