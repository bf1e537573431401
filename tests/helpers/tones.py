"""Recordings of tones in a quiet room, with transcripts: quick to make, and cut as speech is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from vago.audio import io

RATE = io.SAMPLE_RATE
ROOM_NOISE = 10 ** (-65 / 20)
KNOWN = set("aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyzAÁBCDEÉFGHIJKLMNOÓPQRSTUÚVWXYZ .,:;!?-'")


def encode(text: str) -> list[int]:
    """A tokenizer of one token a character; 1 is the unknown one."""
    return [2 if character in KNOWN else 1 for character in text]


def tone(seconds: float, hertz: float = 300.0, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    at = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def room(
    *sounds: tuple[float, np.ndarray],
    seconds: float,
    rate: int = RATE,
    noise: float = ROOM_NOISE,
    seed: int = 0,
) -> np.ndarray:
    """A quiet room in which each sound starts at its second."""
    samples = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    wav = noise * samples.astype(np.float32)
    for start, sound in sounds:
        first = round(start * rate)
        wav[first : first + len(sound)] += sound
    return wav


def clock(seconds: float, mark: str = ",") -> str:
    """62.5 -> 00:01:02,500."""
    rest, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, seconds = divmod(rest, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{mark}{milliseconds:03d}"


def write_recording(folder: Path, name: str, cues, wav: np.ndarray, rate: int = RATE) -> None:
    """A WAV file, and its (start, end, text) as SubRip."""
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{name}.wav", wav, rate, subtype="PCM_16")
    blocks = [
        f"{number}\n{clock(start)} --> {clock(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    ]
    (folder / f"{name}.srt").write_text("\n".join(blocks), encoding="utf-8")


def questions(count: int = 8, seed: int = 0, rate: int = RATE):
    """(cues, wav): tones of a second, each of another pitch, with cues a little too short."""
    letter = "abcdefghij"[seed]
    cues = [(2 * k + 1.1, 2 * k + 1.9, f"A {k + 1}. kérdés {letter}") for k in range(count)]
    sounds = [(2 * k + 1, tone(1, 200 + 20 * k + seed, rate=rate)) for k in range(count)]
    return cues, room(*sounds, seconds=2 * count + 1, rate=rate, seed=seed)
