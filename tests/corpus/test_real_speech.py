"""Real Hungarian speech, if shared/ lies beside the project: a long file with a second voice.

Skipped in a clean clone: the recordings are not ours to copy.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile

from helpers.projects import ROOT
from helpers.speech import needs
from vago.audio import asr_model, espeak, io
from vago.corpus.params import CorpusParams
from vago.corpus.prepare import prepare
from vago.paths import Paths
from vago.text.error_rate import character_error_rate

SPEECH = ROOT.parent / "shared" / "data" / "hu_speech"
RATE = 44_100
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SPEECH.is_dir(), reason="no real speech here"),
    needs("faster_whisper", "rapidfuzz", "resemblyzer", *asr_model.WHEELS),
]


def interview(count: int):
    """(wav, [(start, end, real, text)]): sentences, with an espeak-ng voice after every third."""
    rng = np.random.default_rng(1)
    guest = espeak.EspeakVoice("f2")
    rows = list(csv.DictReader((SPEECH / "transcripts.csv").open(encoding="utf-8")))[:count]
    parts, spoken = [np.zeros(RATE, np.float32)], []

    def say(wav: np.ndarray, real: bool, text: str) -> None:
        start = sum(map(len, parts)) / RATE
        spoken.append((start, start + len(wav) / RATE, real, text))
        pause = np.zeros(round(rng.uniform(0.35, 1.3) * RATE), np.float32)
        parts.extend([0.5 * wav / np.abs(wav).max(), pause])

    for number, row in enumerate(rows):
        say(io.load(SPEECH / row["file"])[0], True, row["text"])
        if number % 3 == 2:
            text = rows[-1 - number]["text"]
            say(io.resample(guest.speak(text), espeak.RATE, RATE), False, "")

    wav = np.concatenate(parts)
    room = 10 ** (-50 / 20) * rng.standard_normal(len(wav))
    return (wav + room).astype(np.float32), spoken


def test_a_long_file_becomes_clips_with_their_text(tmp_path):
    folder = tmp_path / "outputs" / "demo" / "recordings" / "quiz"
    folder.mkdir(parents=True)
    wav, spoken = interview(12)
    soundfile.write(folder / "long.flac", np.stack([wav, wav], axis=1), RATE)
    p = CorpusParams(sources=["quiz"], held_out_min_clips=2)
    made = prepare(p, Paths.of(p, tmp_path), lambda text: [2] * len(text))

    def shared(row, turn) -> float:
        return max(0.0, min(row.end, turn[1]) - max(row.start, turn[0]))

    real = [turn for turn in spoken if turn[2]]
    foreign = [turn for turn in spoken if not turn[2]]
    own, others = [], []
    for row in made.ledger.itertuples():
        balance = sum(shared(row, one) for one in real) - sum(shared(row, one) for one in foreign)
        (own if balance > 0 else others).append(row)

    assert all(row.fate == "rejected" for row in others)  # no clip of the second voice
    assert not [row for row in own if row.reason == "another speaker"]

    # Whisper's base model reaches 0.13 on twelve of these sentences
    rate = character_error_rate(" ".join(one[3] for one in real), " ".join(row.text for row in own))
    assert rate < 0.2, rate

    kept = [row for row in own if row.fate == "kept"]
    seconds = sum(end - start for start, end, *_ in real)
    covered = sum(shared(row, one) for row in kept for one in real) / seconds
    assert covered > 0.8, (covered, made.ledger["reason"].tolist())
    assert made.timeline["seconds"].sum() == pytest.approx(len(wav) / RATE, abs=0.01)
