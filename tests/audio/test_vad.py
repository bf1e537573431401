"""Voice activity detection by energy and by Silero VAD."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.speech import SENTENCES, conversation, noise
from vago.audio import espeak, io, vad

RATE = io.SAMPLE_RATE


def tone(seconds: float, level: float = 0.5) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * 440 * at)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.mark.parametrize("noise_db", [-200, -80, -40])
def test_energy_finds_speech_over_any_noise_floor(noise_db):
    wav = np.concatenate([silence(1), tone(0.5), silence(0.5), tone(0.3, 0.2), silence(1)])
    found = vad.energy_segments(wav + noise(len(wav), noise_db), RATE)
    assert found.segments == pytest.approx(np.array([[1.0, 1.5], [2.0, 2.3]]), abs=0.016)
    assert 1.5 < found.quietest(1.2, 2.2) < 2.0


def test_short_gaps_are_no_pauses_and_silence_has_no_speech():
    wav = np.concatenate([tone(0.5), silence(0.05), tone(0.5)])
    assert len(vad.energy_segments(np.pad(wav, RATE), RATE).segments) == 1
    assert len(vad.energy_segments(silence(1), RATE).segments) == 0


def test_silero_finds_each_sentence_and_no_noise():
    import torch

    voice = espeak.EspeakVoice("m3")
    wav, spoken = conversation([(voice, "a", text) for text in SENTENCES[:4]])
    threads = torch.get_num_threads()
    found = vad.silero_segments(io.resample(wav, RATE, 16_000))
    assert torch.get_num_threads() == threads

    assert all(any(a < end and b > start for a, b in found) for start, end, *_ in spoken)
    between = [(one[1] + 0.25, other[0] - 0.1) for one, other in zip(spoken, spoken[1:])]
    assert not any(a < high and b > low for a, b in found for low, high in between)

    assert len(vad.silero_segments(np.zeros(16_000, np.float32))) == 0
    assert len(vad.silero_segments(np.zeros(0, np.float32))) == 0
