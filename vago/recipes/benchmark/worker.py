"""One side of the training benchmark in a process of its own, so that each has its own memory and threads.

It is asked line by line on standard input (`step`, `save`, `end`) and answers each with a line of JSON; all else that its
libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import torch

from vago.recipes.benchmark.params import BenchmarkParams


class Ours:
    """A phase of vago in the middle of its training: the same `_step` and saves as a real one."""

    def __init__(
        self,
        p: BenchmarkParams,
        folder: Path,
        base_dir: Path,
        clips: list[dict[str, str]],
        batch_size: int,
        held_out: int = 0,
    ):
        """held_out: the last so many clips are not trained on; 0: all are, and all are what `score` asks for."""
        import soundfile

        from vago.model import xtts
        from vago.paths import Paths
        from vago.training import features, setup
        from vago.training.processes import StopRequest

        tools = (
            xtts.open_dvae(base_dir, xtts.device()),
            xtts.load_mel_stats(base_dir),
            xtts.encoder(base_dir),
        )
        started = time.process_time()
        ready = {}
        for number, clip in enumerate(clips):
            wav = soundfile.read(clip["path"], dtype="float32")[0]
            tensors = features.of_clip(wav, clip["text"], *tools)
            long = {name: t if name == "mel" else t.long() for name, t in tensors.items()}
            ready[f"clip{number:03d}"] = features.Features(
                f"clip{number:03d}", "quiz", "speaker", **long
            )
        took = time.process_time() - started
        self.notes = [
            f"vago computes codes, mels and tokens once: {took:.1f} CPU seconds for {len(clips)} clips"
        ]
        settings = {"batch_size": batch_size, "accumulation": 1, "epochs": 10000}
        self.p = train_settings(p, settings)
        gpt = xtts.open_base(base_dir).gpt
        paths = Paths(folder, folder, base_dir)
        paths.phase(self.p.phase).mkdir(parents=True, exist_ok=True)
        names = list(ready)
        training = {name: ready[name] for name in names[: len(names) - held_out]}
        test = {name: ready[name] for name in names[-held_out:]}
        self.phase = setup.assemble(
            self.p,
            paths,
            {},
            training,
            test,
            gpt,
            setup.open_accelerator(self.p),
            self.notes.append,
        )
        self.number, self.waiting, self.stop = 0, [], StopRequest()

    def step(self) -> dict[str, Any]:
        from vago.training import batches, train

        order = batches.epoch_order(
            self.phase.clips,
            self.p.batch_size,
            self.p.seed,
            self.number // self.phase.steps_per_epoch,
        )
        clips = [self.phase.clips[i] for i in order[self.number % self.phase.steps_per_epoch]]
        self.waiting.append(train._step(self.phase, self.number, self.stop))
        self.number += 1
        while len(self.waiting) > self.phase.lag:
            self.waiting.pop(0).read()
        # 32 latents, text, codes and the stops of both, as the transformer sees them
        positions = sum(32 + len(c.tokens) + len(c.codes) + 5 for c in clips)
        return {
            "clips": len(clips),
            "audio_seconds": sum(len(c.codes) for c in clips) * 1024 / 22050,
            "positions": positions,
        }

    def score(self) -> float:
        """The held-out loss, as training asks for it: in fp32 whatever it trains in."""
        from vago.training import validation
        from vago.training.loss import Objective

        table = validation.per_clip(
            Objective(self.phase.gpt), self.phase.held_out, self.phase.accelerator.device
        )
        return validation.means(table)["loss"]

    def close(self) -> None:
        """Let another precision have its turn in this process: accelerate keeps one for all."""
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)

    def save(self) -> None:
        from vago.training import checkpoints

        checkpoints.save_last(self.phase)
        checkpoints.save_best(self.phase, {})


def train_settings(p: BenchmarkParams, changes: dict[str, Any]):
    """The benchmark's settings as a phase's, resolved."""
    from vago.training.params import TrainParams

    given = {
        name: value
        for name, value in p.model_dump().items()
        if name in TrainParams.model_fields and value is not None
    }
    return TrainParams(**{**given, **changes}).inherit(None)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not stand between the answers
    job = json.loads(sys.stdin.readline())
    p = BenchmarkParams(**job["settings"])
    if p.threads:
        torch.set_num_threads(p.threads)
    folder, base_dir = Path(job["folder"]), Path(job["base_dir"])
    started = time.perf_counter()
    if job["side"] == "stock":
        from vago.recipes.benchmark.stock import Stock

        workers = min(8, os.cpu_count() or 1) if torch.cuda.is_available() else 0
        side = Stock(folder, base_dir, job["clips"], job["batch_size"], workers)
    else:
        side = Ours(p, folder, base_dir, job["clips"], job["batch_size"])
    ready = {
        "seconds": time.perf_counter() - started,
        "notes": side.notes,
        "threads": torch.get_num_threads(),
    }
    answers.write(json.dumps(ready) + "\n")
    for line in sys.stdin:
        words = line.split()
        if words[0] == "end":
            break
        answer = _steps(side, int(words[1])) if words[0] == "step" else _save(side, folder)
        answers.write(json.dumps(answer | {"peak_memory": peak_memory()}) + "\n")


def _steps(side, count: int) -> dict[str, Any]:
    """Time `count` steps by the wall and by the CPU, which other programs cannot slow."""
    _wait()
    started, cpu = time.perf_counter(), time.process_time()
    rows = [side.step() for _ in range(count)]
    _wait()
    took = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu}
    return took | {name: sum(row[name] for row in rows) for name in rows[0] if name != "loss"}


def _save(side, folder: Path) -> dict[str, Any]:
    """Everything a save writes, twice, since the second finds an older one beside it: seconds, bytes, the folder's most."""
    side.save()
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.is_set():
            peak[0] = max(peak[0], _size(folder))
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    before, started = written(), time.perf_counter()
    side.save()
    took, wrote = time.perf_counter() - started, written() - before
    done.set()
    watcher.join()
    return {
        "seconds": took,
        "bytes": wrote,
        "peak_disk": max(peak[0], _size(folder)),
        "left": _size(folder),
    }


def written() -> int:
    """Bytes this process has handed to files so far."""
    return int(
        dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())["wchar"]
    )


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        if path.suffix in (".pth", ".safetensors", ".tmp"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:  # gone between the listing and the look
                pass
    return total


def peak_memory() -> int:
    """Bytes: of the GPU where there is one, else of the process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
