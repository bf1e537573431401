"""Quality measures of clips with known noise, bandwidth and background, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from helpers.speech import noise
from vago.audio import espeak, io, quality
from vago.corpus.params import CorpusParams
from vago.corpus.verdicts import of_quality

RATE = io.SAMPLE_RATE
P = CorpusParams()
SENTENCES = ("Az iskola előtt áll a piros busz.", "Kérek egy pohár vizet.")


@pytest.fixture(scope="module")
def spoken():
    """Two sentences with a pause of 0.6 s, in half a second of silence; and their times."""
    voice = espeak.EspeakVoice("m3")
    one, two = (np.trim_zeros(voice.speak(text)) for text in SENTENCES)
    rest, pause = np.zeros(RATE // 2, np.float32), np.zeros(round(0.6 * RATE), np.float32)
    wav = np.concatenate([rest, one, pause, two, rest])

    a, b = 0.5 + len(one) / RATE, 1.1 + len(one) / RATE
    return wav * 0.5 / np.abs(wav).max(), np.array([(0.5, a), (b, b + len(two) / RATE)])


def chord(count: int, db: float) -> np.ndarray:
    at = np.arange(count) / RATE
    tones = sum(np.sin(2 * np.pi * hertz * at) for hertz in (220, 277, 330, 440, 554, 660, 880))
    return (10 ** (db / 20) * tones / np.sqrt(3.5)).astype(np.float32)


def measured(wav, speech, floor=-70.0):
    return quality.measure(wav, 0.0, wav, 0.0, speech, floor, " ".join(SENTENCES))


def fault(found: quality.AudioMeasures) -> str:
    return of_quality(P, found).reason


def test_snr_falls_with_the_noise(spoken):
    wav, speech = spoken
    ratios = [measured(wav + noise(len(wav), db), speech).snr_db for db in (-60, -50, -40, -30)]
    assert np.diff(ratios) == pytest.approx(-10, abs=2.5)

    parts = [wav[round(a * RATE) : round(b * RATE)] for a, b in speech]
    speech_db = 10 * np.log10(np.mean(np.concatenate(parts) ** 2))
    assert ratios[1] == pytest.approx(speech_db + 50, abs=2)

    assert fault(measured(wav + noise(len(wav), -22), speech, floor=-22)) == "noisy"


@pytest.mark.parametrize(
    ("noise_db", "chord_db", "floor", "kind"),
    [
        (-75, None, -75, "quiet"),
        (-45, None, -45, "noise"),
        (-32, None, -70, "applause"),
        (-70, -40, -70, "music"),
        (-60, -25, -28, "music"),
    ],
)
def test_the_background_is_classified_by_the_pauses(spoken, noise_db, chord_db, floor, kind):
    wav, speech = spoken
    under = noise(len(wav), noise_db)
    if chord_db is not None:
        under = chord(len(wav), chord_db) + under
    assert measured(wav + under, speech, floor).background == kind


def test_loud_music_is_refused_and_soft_music_is_not(spoken):
    wav, speech = spoken
    room = noise(len(wav), -70)
    loud, soft = (measured(wav + chord(len(wav), db) + room, speech) for db in (-28, -48))
    assert (fault(loud), fault(soft)) == ("music", "")


def test_bandwidth_loudness_and_rate(spoken):
    wav, speech = spoken
    narrow = sosfilt(butter(24, 2300, fs=RATE, output="sos"), wav).astype(np.float32)
    found = measured(narrow, speech)
    assert 2200 < found.bandwidth_hz < 3000 < measured(wav, speech).bandwidth_hz
    assert fault(found) == "narrow"

    assert found.loudness_lufs == pytest.approx(io.loudness(narrow, RATE))
    seconds = float(np.diff(speech).sum())
    assert found.rate == pytest.approx(len(" ".join(SENTENCES)) / seconds)


@pytest.mark.parametrize("samples", [0, RATE])
def test_silence_has_no_fault(samples):
    silence, no_speech = np.zeros(samples, np.float32), np.zeros((0, 2))
    found = quality.measure(silence, 0.0, silence, 0.0, no_speech, -90.0, "a" if samples else "")
    assert fault(found) == ""
