"""A script spoken by a phase: which phase, which prompt, and the files that result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.files import write_whole
from vago.model import xtts
from vago.model.phases import chosen_phase, open_phase
from vago.paths import Paths
from vago.synthesis import durations, synthesizer
from vago.synthesis.params import SampleParams
from vago.synthesis.prompt import Prompt, chosen_prompt, voice_of
from vago.synthesis.reference import does_without_corpus
from vago.synthesis.script import Script, read_script
from vago.synthesis.takes import TABLE, Take, take_name, take_record, writing_take
from vago.synthesis.takes_page import write_takes_page


@dataclass(frozen=True)
class SpeakingPhase:
    """A phase ready to speak.

    Attributes:
        model: an open XTTS with the phase's GPT.
        encode: text -> token ids.
        prompt: the reference audio that `voice` is made of.
        corpus: None where there is none and none is needed, see `does_without_corpus`.
    """

    phase: str
    model_sha256: str
    model: Any
    voice: synthesizer.Voice
    encode: Callable[[str], list[int]]
    corpus: Corpus | None
    prompt: Prompt


def open_speaking_phase(p: SampleParams, paths: Paths) -> SpeakingPhase:
    """Open the phase that `p` names, with the voice of the prompt that it names.

    Raises:
        VagoError: there is no corpus and it is needed, or see `chosen_phase`, `chosen_prompt`.
    """
    phase = chosen_phase(p.phase, paths)
    corpus = None if does_without_corpus(p, paths) else Corpus.load(paths.corpus)
    prompt = chosen_prompt(p, corpus, paths)

    model, model_sha256 = open_phase(phase, paths)
    voice = voice_of(model, corpus, prompt, p)
    encode = xtts.text_encoder(paths.base)
    return SpeakingPhase(phase, model_sha256, model, voice, encode, corpus, prompt)


def speak_script(
    p: SampleParams,
    paths: Paths,
    on_progress: Callable[[int, int], None] | None = None,
    speaking: SpeakingPhase | None = None,
) -> Take:
    """Speak the script's lines: NN_name.wav (24 kHz, 16 bit) and samples.csv in a take's folder.

    The same settings, weights, texts and prompt write the same take again, see `takes`. The
    page of all takes is written anew.

    Returns:
        the take. Its table has: line, file, category, text, seconds, took_seconds, ended, takes,
        duration, phase, model_sha256, prompt, and the settings of `SpeechParams.recorded`.
    """
    script = read_script(p.script, paths)
    speaking = speaking or open_speaking_phase(p, paths)
    texts = [line.text for line in script.lines]
    utterances = synthesizer.speak(
        speaking.model, speaking.voice, texts, speaking.encode, p, p.pause_seconds, on_progress
    )

    record = take_record(
        p,
        phase=speaking.phase,
        texts=texts,
        prompt=dict(zip(speaking.prompt.names, speaking.prompt.sha256)),
        made_by=_made_by(p, paths, speaking),
        title=script.title,
    )
    with writing_take(paths, record) as folder:
        _write_samples(folder, script, utterances, speaking, p)
    write_takes_page(paths)
    return Take(paths.take(p.script, take_name(record)), record)


def _made_by(p: SampleParams, paths: Paths, speaking: SpeakingPhase) -> dict[str, Any]:
    """What decides the sound beside settings, texts and prompt."""
    device = xtts.device()
    return {
        "weights_sha256": speaking.model_sha256,
        "base_sha256": xtts.fingerprint(paths.base),
        "seconds_per_character": speaking.voice.seconds_per_character,
        "device": device,
        "bf16": xtts.is_bf16(p.precision, device),
    }


def _write_samples(
    folder: Path,
    script: Script,
    utterances: list[synthesizer.Utterance],
    speaking: SpeakingPhase,
    p: SampleParams,
) -> None:
    rows = []
    for number, (line, spoken) in enumerate(zip(script.lines, utterances), start=1):
        file = f"{number:02d}_{line.name}.wav"
        wav = io.set_loudness(spoken.wav, io.OUTPUT_RATE, p.loudness_lufs)
        io.write(folder / file, wav, io.OUTPUT_RATE)
        row = {
            "line": line.name,
            "file": file,
            "category": line.category,
            "text": line.text,
            "seconds": round(spoken.seconds, 3),
            "took_seconds": round(spoken.took_seconds, 3),
            "ended": spoken.ended,
            "takes": spoken.takes,
            "duration": spoken.duration,
            "phase": speaking.phase,
            "model_sha256": speaking.model_sha256,
            "prompt": " ".join(speaking.prompt.names),
        }
        rows.append(row | p.recorded())
    write_whole(folder / TABLE, pd.DataFrame(rows).to_csv(index=False))


def stream_line(
    speaking: SpeakingPhase, line: str, p: SampleParams
) -> tuple[pd.DataFrame, np.ndarray]:
    """Speak `line` as a stream.

    Returns:
        (a row per chunk: seconds until it was ready, seconds of audio so far; (samples,) float32).
    """
    rows, chunks = [], []
    started = time.perf_counter()
    for chunk in synthesizer.stream(
        speaking.model, speaking.voice, line, speaking.encode, p, p.pause_seconds
    ):
        chunks.append(chunk)
        ready = time.perf_counter() - started
        audible = sum(map(len, chunks)) / io.OUTPUT_RATE
        row = {"ready after": round(ready, 3), "audio so far": round(audible, 3)}
        rows.append({"chunk": len(chunks), **row})

    return pd.DataFrame(rows).set_index("chunk"), np.concatenate(chunks)


def load_samples(table: pd.DataFrame, folder: Path) -> list[tuple[str, np.ndarray, int]]:
    """(title, wav, rate) of each spoken line; the title says where it is a duration outlier."""
    sounds = []
    for row in table.itertuples():
        remark = durations.remark(row.duration, row.takes)
        title = f"{row.file}: {row.text}" + f" – {remark}" * bool(remark)
        sounds.append((title, *io.load(folder / row.file)))
    return sounds


def duration_outliers(table: pd.DataFrame) -> str:
    """How many of samples.csv's lines are duration outliers, and which, in one sentence."""
    outliers = table[table.duration != durations.OK]
    if outliers.empty:
        return f"duration outliers: none of {len(table)} lines"
    listed = ", ".join(f"{row.file} ({row.duration})" for row in outliers.itertuples())
    return f"duration outliers: {len(outliers)} of {len(table)} lines: {listed}"


def remove_others(folder: Path, files: Iterable[str]) -> None:
    """Delete WAVs that are not among `files`: the folder then holds what its table lists."""
    for wav in set(folder.glob("*.wav")) - {folder / file for file in files}:
        wav.unlink()


def spoken_as(script: Script, limit: int) -> pd.DataFrame:
    """Each line as written and as the model gets it: normalized, split at `limit` characters."""
    rows = []
    for line in script.lines:
        spoken = " | ".join(synthesizer.sentences(line.text, limit))
        rows.append({"line": line.name, "written": line.text, "spoken": spoken})
    return pd.DataFrame(rows).set_index("line")
