"""A phase on several GPUs (or CPU processes) from inside a notebook: `accelerate launch -m vago.training.train` started and listened to.

accelerate's `notebook_launcher` forks the notebook: it refuses once CUDA has been touched, which naming the device does, and
a forked CPU process may hang in OpenMP. Processes of their own have neither trouble, and Ctrl-C and SIGTERM reach them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
import yaml

from vago import VagoError
from vago.paths import Paths, write_whole
from vago.settings import TrainParams
from vago.training import monitor
from vago.training.lineage import RECORD
from vago.training.stopping import Interrupted
from vago.workbook.notebook import importable

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
