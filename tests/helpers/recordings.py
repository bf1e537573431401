"""The recordings of the tests' project, spoken by espeak-ng, with their transcripts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from helpers.projects import INTERVIEW, QUIZ
from helpers.tones import write_recording
from vago.audio.espeak import RATE, EspeakVoice

Cue = tuple[float, float, str]
SILENCE_BEFORE = 11025  # samples
SILENCE_AFTER = 17640  # samples, after each line
NOISE = 3e-4


def spoken(voice: EspeakVoice, lines: list[str]) -> tuple[list[Cue], np.ndarray]:
    """(cues, wav): the lines one after another in a quiet room, 22,050 Hz."""
    track, cues = [np.zeros(SILENCE_BEFORE, np.float32)], []
    for line in lines:
        start = sum(map(len, track)) / RATE
        track.append(voice.speak(line))
        end = sum(map(len, track)) / RATE

        cues.append((start, end, line))
        track.append(np.zeros(SILENCE_AFTER, np.float32))

    wav = np.concatenate(track)
    noise = np.random.default_rng(1).normal(scale=NOISE, size=len(wav))
    return cues, wav + noise


def write_quiz(folder: Path) -> None:
    """A quiz show with a CSV transcript that has categories."""
    voice = EspeakVoice("m3", words_per_minute=150, pitch=60, pitch_range=80)
    cues, wav = spoken(voice, QUIZ)

    rows = ["start,end,text,category"]
    for start, end, text in cues:
        category = "question" if text.endswith("?") else "show"
        rows.append(f'{start:.3f},{end:.3f},"{text}",{category}')

    folder.mkdir()
    soundfile.write(folder / "one.wav", wav, RATE, subtype="PCM_16")
    (folder / "one.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_interview(folder: Path) -> None:
    """An interview with SubRip subtitles."""
    voice = EspeakVoice("m3", words_per_minute=175, pitch=45, pitch_range=30)
    cues, wav = spoken(voice, INTERVIEW)
    write_recording(folder, "one", cues, wav, RATE)
