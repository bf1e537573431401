"""TODO: what training.processes is for."""

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
from vago.paths import Paths, importable
from vago.training import monitor
from vago.training.params import TrainParams


class Interrupted(VagoError):
    """Training was asked to stop and has saved where it was."""


@dataclass
class StopRequest:
    requested: int = 0  # the signal's number


@contextmanager
def stop_signals() -> Iterator[StopRequest]:
    """SIGTERM and Ctrl-C ask the loop to stop at the next safe place instead of killing it in the middle of a write."""
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals cannot be caught here; a periodic save is what a resume goes on from
        return

    def ask(number, frame):
        stop.requested = number

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


SETTINGS = ".processes.yaml"


def inside() -> bool:
    """Whether this process is one of several that were launched together."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def train(
    p: TrainParams, paths: Paths, listener: monitor.Listener | None, log: Callable[[str], None]
) -> dict:
    """Train the phase in `p.processes` processes; tells what they tell and returns what phase.json holds.

    Raises:
        Interrupted: stopped by Ctrl-C or SIGTERM; the processes have saved where they were.
        VagoError: there are fewer GPUs than processes, or the processes failed: with their last words.
    """
    if torch.cuda.is_available() and torch.cuda.device_count() < p.processes:
        raise VagoError(
            f"processes = {p.processes} needs as many GPUs, this machine has {torch.cuda.device_count()}: lower processes"
        )
    folder = paths.phase(p.phase)
    settings = {name: value for name, value in p.model_dump().items() if value is not None}
    write_whole(folder / SETTINGS, yaml.safe_dump(settings))
    environment = importable() | {"VAGO_HOME": str(paths.root), "PYTHONUNBUFFERED": "1"}
    heard: list[str] = []
    started = subprocess.Popen(
        command(p.processes, folder / SETTINGS),
        cwd=paths.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        for line in started.stdout:
            heard.append(line.rstrip())
            log(heard[-1])
            if listener and line.startswith("step "):
                listener(monitor.read_rows(folder / "metrics.jsonl"))
        code = started.wait()
    except KeyboardInterrupt:
        started.terminate()  # torch's agent hands it to every process, and each saves before it ends
        started.communicate()
        raise Interrupted(f"stopped, all saved: run {p.phase} again to go on from there") from None
    finally:
        (folder / SETTINGS).unlink(missing_ok=True)
    if code:
        said = [line for line in heard if line.startswith("vago: ")] or heard[-1:]
        raise VagoError(
            f"{p.phase} in {p.processes} processes: {' '.join(said[:1]).removeprefix('vago: ')}"
        )
    return json.loads((folder / RECORD).read_text(encoding="utf-8"))


def command(processes: int, settings: Path) -> list[str]:
    """The command line that trains with `settings` (a parameter file) in so many processes on this machine."""
    options = f"--multi_gpu --num_machines 1 --num_processes {processes} --main_process_port 0 --mixed_precision no"
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        *options.split(),
        "--dynamo_backend",
        "no",
    ]
    return [*launch, "-m", "vago.training.train", str(settings)]
