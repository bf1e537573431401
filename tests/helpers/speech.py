"""Spoken test material, and a mark for tests that need optional packages."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from vago.audio.espeak import RATE

SENTENCES = [
    "Holnap reggel hazajön a nagymama a faluból.",
    "Az iskola előtt áll a piros autóbusz.",
    "Kérek egy pohár vizet és két almát.",
    "Melyik folyó szeli ketté Budapestet?",
    "A kíváncsiság viszi előre az embert.",
    "Gyerekkoromban sokat olvastam a kertben.",
    "Szeretem a csendes reggeleket a hegyekben.",
    "Három, kettő, egy, lejárt az idő, kérem!",
]


def needs(*packages: str):
    """Skip the test unless these packages are installed."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def noise(count: int, db: float, seed: int = 0) -> np.ndarray:
    """(count,) float32 of white noise with an RMS of `db` dBFS."""
    samples = 10 ** (db / 20) * np.random.default_rng(seed).standard_normal(count)
    return samples.astype(np.float32)


def conversation(turns, pause=(0.5, 0.9), noise_db=-55.0, seed=1):
    """Turns of (voice, who, text) in a noisy room, with pauses of random length between them.

    Returns:
        wav: (samples,) float32 at RATE
        spoken: (start, end, who, text) of each turn, in seconds
    """
    rng = np.random.default_rng(seed)
    parts, spoken = [np.zeros(RATE // 2, np.float32)], []
    for voice, who, text in turns:
        said = np.trim_zeros(voice.speak(text))
        start = sum(map(len, parts)) / RATE
        spoken.append((start, start + len(said) / RATE, who, text))

        rest = np.zeros(round(rng.uniform(*pause) * RATE), np.float32)
        parts += [0.5 * said / np.abs(said).max(), rest]

    wav = np.concatenate(parts).astype(np.float32)
    room = 10 ** (noise_db / 20) * rng.standard_normal(len(wav))
    return wav + room.astype(np.float32), spoken
