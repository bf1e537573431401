"""Recordings of any length, read once into scratch files."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from helpers.speech import noise
from vago.audio import io, reader

RATE = io.SAMPLE_RATE


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_an_open_recording_equals_the_loaded_file(tmp_path, rate):
    wav = np.clip(noise(rate * 61 + 17, -3), -1, 1)
    soundfile.write(tmp_path / "a.wav", wav, rate, subtype="PCM_16")
    loaded, _ = io.load(tmp_path / "a.wav")

    with reader.open_recording(
        tmp_path / "a.wav", tmp_path / "scratch", (RATE, 16_000)
    ) as recording:
        assert (recording.samples, recording.rate) == (len(loaded), rate)
        assert recording.sha256 == io.sha256(loaded)

        # Resampled block by block as in one piece
        whole = recording.whole()[:]
        assert np.array_equal(whole, io.resample(loaded, rate, RATE))
        expected = 16_000 * len(loaded) / rate
        assert len(recording.whole(16_000)) == pytest.approx(expected, abs=2)

        for a, b in ((0.0, 0.1), (29.99, 31.7), (60.5, 99.0), (70.0, 80.0)):
            assert np.array_equal(recording.wav(a, b), whole[round(a * RATE) : round(b * RATE)])
            clipped = io.clipped_fraction(loaded[round(a * rate) : round(b * rate)])
            assert recording.clipped_fraction(a, b) == clipped
        assert recording.clipped_fraction(0, 99) > 0.01

    assert not (tmp_path / "scratch").exists()
