"""Training and synthesis beside the stock recipe: the same clips, batch and language, turn by turn, each in its own process."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import soundfile
import torch

from vago import VagoError, files
from vago.audio.io import SAMPLE_RATE
from vago.display import html
from vago.files import need_room, write_whole
from vago.model import bundled, xtts
from vago.paths import Paths, importable
from vago.recipes.benchmark.params import BenchmarkParams
from vago.recipes.benchmark.stock import stock_dvae
from vago.recipes.demo.recordings import Voice
from vago.synthesis.params import Script
from vago.text import normalize

SHAPE = dict(
    gpt_layers=30, gpt_n_model_channels=1024, gpt_n_heads=16, gpt_number_text_tokens=6681, gpt_num_audio_tokens=1026,
    gpt_start_audio_token=1024, gpt_stop_audio_token=1025, gpt_max_text_tokens=402, gpt_max_audio_tokens=605,
    gpt_max_prompt_tokens=70, decoder_input_dim=1024,
)  # fmt: skip  # XTTS-v2's published config.json
LONGEST = 11.6  # seconds, the most that stock takes
SCRIPTS = ("quiz_show", "quiz_extra")
STOCK, OURS = "stock", "vago"


def benchmark(
    p: BenchmarkParams, paths: Paths, log: Callable[[str], None] = print
) -> dict[str, Any]:
    """Measure and write outputs/<profile>/benchmark.json and benchmark.md; returns what the JSON holds.

    machine; notes; training: rows of `training_rows`; speech: rows of `benchmark_speech.speech_rows`;
    precision: rows of `precision_rows`.
    """
    paths.home.mkdir(parents=True, exist_ok=True)
    folder = base_folder(p, paths, log)
    clips = speak_clips(p, paths)
    rows, notes = training_rows(p, paths, folder, clips, log)
    found = {"machine": machine(p), "parameters": p.model_dump(), "notes": notes, "training": rows}
    found["precision"] = precision_rows(p, paths, folder, clips, log) if p.bf16_steps else []
    found["speech"] = speech(p, paths, folder, clips, log) if p.speech_lines else []
    files.write_json(paths.home / "benchmark.json", found)
    write_whole(paths.home / "benchmark.md", markdown(found))
    return found


def machine(p: BenchmarkParams) -> str:
    """The machine in words, as a table's caption needs it."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}"
    models = [
        line.split(":")[1].strip()
        for line in _lines("/proc/cpuinfo")
        if line.startswith("model name")
    ]
    threads = p.threads or torch.get_num_threads()
    return f"CPU {models[0] if models else platform.machine()}, {threads} of {os.cpu_count()} threads, torch {torch.__version__}"


def base_folder(p: BenchmarkParams, paths: Paths, log: Callable[[str], None]) -> Path:
    """The base that both sides train, in the stock layout."""
    if p.model == "base":
        xtts.check_files(paths.base)
        return paths.base
    small = bundled.open_into(paths.home / "embedded")
    if p.model == "embedded":
        return small
    log("building a base of XTTS-v2's exact shape with random weights")
    return full_size_base(paths.home / "full_size", small)


def full_size_base(folder: Path, small: Path) -> Path:
    """A base of XTTS-v2's exact shape (GPT of 441,018,563 parameters) with random weights and the vocabulary of `small`.

    Random weights train and decode at the speed of real ones. Takes 1.9 GB; kept where it is complete.
    """
    from TTS.tts.models.xtts import Xtts

    if (folder / "model.pth").is_file():
        return folder
    need_room(folder.parent, 2 * 10**9, "building a base of full size")
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((small / "config.json").read_text(encoding="utf-8"))
    config["model_args"] |= SHAPE
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("mel_stats.pth", "speakers_xtts.pth"):
        (folder / name).write_bytes((small / name).read_bytes())
    vocabulary = json.loads((small / "vocab.json").read_text(encoding="utf-8"))
    tokens = vocabulary["model"][
        "vocab"
    ]  # stock sizes the text embedding by the highest number in it
    tokens |= {
        f"<unused {number}>": number
        for number in range(max(tokens.values()) + 1, SHAPE["gpt_number_text_tokens"])
    }
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    xtts.quiet()
    torch.manual_seed(1)
    model = Xtts(xtts.read_config(folder))
    model.tokenizer = xtts.load_tokenizer(folder)
    model.init_models()
    torch.save(stock_dvae().state_dict(), folder / "dvae.pth")
    partial = folder / ".model.tmp"
    torch.save({"model": model.state_dict()}, partial)
    os.replace(partial, folder / "model.pth")
    return folder


