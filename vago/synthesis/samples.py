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
from vago.corpus.corpus import TRAINING, Corpus
from vago.files import write_whole
from vago.model import xtts
from vago.model.phases import chosen_phase, open_phase
from vago.paths import Paths
from vago.synthesis import durations, synthesizer
from vago.synthesis.params import SampleParams, SpeechParams
from vago.synthesis.script import Script, read_script


@dataclass(frozen=True)
class SpeakingPhase:
    """A phase ready to speak.

    Attributes:
        model: an open XTTS with the phase's GPT.
        encode: text -> token ids.
        prompt: ids of the clips that `voice` is made of.
    """

    phase: str
    model_sha256: str
    model: Any
    voice: synthesizer.Voice
    encode: Callable[[str], list[int]]
    corpus: Corpus
    prompt: list[str]


def open_speaking_phase(p: SampleParams, paths: Paths) -> SpeakingPhase:
    """Open the phase that `p` names, with the corpus's voice."""
    phase = chosen_phase(p.phase, paths)
    model, model_sha256 = open_phase(phase, paths)
    corpus = Corpus.load(paths.corpus)
    voice, prompt = voice_of(model, corpus, p)
    encode = xtts.text_encoder(paths.base)
    return SpeakingPhase(phase, model_sha256, model, voice, encode, corpus, prompt)


def speak_script(
    p: SampleParams,
    paths: Paths,
    on_progress: Callable[[int, int], None] | None = None,
    speaking: SpeakingPhase | None = None,
) -> pd.DataFrame:
    """Speak the script's lines into samples/<script>/NN_name.wav (24 kHz, 16 bit) and samples.csv.

    WAVs of lines that the script no longer has are removed after all the new ones are written.

    Returns:
        samples.csv as a table: line, file, category, text, seconds, took_seconds, ended, takes,
        duration, phase, model_sha256, prompt, and the settings of `SpeechParams.recorded`.
    """
    script = read_script(p.script, paths)
    speaking = speaking or open_speaking_phase(p, paths)
    texts = [line.text for line in script.lines]
    utterances = synthesizer.speak(
        speaking.model, speaking.voice, texts, speaking.encode, p, p.pause_seconds, on_progress
    )

    folder = paths.samples(p.script)
    folder.mkdir(parents=True, exist_ok=True)
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
            "prompt": " ".join(speaking.prompt),
        }
        rows.append(row | p.recorded())

    table = pd.DataFrame(rows)
    write_whole(folder / "samples.csv", table.to_csv(index=False))
    remove_others(folder, table.file)
    return table


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
    """(title, wav, rate) of each spoken line; the title says where its duration is odd."""
    sounds = []
    for row in table.itertuples():
        remark = durations.remark(row.duration, row.takes)
        title = f"{row.file}: {row.text}" + f" – {remark}" * bool(remark)
        sounds.append((title, *io.load(folder / row.file)))
    return sounds


def odd_lines(table: pd.DataFrame) -> str:
    """How many of samples.csv's lines have an odd duration, and which, in one sentence."""
    odd = table[table.duration != durations.OK]
    if odd.empty:
        return f"odd durations: none of {len(table)} lines"
    listed = ", ".join(f"{row.file} ({row.duration})" for row in odd.itertuples())
    return f"odd durations: {len(odd)} of {len(table)} lines: {listed}"


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


def voice_of(model, corpus: Corpus, p: SpeechParams) -> tuple[synthesizer.Voice, list[str]]:
    """The corpus's voice for `model`, and the ids of the clips in its prompt."""
    prompt = reference_clips(corpus, p)
    wavs = [corpus.audio(clip_id)[0] for clip_id in prompt]
    pace = corpus.seconds_per_character()
    return synthesizer.voice_from(model, wavs, p.prompt_seconds, pace), prompt


def reference_clips(corpus: Corpus, p: SpeechParams) -> list[str]:
    """Training clips for the prompt, `prompt_seconds` in all.

    From the first source and its most frequent speaker; the clips nearest to the median speaking
    rate come first, since a prompt should show the usual way of speaking.
    """
    clips = corpus.clips[corpus.clips.part == TRAINING]
    clips = clips[clips.source == clips.source.iloc[0]]
    clips = clips[clips.speaker == clips.speaker.mode()[0]]
    rate = clips.seconds / clips.text.str.len()
    order = (rate - rate.median()).abs().sort_values(kind="stable").index

    chosen, have = [], 0.0
    for row in clips.loc[order].itertuples():
        chosen.append(row.clip_id)
        have += row.seconds
        if have >= p.prompt_seconds:
            break
    return chosen
