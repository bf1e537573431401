"""Several processes for one phase, and the signals that stop a training.

`accelerate launch -m vago.training.train` is started from the notebook and its lines are read.
accelerate's `notebook_launcher` forks the notebook instead: it refuses once CUDA is initialised, as
it is when the device's name is printed, and a forked CPU process may hang in OpenMP. Separate
processes have neither problem, and Ctrl-C and SIGTERM reach them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml

from vago import VagoError
from vago.files import write_whole
from vago.model.phases import RECORD
from vago.paths import Paths, child_environment
from vago.training import monitor
from vago.training.params import TrainParams

SETTINGS = ".processes.yaml"


class Interrupted(VagoError):
    """Training was asked to stop and has saved its state."""


@dataclass
class StopRequest:
    """`requested` is the number of the signal that arrived; 0: none."""

    requested: int = 0


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """SIGTERM and Ctrl-C request a stop, which the loop makes at the next safe place."""
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals cannot be caught here; a resume starts from the last periodic save
        return

    def request(number, frame):
        stop.requested = number

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def inside() -> bool:
    """Whether this process is one of several that were launched together."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def train(
    p: TrainParams, paths: Paths, listener: monitor.Listener | None, log: Callable[[str], None]
) -> dict:
    """Train the phase in `p.processes` processes, logging their lines.

    Returns:
        what phase.json holds.

    Raises:
        Interrupted: stopped by Ctrl-C or SIGTERM; the processes have saved their state.
        VagoError: fewer GPUs than processes, or the processes failed: with their last line.
    """
    if torch.cuda.is_available() and torch.cuda.device_count() < p.processes:
        raise VagoError(
            f"processes = {p.processes} needs as many GPUs, this machine has "
            f"{torch.cuda.device_count()}: lower processes"
        )

    folder = paths.phase(p.phase)
    settings = {name: value for name, value in p.model_dump().items() if value is not None}
    write_whole(folder / SETTINGS, yaml.safe_dump(settings))

    lines: list[str] = []
    launched = subprocess.Popen(
        launch_command(p.processes, folder / SETTINGS),
        cwd=paths.root,
        env=child_environment() | {"VAGO_HOME": str(paths.root), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in launched.stdout:
            lines.append(line.rstrip())
            log(lines[-1])
            if listener and line.startswith("step "):
                listener(monitor.read_rows(folder / "metrics.jsonl"))
        code = launched.wait()
    except KeyboardInterrupt:
        launched.terminate()  # torch's agent passes it on, and each process saves before it ends
        launched.communicate()
        raise Interrupted(f"stopped, all saved: run {p.phase} again to resume") from None
    finally:
        (folder / SETTINGS).unlink(missing_ok=True)

    if code:
        errors = [line for line in lines if line.startswith("vago: ")] or lines[-1:]
        reason = " ".join(errors[:1]).removeprefix("vago: ")
        raise VagoError(f"{p.phase} in {p.processes} processes: {reason}")
    return json.loads((folder / RECORD).read_text(encoding="utf-8"))


def launch_command(processes: int, settings: Path) -> list[str]:
    """The command line that trains with a parameter file in `processes` processes here."""
    launcher = [sys.executable, "-m", "accelerate.commands.launch"]
    options = (
        f"--multi_gpu --num_machines 1 --num_processes {processes} --main_process_port 0 "
        "--mixed_precision no --dynamo_backend no"
    )
    return [*launcher, *options.split(), "-m", "vago.training.train", str(settings)]
