"""A side of the training benchmark as a process: started, sent requests, ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.paths import child_environment
from vago.recipes.benchmark.params import BenchmarkParams

COMMAND = [sys.executable, "-m", "vago.recipes.benchmark.worker"]


class WorkerProcess:
    """One side ("stock" or "vago") in a process of its own; `worker` is its other end.

    `ready` is its first answer: seconds, notes and threads.
    """

    def __init__(
        self,
        side: str,
        p: BenchmarkParams,
        folder: Path,
        base_dir: Path,
        clips: Sequence[Mapping[str, str]],
        batch_size: int,
    ):
        """folder: where it writes; clips: path and text of each."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = side
        self.log = folder / "worker.log"
        with open(self.log, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                COMMAND,
                text=True,
                env=child_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

        job = {
            "side": side,
            "folder": str(folder),
            "base_dir": str(base_dir),
            "clips": clips,
            "batch_size": batch_size,
            "settings": p.model_dump(),
        }
        self.ready = self.request(json.dumps(job))

    def request(self, line: str) -> dict[str, Any]:
        """Send a line and wait for the answer.

        Raises:
            VagoError: the process has ended; the message has the last line of its log.
        """
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the process has ended: readline returns nothing

        answer = self.process.stdout.readline()
        if not answer:
            raise VagoError(
                f"the {self.name} side of the benchmark ended: {self._last_line()} "
                f"(the whole log: {self.log})"
            )
        return json.loads(answer)

    def end(self) -> None:
        """Send the request to end; kill the process after a minute."""
        try:
            self.process.communicate("end\n", timeout=60)
        except (BrokenPipeError, ValueError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()

    def _last_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        written = [line.strip() for line in lines if line.strip()]
        return written[-1] if written else "its log is empty"
