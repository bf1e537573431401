"""The script, spoken: which phase, which prompt, and the files it leaves."""

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
from vago.synthesis import synthesizer
from vago.synthesis.params import SampleParams, Script, SpeechParams

SETTINGS = (
    "temperature",
    "top_k",
    "top_p",
    "repetition_penalty",
    "max_characters",
    "max_resamples",
    "prompt_seconds",
    "seed",
)


@dataclass(frozen=True)
class Speaker:
    """A phase ready to speak: the open model with its GPT, the voice behind the prompt's clips, and how text becomes tokens."""

    phase: str
    model_sha256: str
    model: Any
    voice: synthesizer.Voice
    encode: Callable[[str], list[int]]
    corpus: Corpus
    prompt: list[str]


def open_speaker(p: SampleParams, paths: Paths) -> Speaker:
    """Open the phase that `p` names behind its prompt."""
    phase = chosen_phase(p.phase, paths)
    model, model_sha256 = open_phase(phase, paths)
    corpus = Corpus.load(paths.corpus)
    voice, prompt = voice_of(model, corpus, p)
    return Speaker(phase, model_sha256, model, voice, xtts.encoder(paths.base), corpus, prompt)


def speak_script(
    p: SampleParams,
    paths: Paths,
    on_progress: Callable[[int, int], None] | None = None,
    speaker: Speaker | None = None,
) -> pd.DataFrame:
    """Speak the script's lines into samples/<script>/NN_name.wav (24 kHz, 16 bit) and samples.csv; returns that table.

    Columns: line, file, category, text, seconds, took_seconds, ended, takes, phase, model_sha256, prompt, sampling settings.
    WAVs of lines that the script no longer has are removed only after the new ones are all written.
    """
    script = Script.load(paths.script(p.script))
    speaker = speaker or open_speaker(p, paths)
    lines = [line.text for line in script.lines]
    spoken = synthesizer.speak(
        speaker.model, speaker.voice, lines, speaker.encode, p, p.pause_seconds, on_progress
    )

    folder = paths.samples(p.script)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (line, speech) in enumerate(zip(script.lines, spoken), start=1):
        file = f"{number:02d}_{line.name}.wav"
        wav = io.set_loudness(speech.wav, io.OUTPUT_RATE, p.loudness_lufs)
        io.write(folder / file, wav, io.OUTPUT_RATE)
        row = {"line": line.name, "file": file, "category": line.category, "text": line.text}
        row |= {"seconds": round(speech.seconds, 3), "took_seconds": round(speech.took, 3)}
        row |= {"ended": speech.ended, "takes": speech.takes}
        row |= {
            "phase": speaker.phase,
            "model_sha256": speaker.model_sha256,
            "prompt": " ".join(speaker.prompt),
        }
        rows.append(row | {name: getattr(p, name) for name in SETTINGS})
    table = pd.DataFrame(rows)
    write_whole(folder / "samples.csv", table.to_csv(index=False))
    remove_others(folder, table.file)
    return table


def stream_line(speaker: Speaker, line: str, p: SampleParams) -> tuple[pd.DataFrame, np.ndarray]:
    """Speak `line` as a stream: when each chunk was there and how far the sound reaches with it, in seconds; and the sound."""
    rows, chunks, started = [], [], time.perf_counter()
    for chunk in synthesizer.stream(
        speaker.model, speaker.voice, line, speaker.encode, p, p.pause_seconds
    ):
        chunks.append(chunk)
        ready, audible = time.perf_counter() - started, sum(map(len, chunks)) / io.OUTPUT_RATE
        rows.append(
            {
                "chunk": len(chunks),
                "there after": round(ready, 3),
                "sound so far": round(audible, 3),
            }
        )
    return pd.DataFrame(rows).set_index("chunk"), np.concatenate(chunks)


def load_samples(table: pd.DataFrame, folder: Path) -> list[tuple[str, np.ndarray, int]]:
    """(title, wav, rate) of each spoken line."""
    return [(f"{row.file}: {row.text}", *io.load(folder / row.file)) for row in table.itertuples()]


def remove_others(folder: Path, files: Iterable[str]) -> None:
    """Delete the WAVs of an earlier run that are not among `files`, so that a folder holds what its table lists."""
    for wav in set(folder.glob("*.wav")) - {folder / file for file in files}:
        wav.unlink()


def spoken_as(script: Script, limit: int) -> pd.DataFrame:
    """What stands in the script beside what the model is given, in pieces of at most `limit` characters."""
    rows = [
        {
            "line": line.name,
            "written": line.text,
            "spoken": " | ".join(synthesizer.sentences(line.text, limit)),
        }
        for line in script.lines
    ]
    return pd.DataFrame(rows).set_index("line")


def voice_of(model, corpus: Corpus, p: SpeechParams) -> tuple[synthesizer.Voice, list[str]]:
    """The corpus's voice for `model`, and the clips that make up its prompt."""
    prompt = reference_clips(corpus, p)
    return synthesizer.voice_from(
        model,
        [corpus.audio(i)[0] for i in prompt],
        p.prompt_seconds,
        corpus.seconds_per_character(),
    ), prompt


def reference_clips(corpus: Corpus, p: SpeechParams) -> list[str]:
    """Training clips for the prompt: from the first source, by how near they are to its median speaking rate, until
    `prompt_seconds` are full. The most usual way of speaking is what a prompt should show."""
    clips = corpus.clips[~corpus.clips.held_out]
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
