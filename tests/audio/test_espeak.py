"""espeak-ng's voices."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from vago import VagoError
from vago.audio.espeak import RATE, EspeakVoice

SENTENCE = "Jó estét kívánok, kedves nézőink, kezdődik a mai játék!"


def median_pitch(samples: np.ndarray) -> float:
    f0 = librosa.yin(samples, fmin=50, fmax=300, sr=RATE)
    loud = librosa.feature.rms(y=samples)[0][: len(f0)]
    return float(np.median(f0[loud > loud.max() / 4]))


def test_rate_pitch_and_variant_change_the_speech():
    slow, fast = EspeakVoice(words_per_minute=110), EspeakVoice(words_per_minute=220)
    assert len(slow.speak(SENTENCE)) > 1.5 * len(fast.speak(SENTENCE))

    low, high = EspeakVoice(pitch=20).speak(SENTENCE), EspeakVoice(pitch=80).speak(SENTENCE)
    assert median_pitch(high) > 1.25 * median_pitch(low)

    usual, other = EspeakVoice().speak(SENTENCE), EspeakVoice(variant="f2").speak(SENTENCE)
    assert median_pitch(other) > 1.25 * median_pitch(usual)


def test_voices_do_not_affect_one_another():
    alone = EspeakVoice(words_per_minute=120).speak(SENTENCE)
    first = EspeakVoice(words_per_minute=120)
    second = EspeakVoice("f2", words_per_minute=240, pitch=90)

    second.speak("Egészen más szöveg, hogy a könyvtár állapota is más legyen.")
    spoken = first.speak(SENTENCE)
    assert np.array_equal(alone, spoken)
    assert spoken.dtype == np.float32 and 0.1 < np.abs(spoken).max() < 1
    assert not first.speak("").any()


def test_missing_voice_and_missing_library_are_reported(monkeypatch, tmp_path):
    with pytest.raises(VagoError, match="no voice variant 'nobody'.*m3"):
        EspeakVoice("nobody")

    import espeakng_loader

    broken = tmp_path / "libespeak-ng.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(broken))
    with pytest.raises(VagoError, match="could not be loaded .*: reinstall"):
        EspeakVoice()


def test_data_under_a_long_path_is_found(monkeypatch, tmp_path):
    """espeak-ng truncates the path of its data at 160 characters, and then ends the process."""
    import espeakng_loader

    deep = tmp_path / ("long" * 20) / ("path" * 30) / "espeak-ng-data"
    deep.parent.mkdir(parents=True)
    deep.symlink_to(espeakng_loader.get_data_path(), target_is_directory=True)
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep))
    assert len(EspeakVoice().speak(SENTENCE)) > RATE