def speak_clips(p: BenchmarkParams, paths: Paths) -> list[dict[str, str]]:
    """`p.clips` lines of the scripts by the demo's voice, as files of 22,050 Hz: path and text of each."""
    folder = paths.home / "clips"
    folder.mkdir(parents=True, exist_ok=True)
    voice, clips = Voice("m3", words_per_minute=150, pitch=60, pitch_range=80), []
    lines = [line.text for name in SCRIPTS for line in Script.load(paths.script(name)).lines]
    sentences = [
        part for line in lines for part in normalize.split_sentences(normalize.normalise(line))
    ]
    for number, sentence in enumerate(sentences):
        wav = voice.speak(sentence)
        if 1.0 <= len(wav) / SAMPLE_RATE <= LONGEST and len(clips) < p.clips:
            path = folder / f"{number:03d}.wav"
            soundfile.write(path, wav, SAMPLE_RATE, subtype="PCM_16")
            clips.append({"path": str(path), "text": sentence.lower()})
    if len(clips) < p.clips:
        raise VagoError(
            f"clips = {p.clips} asks for more than the scripts' {len(clips)} sentences: lower it"
        )
    return clips


class Worker:
    """One side in its own process; see `benchmark_worker`."""

    def __init__(
        self, side: str, p: BenchmarkParams, folder: Path, base_dir: Path, clips, batch_size: int
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.log = side, folder / "worker.log"
        with open(self.log, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vago.recipes.benchmark.worker"], text=True, env=importable(),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        job = {
            "side": side,
            "folder": str(folder),
            "base_dir": str(base_dir),
            "clips": clips,
            "batch_size": batch_size,
        }
        self.ready = self.ask(json.dumps(job | {"settings": p.model_dump()}))

    def ask(self, line: str) -> dict[str, Any]:
        """Send a line, wait for its answer. Raises VagoError with the worker's last words where it has ended."""
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline()
        if not answer:
            said = [said for said in _lines(self.log) if said.strip()] or ["nothing"]
            raise VagoError(
                f"the {self.name} side of the benchmark ended: {said[-1].strip()} (all of it in {self.log})"
            )
        return json.loads(answer)

    def end(self) -> None:
        try:
            self.process.communicate("end\n", timeout=60)
        except (BrokenPipeError, ValueError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def training_rows(
    p: BenchmarkParams, paths: Paths, base_dir: Path, clips, log
) -> tuple[list[dict[str, Any]], list[str]]:
    """(rows, notes). One row for stock and one for ours at each micro-batch:

    what, batch, clips_per_second and cpu_clips_per_second (per second of CPU time, which other programs do not slow), medians
    of the rounds; times_stock; peak_memory, save_seconds, save_bytes, peak_disk (bytes); mfu (share of peak_tflops), on a GPU.
    """
    batch_size = p.batch_size or 3
    sides = [(STOCK, batch_size)] + [
        (OURS, size) for size in dict.fromkeys([batch_size, *p.micro_batches])
    ]
    workers: list[tuple[Worker, int, list[dict[str, Any]]]] = []
    notes: list[str] = []
    try:
        for side, size in sides:
            worker = Worker(side, p, paths.home / "work" / f"{side}_{size}", base_dir, clips, size)
            if side not in {other.name for other, _, _ in workers}:
                notes += worker.ready["notes"]
            log(f"{side}, {size} clips a step: ready after {worker.ready['seconds']:.1f} s")
            worker.ask(f"step {max(p.warm_up_steps, 1)}")
            workers.append((worker, size, []))
        for number in range(p.rounds):
            for worker, size, rounds in workers:
                rounds.append(worker.ask(f"step {p.steps}"))
                pace = rounds[-1]["clips"] / rounds[-1]["seconds"]
                log(
                    f"round {number + 1}, {worker.name}, {size} clips a step: {pace:.2f} clips a second"
                )
        flops = flops_per_position(base_dir)
        rows = [
            _row(p, worker, size, rounds, worker.ask("save"), flops)
            for worker, size, rounds in workers
        ]
        return _compared(rows), notes
    finally:
        for worker, _, _ in workers:
            worker.end()


def _row(
    p: BenchmarkParams, worker: Worker, size: int, rounds: list[dict], saved: dict, flops: float
) -> dict[str, Any]:
    row = {"what": worker.name, "batch": size}
    for name, seconds in (("clips_per_second", "seconds"), ("cpu_clips_per_second", "cpu_seconds")):
        row[name] = statistics.median(r["clips"] / r[seconds] for r in rounds)
    row |= {
        "peak_memory": max(r["peak_memory"] for r in rounds),
        "save_seconds": saved["seconds"],
        "save_bytes": saved["bytes"],
    }
    row |= {"peak_disk": saved["peak_disk"]}
    if torch.cuda.is_available() and "positions" in rounds[0]:
        pace = statistics.median(r["positions"] / r["seconds"] for r in rounds)
        row["mfu"] = pace * flops / (p.peak_tflops * 1e12)
    return row


def _compared(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stock = rows[0]
    paces = ("clips_per_second", "cpu_clips_per_second")
    return [
        row
        | {f"times_{STOCK}{'_cpu' * ('cpu' in name)}": row[name] / stock[name] for name in paces}
        for row in rows
    ]


def flops_per_position(base_dir: Path) -> float:
    """Of a training step: 6 per weight of the transformer's matrices (Kaplan et al. 2020). Attention, heads, the conditioning
    encoder and padding are left out, so the utilisation it gives is a lower bound."""
    shape = json.loads((base_dir / "config.json").read_text(encoding="utf-8"))["model_args"]
    return 6 * 12 * shape["gpt_layers"] * shape["gpt_n_model_channels"] ** 2


def precision_rows(
    p: BenchmarkParams, paths: Paths, base_dir: Path, clips, log
) -> list[dict[str, Any]]:
    """Train `p.bf16_steps` steps in fp32 and in bf16 from the same weights in the same order: held-out loss of each, and the
    difference in per cent. A quarter of the clips is held out."""
    from vago.recipes.benchmark.worker import Ours

    rows = []
    for precision in ("fp32", "bf16"):
        own = p.model_copy(update={"precision": precision, "eval_every": 10**9})
        side = Ours(
            own,
            paths.home / "work" / precision,
            base_dir,
            clips,
            p.batch_size or 3,
            held_out=len(clips) // 4,
        )
        start = side.score()
        for done in range(p.bf16_steps):
            side.step()
            if (done + 1) % 50 == 0:
                log(f"{precision}: step {done + 1} of {p.bf16_steps}")
        rows.append(
            {
                "precision": precision,
                "steps": p.bf16_steps,
                "before": start,
                "held_out_loss": side.score(),
            }
        )
        side.close()
    for row in rows:
        row["difference_percent"] = 100 * (row["held_out_loss"] / rows[0]["held_out_loss"] - 1)
    return rows


def speech(p: BenchmarkParams, paths: Paths, base_dir: Path, clips, log) -> list[dict[str, Any]]:
    """Stock and ours speak the first quiz lines behind the same prompt."""
    from vago.recipes.benchmark import synthesis
    from vago.synthesis import synthesizer
    from vago.synthesis.params import SpeechParams

    model = xtts.open_base(base_dir, xtts.device())
    voice = synthesizer.voice_from(
        model, [soundfile.read(clip["path"], dtype="float32")[0] for clip in clips[:3]]
    )
    lines = [line.text for line in Script.load(paths.script(SCRIPTS[0])).lines[: p.speech_lines]]
    return synthesis.speech_rows(
        model,
        voice,
        lines,
        xtts.encoder(base_dir),
        SpeechParams(seed=p.seed),
        rounds=p.rounds,
        on_progress=log,
    )


def tables(found: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """The measurements as tables to be read: `training`, `speech`, `precision`; those that were not measured are left out."""
    names = {
        "what": "", "batch": "clips a step", "clips_per_second": "clips/s", "times_stock": "x stock",
        "cpu_clips_per_second": "clips per CPU second", "times_stock_cpu": "x stock (CPU time)", "mfu": "FLOP utilisation",
    }  # fmt: skip
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
    """The tables for a README, the machine named first, what qualifies them last."""
    parts = [f"Measured on: {found['machine']}."]
    for name, table in tables(found).items():
        parts += [f"{name.capitalize()}:", html.markdown_table(table)]
    return "\n\n".join(parts + [f"- {note}" for note in found["notes"]]) + "\n"


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
