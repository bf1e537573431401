"""One side of the training benchmark, in a process with its own memory and threads.

Standard input has a job as JSON, then one request a line (`step <count>`, `save`, `end`); each is
answered with a line of JSON. All that libraries print goes to standard error.

A side's imports are loaded for that side only: they count in its peak memory.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

import torch

from vago.recipes.benchmark.params import BenchmarkParams

WEIGHT_FILES = (".pth", ".safetensors", ".partial")  # partial ones too: they take disk as well


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not come between the answers
    job = json.loads(sys.stdin.readline())
    p = BenchmarkParams(**job["settings"])
    if p.threads:
        torch.set_num_threads(p.threads)

    folder = Path(job["folder"])
    started = time.perf_counter()
    side = _open_side(p, job, folder)
    ready = {
        "seconds": time.perf_counter() - started,
        "notes": side.notes,
        "threads": torch.get_num_threads(),
    }
    answers.write(json.dumps(ready) + "\n")
    _answer(side, folder, answers)


def _open_side(p: BenchmarkParams, job: dict[str, Any], folder: Path):
    base_dir, clips, batch_size = Path(job["base_dir"]), job["clips"], job["batch_size"]
    if job["side"] != "stock":
        from vago.recipes.benchmark.ours import Ours

        return Ours(p, folder, base_dir, clips, batch_size)

    from vago.recipes.benchmark.stock import Stock

    loader_workers = min(8, os.cpu_count() or 1) if torch.cuda.is_available() else 0
    return Stock(folder, base_dir, clips, batch_size, loader_workers)


def _answer(side, folder: Path, answers: TextIO) -> None:
    """Answer requests until `end` or the end of standard input."""
    for line in sys.stdin:
        request, *arguments = line.split()
        if request == "end":
            break
        answer = _timed_steps(side, int(arguments[0])) if request == "step" else _save(side, folder)
        answers.write(json.dumps(answer | {"peak_memory": peak_memory()}) + "\n")


def _timed_steps(side, count: int) -> dict[str, Any]:
    """`count` steps: wall seconds, CPU seconds (which other programs cannot slow), sums of rows."""
    _synchronize()
    started, cpu = time.perf_counter(), time.process_time()
    rows = [side.step() for _ in range(count)]
    _synchronize()

    took = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
    return took | {name: sum(row[name] for row in rows) for name in rows[0] if name != "loss"}


def _save(side, folder: Path) -> dict[str, Any]:
    """The second of two saves, which finds an older one: seconds, bytes, the folder's peak size."""
    side.save()
    sizes, done = [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            sizes.append(_size(folder))
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    before, started = bytes_written(), time.perf_counter()
    side.save()
    took, wrote = time.perf_counter() - started, bytes_written() - before
    done.set()
    watcher.join()

    left = _size(folder)
    return {"seconds": took, "bytes": wrote, "peak_disk": max([*sizes, left]), "left": left}


def bytes_written() -> int:
    """Bytes that this process has written to files so far."""
    counters = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in counters)["wchar"])


def _size(folder: Path) -> int:
    """Bytes of the weight files under `folder`."""
    total = 0
    for path in folder.rglob("*"):
        if path.suffix in WEIGHT_FILES:
            try:
                total += path.stat().st_size
            except FileNotFoundError:  # removed since it was listed
                pass
    return total


def peak_memory() -> int:
    """Bytes: of the GPU where there is one, else of the process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()

    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
