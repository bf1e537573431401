"""MCD, duration outliers, and the measures of a voice over its lines."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.recognition import FixedRecogniser, SpectrumEncoder
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.evaluation.intelligibility import measure_row
from vago.evaluation.metrics import (
    LineRecording,
    Reference,
    duration_outlier,
    mel_cepstral_distortion,
)

RATE = 24_000


@pytest.fixture(scope="module")
def clips(session_project) -> tuple[np.ndarray, np.ndarray]:
    """Two different clips of the same voice."""
    corpus = Corpus.load(session_project.corpus)
    return corpus.audio(corpus.clips.clip_id[0])[0], corpus.audio(corpus.clips.clip_id[5])[0]


def tone(hertz: float, seconds: float) -> np.ndarray:
    phase = 2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(phase)).astype(np.float32)


def test_distortion_is_zero_for_the_same_and_grows_with_difference(clips):
    wav, other = clips
    noise = np.random.default_rng(0).normal(scale=0.02, size=len(wav)).astype(np.float32)
    compared = [wav, wav * 0.5, wav + noise, other]
    same, louder, near, far = (mel_cepstral_distortion(wav, one) for one in compared)

    assert same == pytest.approx(0, abs=1e-4)
    assert louder < 1.0, "loudness is left out (but for the floor of the logarithm)"
    assert louder < near < far
    assert 3 < far < 20


def test_distortion_forgives_tempo(clips):
    wav, other = clips
    middle = len(wav) // 2
    paused = np.concatenate([wav[:middle], np.zeros(2048, np.float32), wav[middle:]])
    far = mel_cepstral_distortion(wav, other)
    assert mel_cepstral_distortion(wav, paused) < 0.5 * far


@pytest.mark.parametrize(
    "seconds, ended, odd",
    [(1.0, True, ""), (0.5, True, "too short"), (1.2, True, "too long"), (1.0, False, "cut")],
)
def test_duration_outliers(seconds, ended, odd):
    text = "Tíz betű ez"  # 11 characters: 0.55 to 1.1 s are usual
    line = LineRecording("one", text, tone(200, seconds), RATE, ended=ended)
    assert duration_outlier(line, (0.05, 0.10)) == odd


def test_a_row_of_four_lines(tmp_path):
    encoder = SpectrumEncoder()
    deep, high = encoder.embed(tone(150, 1), RATE), encoder.embed(tone(2000, 1), RATE)
    target = encoder.embed(tone(500, 1), RATE)
    reference = Reference(target, {"deep": deep, "high": high}, (0.05, 0.10))

    text = "Tíz betű ez"
    lines = [
        LineRecording("fine", text, tone(2000, 1.0), RATE, took_seconds=2.0),
        LineRecording("fast", text, tone(2000, 0.5), RATE, took_seconds=1.0),
        LineRecording("slow", text, tone(2000, 1.2), RATE, took_seconds=1.0),
        LineRecording("stopped", text, tone(2000, 1.0), RATE, took_seconds=2.0, ended=False),
    ]
    transcripts = ["tíz betű ez!", "tíz betű", "", "tíz betű ez"]
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "01_gone.wav").touch()

    row = measure_row(lines, reference, FixedRecogniser(*transcripts), encoder, folder, -20.0)
    assert [line["heard"] for line in row["lines"]] == transcripts
    assert [line["cer"] for line in row["lines"]] == pytest.approx([0, 3 / 11, 1, 0])
    assert [line["outlier"] for line in row["lines"]] == ["", "too short", "too long", "cut"]
    assert row["duration_outliers"] == 3
    assert row["cer"]["value"] == pytest.approx((3 / 11 + 1) / 4)
    assert row["seconds"] == pytest.approx(3.7)
    assert row["real_time_factor"] == pytest.approx(6 / 3.7)
    assert row["nearest_other"]["voice"] == "high"
    assert row["nearest_other"]["similarity"] > 0.9 > row["similarity"]["value"]

    names = ["01_fine.wav", "02_fast.wav", "03_slow.wav", "04_stopped.wav"]
    assert sorted(path.name for path in folder.iterdir()) == names
    wav, rate = io.load(tmp_path / row["lines"][0]["file"])
    assert len(wav) / rate == pytest.approx(1.0)
