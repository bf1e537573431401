"""What a finished pretraining gives: metrics, a comparison by listening, the package's assets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import torch

from vago.audio import espeak, io
from vago.model import bundled, xtts
from vago.paths import Paths
from vago.recipes.pretrain import speech
from vago.recipes.pretrain.architecture import configuration, vocabulary
from vago.recipes.pretrain.params import PretrainParams
from vago.synthesis.params import SpeechParams
from vago.synthesis.synthesizer import speak, voice_from


def parameter_counts(weights: Mapping[str, torch.Tensor]) -> dict[str, str]:
    """{"gpt": "3.10 M parameters", ...} of each part of the model."""
    counts: dict[str, int] = {}
    for name, t in weights.items():
        part = name.split(".")[0]
        counts[part] = counts.get(part, 0) + t.numel()

    counts.pop("mel_stats")
    return {part: f"{count / 1e6:.2f} M parameters" for part, count in counts.items()}


def gpt_metrics(paths: Paths) -> pd.DataFrame:
    """One row per report of the GPT's training.

    Columns: course, step, mel_ce, held_out_mel_ce, misled_mel_ce, seconds_per_step.
    """
    rows = (paths.stage("gpt") / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return pd.DataFrame(map(json.loads, rows)).drop_duplicates(["course", "step"], keep="last")


def last_metrics(paths: Paths) -> dict[str, Any]:
    """The last row of the metrics of each long stage: {"gpt": {...}, "decoder": {...}}."""
    found = {}
    for stage in ("gpt", "decoder"):
        file = paths.stage(stage) / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        if lines:
            found[stage] = json.loads(lines[-1])
    return found


def beside_teacher(
    p: PretrainParams, paths: Paths, weights: Mapping[str, torch.Tensor], text: str
) -> list[tuple[str, np.ndarray, int]]:
    """(title, wav, rate) of `text` by the first teacher, and by the base with its prompt."""
    from TTS.tts.models.xtts import Xtts

    model = Xtts(configuration(p))
    model.load_state_dict(bundled.stock_state(weights, model.state_dict()))
    model.eval()  # stock's own eval returns None

    teacher = speech.teachers(p.speakers, p.seed)[0]
    recorded = speech.read_wavs(paths.stage("speech") / f"{teacher.name}.safetensors")
    voice = voice_from(model, list(islice(recorded, 3)))
    encode = xtts.text_encoder(paths.stage("base"))
    (sample,) = speak(model, voice, [text], encode, SpeechParams(profile=p.profile))

    return [
        (f"teacher: {teacher.name}", teacher.voice().speak(text), espeak.RATE),
        ("base with the teacher's prompt", sample.wav, io.OUTPUT_RATE),
    ]


def pack_base(p: PretrainParams, paths: Paths, weights: Mapping[str, torch.Tensor]) -> str:
    """Write the weights into the package's assets; returns a line that gives their size."""
    config = json.dumps(configuration(p).to_dict(), indent=1, sort_keys=True) + "\n"
    recipe = {
        "parameters": p.model_dump(mode="json"),
        "speech": "espeak-ng, no voice of a person",
        "scores": last_metrics(paths),
    }
    manifest = bundled.write_assets(weights, config, vocabulary().to_str(pretty=True), recipe)
    size = sum(file["bytes"] for file in manifest["files"].values())
    return f"{bundled.FOLDER}: {size / 2**20:.1f} MiB"
