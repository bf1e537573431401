"""Training and synthesis beside the stock recipe: same clips and batch, taking turns."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import soundfile
import torch

from vago.display import html
from vago.files import write_json, write_whole
from vago.model import xtts
from vago.paths import Paths
from vago.recipes.benchmark import synthesis
from vago.recipes.benchmark.material import SCRIPTS, base_folder, speak_clips
from vago.recipes.benchmark.ours import Ours
from vago.recipes.benchmark.params import BenchmarkParams
from vago.recipes.benchmark.process import WorkerProcess
from vago.recipes.extras import need_extra
from vago.synthesis.params import SpeechParams
from vago.synthesis.script import Script
from vago.synthesis.synthesizer import voice_from

STOCK, OURS = "stock", "vago"
RATES = {"clips_per_second": "seconds", "cpu_clips_per_second": "cpu_seconds"}

Row = dict[str, Any]
Clips = Sequence[Mapping[str, str]]
Log = Callable[[str], None]


def benchmark(p: BenchmarkParams, paths: Paths, log: Log = print) -> dict[str, Any]:
    """Measure, and write outputs/<profile>/benchmark.json and benchmark.md.

    Returns:
        the content of the JSON: machine, parameters, notes, and the rows of `training_rows`,
        `precision_rows` and `synthesis.speech_rows` as training, precision and speech.

    Raises:
        VagoError: the extra `benchmark` is not installed, or one side ended with an error.
    """
    need_extra("benchmark", "trainer")
    paths.home.mkdir(parents=True, exist_ok=True)
    base_dir = base_folder(p, paths, log)
    clips = speak_clips(p, paths)

    training, notes = training_rows(p, paths, base_dir, clips, log)
    found = {
        "machine": machine(p),
        "parameters": p.model_dump(),
        "notes": notes,
        "training": training,
        "precision": precision_rows(p, paths, base_dir, clips, log) if p.bf16_steps else [],
        "speech": speech(p, paths, base_dir, clips, log) if p.speech_lines else [],
    }
    write_json(paths.home / "benchmark.json", found)
    write_whole(paths.home / "benchmark.md", markdown(found))
    return found


def machine(p: BenchmarkParams) -> str:
    """The machine in words, for a table's caption."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}"

    try:
        model = re.search(r"model name\s*:(.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        model = None
    cpu = model[1].strip() if model else platform.machine()
    threads = p.threads or torch.get_num_threads()
    return f"CPU {cpu}, {threads} of {os.cpu_count()} threads, torch {torch.__version__}"


def training_rows(
    p: BenchmarkParams, paths: Paths, base_dir: Path, clips: Clips, log: Log
) -> tuple[list[Row], list[str]]:
    """(rows, notes): one row for stock, and one for vago at each micro-batch.

    A row has what, batch, clips_per_second and cpu_clips_per_second (per second of CPU time, which
    other programs do not slow), medians of the rounds; times_stock, times_stock_cpu; peak_memory,
    save_seconds, save_bytes, peak_disk (bytes); on a GPU mfu, the share of peak_tflops.
    """
    batch_size = p.batch_size or 3
    sides = [(STOCK, batch_size)]
    sides += [(OURS, size) for size in dict.fromkeys([batch_size, *p.micro_batches])]

    workers: list[tuple[WorkerProcess, int]] = []
    try:
        for side, size in sides:
            folder = paths.home / "work" / f"{side}_{size}"
            worker = WorkerProcess(side, p, folder, base_dir, clips, size)
            workers.append((worker, size))
            log(f"{side}, {size} clips a step: ready after {worker.ready['seconds']:.1f} s")
            worker.request(f"step {max(p.warm_up_steps, 1)}")

        rounds: list[list[Row]] = [[] for _ in workers]
        for number in range(1, p.rounds + 1):
            for (worker, size), measured in zip(workers, rounds):
                measured.append(worker.request(f"step {p.steps}"))
                rate = measured[-1]["clips"] / measured[-1]["seconds"]
                log(f"round {number}, {worker.name}, {size} clips a step: {rate:.2f} clips/s")

        flops = flops_per_position(base_dir)
        rows = [
            _row(p, worker, size, measured, worker.request("save"), flops)
            for (worker, size), measured in zip(workers, rounds)
        ]
    finally:
        for worker, _ in workers:
            worker.end()

    first_of_sides = {worker.name: worker for worker, _ in reversed(workers)}
    notes = [note for side in (STOCK, OURS) for note in first_of_sides[side].ready["notes"]]
    return _beside_stock(rows), notes


def _row(
    p: BenchmarkParams,
    worker: WorkerProcess,
    size: int,
    rounds: Sequence[Row],
    saved: Row,
    flops: float,
) -> Row:
    """One worker's row, before it is compared with stock."""
    row = {"what": worker.name, "batch": size}
    for rate, seconds in RATES.items():
        row[rate] = statistics.median(r["clips"] / r[seconds] for r in rounds)
    row |= {
        "peak_memory": max(r["peak_memory"] for r in rounds),
        "save_seconds": saved["seconds"],
        "save_bytes": saved["bytes"],
        "peak_disk": saved["peak_disk"],
    }
    if torch.cuda.is_available() and "positions" in rounds[0]:
        positions = statistics.median(r["positions"] / r["seconds"] for r in rounds)
        row["mfu"] = positions * flops / (p.peak_tflops * 1e12)
    return row


def _beside_stock(rows: Sequence[Row]) -> list[Row]:
    """The rows with their rates as multiples of the first one's, which is stock's."""
    stock = rows[0]
    return [
        row
        | {
            "times_stock": row["clips_per_second"] / stock["clips_per_second"],
            "times_stock_cpu": row["cpu_clips_per_second"] / stock["cpu_clips_per_second"],
        }
        for row in rows
    ]


def flops_per_position(base_dir: Path) -> float:
    """FLOPs of a training step per position: 6 per weight (Kaplan et al. 2020).

    Counts the transformer's matrices only; attention, heads, the conditioning encoder and padding
    are left out, so the utilisation is a lower bound.
    """
    shape = json.loads((base_dir / "config.json").read_text(encoding="utf-8"))["model_args"]
    return 6 * 12 * shape["gpt_layers"] * shape["gpt_n_model_channels"] ** 2


def precision_rows(
    p: BenchmarkParams, paths: Paths, base_dir: Path, clips: Clips, log: Log
) -> list[Row]:
    """Held-out losses after `p.bf16_steps` steps in fp32 and in bf16, their difference in per cent.

    Both start from the same weights and take the clips in the same order; a quarter of the clips is
    held out.
    """
    rows = []
    for precision in ("fp32", "bf16"):
        own = p.model_copy(update={"precision": precision, "eval_every": 10**9})
        folder = paths.home / "work" / precision
        held_out = len(clips) // 4
        side = Ours(own, folder, base_dir, clips, p.batch_size or 3, held_out=held_out)

        before = side.score()
        for done in range(1, p.bf16_steps + 1):
            side.step()
            if done % 50 == 0:
                log(f"{precision}: step {done} of {p.bf16_steps}")

        row = {"precision": precision, "steps": p.bf16_steps, "before": before}
        rows.append(row | {"held_out_loss": side.score()})
        side.close()

    for row in rows:
        row["difference_percent"] = 100 * (row["held_out_loss"] / rows[0]["held_out_loss"] - 1)
    return rows


def speech(p: BenchmarkParams, paths: Paths, base_dir: Path, clips: Clips, log: Log) -> list[Row]:
    """Stock and vago speak the first quiz lines with the same prompt."""
    model = xtts.open_base(base_dir, xtts.device())
    prompts = [soundfile.read(clip["path"], dtype="float32")[0] for clip in clips[:3]]
    voice = voice_from(model, prompts)
    lines = [line.text for line in Script.load(paths.script(SCRIPTS[0])).lines[: p.speech_lines]]
    encode = xtts.text_encoder(base_dir)

    settings = SpeechParams(seed=p.seed)
    return synthesis.speech_rows(
        model, voice, lines, encode, settings, rounds=p.rounds, on_progress=log
    )


def tables(found: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The measurements as tables for readers: training, and speech and precision if measured."""
    names = {
        "what": "",
        "batch": "clips a step",
        "clips_per_second": "clips/s",
        "times_stock": "x stock",
        "cpu_clips_per_second": "clips per CPU second",
        "times_stock_cpu": "x stock (CPU time)",
        "mfu": "FLOP utilisation",
    }
    rows = pd.DataFrame(found["training"])
    training = rows[[name for name in names if name in rows]].rename(columns=names)
    training["peak memory (GB)"] = rows.peak_memory / 1e9
    training["a save (s)"] = rows.save_seconds
    training["a save (MB)"] = rows.save_bytes / 1e6
    training["peak disk (MB)"] = rows.peak_disk / 1e6

    others = {
        name: pd.DataFrame(found[name]) for name in ("speech", "precision") if found.get(name)
    }
    return {"training": training} | others


def markdown(found: Mapping[str, Any]) -> str:
    """The tables for a README: the machine first, notes last."""
    parts = [f"Measured on: {found['machine']}."]
    for name, table in tables(found).items():
        parts += [f"{name.capitalize()}:", html.markdown_table(table)]
    notes = [f"- {note}" for note in found["notes"]]
    return "\n\n".join(parts + notes) + "\n"
