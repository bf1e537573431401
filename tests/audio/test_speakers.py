"""Speaker embeddings, and clustering them into the target and the others."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from helpers.speech import SENTENCES, needs
from vago import VagoError
from vago.audio import espeak, speakers
from vago.audio.speakers import SpeakerEncoder


def near(middle: np.ndarray, count: int, spread: float, rng) -> np.ndarray:
    """(count, D) unit vectors around `middle`."""
    vectors = middle + spread * rng.standard_normal((count, len(middle))) / np.sqrt(len(middle))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_the_target_speaks_most_or_is_similar_to_the_sample():
    rng = np.random.default_rng(0)
    one, two = np.eye(32)[0], 0.6 * np.eye(32)[0] + 0.8 * np.eye(32)[1]
    vectors = np.concatenate([near(one, 30, 0.3, rng), near(two, 12, 0.3, rng)])
    seconds = np.full(42, 3.0)
    spans = np.stack([np.arange(42) * 4.0, np.arange(42) * 4.0 + 3], axis=1)
    first = np.arange(42) < 30

    majority = speakers.cluster_speakers(vectors, seconds)
    assert (speakers.target_segments(majority, vectors, spans, 0.5) == first).all()

    sampled = speakers.cluster_speakers(vectors, seconds, two)
    assert (speakers.target_segments(sampled, vectors, spans, 0.5) == ~first).all()

    nobody = speakers.cluster_speakers(vectors, seconds, np.eye(32)[9])
    assert not speakers.target_segments(nobody, vectors, spans, 0.65).any()

    # too short to judge: as its neighbour
    spans[5, 1] = spans[5, 0] + 0.4
    vectors[5] = two
    assert speakers.target_segments(majority, vectors, spans, 0.5)[5]


def test_pauses_are_removed():
    wav = np.arange(32_000, dtype=np.float32)
    kept = speakers.remove_pauses(wav, [(0.5, 1.0), (1.5, 9.0)])
    assert np.array_equal(kept, np.concatenate([wav[8000:16_000], wav[24_000:]]))
    assert len(speakers.remove_pauses(wav, [])) == 0


def test_a_missing_package_is_reported_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "resemblyzer", None)
    message = r"not installed .*pip install -e '\.\[evaluation\]'.*Resemblyzer"
    with pytest.raises(VagoError, match=message):
        SpeakerEncoder.open()


@needs("resemblyzer")
def test_the_speaker_encoder_separates_two_voices():
    encoder = SpeakerEncoder.open()
    voices = [espeak.EspeakVoice(variant) for variant in ("m3", "f2")]
    known = [
        encoder.speaker_embedding((voice.speak(text), espeak.RATE) for text in SENTENCES[:2])
        for voice in voices
    ]
    new = [encoder.embed(voice.speak(SENTENCES[2]), espeak.RATE) for voice in voices]

    cosines = np.array(new) @ np.array(known).T  # (new, known)
    assert cosines[0, 0] > cosines[0, 1] + 0.1 and cosines[1, 1] > cosines[1, 0] + 0.1, cosines
    for vector in (*known, *new):
        assert vector.shape == (256,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)

    assert not encoder.embed(np.zeros(8000, np.float32), 16_000).any()
    hiss = np.random.default_rng(1).normal(scale=0.01, size=12_000).astype(np.float32)
    without_speech = encoder.embed(hiss, 24_000)
    assert np.linalg.norm(without_speech) == pytest.approx(1, abs=1e-5)
