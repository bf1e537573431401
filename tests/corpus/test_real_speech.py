"""Real Hungarian speech, where shared/ lies beside the project: a long file of it, with a second voice, noise and pauses.

Skipped in a clean clone: the recordings are not ours to copy.
"""

from __future__ import annotations

import csv
import importlib.util

import numpy as np
import pytest
import soundfile

from helpers.projects import ROOT
from vago.audio import asr, espeak, io
from vago.corpus import prepare
from vago.corpus.params import CorpusParams
from vago.paths import Paths
from vago.text import error_rate

SPEECH = ROOT.parent / "shared" / "data" / "hu_speech"
PACKAGES = ("faster_whisper", "rapidfuzz", "resemblyzer", *asr.WHEELS)
pytestmark = pytest.mark.skipif(
    not SPEECH.is_dir() or any(importlib.util.find_spec(name) is None for name in PACKAGES),
    reason="no real speech, or no ears",
)
RATE = 44_100


def glued(count: int):
    """(wav, [(start, end, real, text)]): real sentences, an espeak-ng voice after every third, a room, pauses."""
    rng, parts, spoken = np.random.default_rng(1), [np.zeros(RATE, np.float32)], []
    guest = espeak.Voice("f2")
    rows = list(csv.DictReader((SPEECH / "transcripts.csv").open(encoding="utf-8")))[:count]

    def say(wav, real, text):
        start = sum(map(len, parts)) / RATE
        spoken.append((start, start + len(wav) / RATE, real, text))
        parts.extend(
            [
                0.5 * wav / np.abs(wav).max(),
                np.zeros(round(rng.uniform(0.35, 1.3) * RATE), np.float32),
            ]
        )

    for number, row in enumerate(rows):
        say(io.load(SPEECH / row["file"])[0], True, row["text"])
        if number % 3 == 2:
            say(io.resample(guest.speak(rows[-1 - number]["text"]), espeak.RATE, RATE), False, "")
    wav = np.concatenate(parts)
    return (wav + 10 ** (-50 / 20) * rng.standard_normal(len(wav))).astype(np.float32), spoken


def test_a_long_file_comes_back_as_clips_with_their_text(tmp_path):
    folder = tmp_path / "outputs" / "demo" / "recordings" / "quiz"
    folder.mkdir(parents=True)
    wav, spoken = glued(9)
    soundfile.write(folder / "long.flac", np.stack([wav, wav], axis=1), RATE)
    p = CorpusParams(sources=["quiz"], held_out_min_clips=2)
    made = prepare.prepare(p, Paths.of(p, tmp_path), lambda text: [2] * len(text))

    def shared(row, one):
        return max(0.0, min(row.end, one[1]) - max(row.start, one[0]))

    ours = [
        row
        for row in made.ledger.itertuples()
        if sum(shared(row, one) * (1 if one[2] else -1) for one in spoken) > 0
    ]
    assert all(row.fate == "rejected" for row in made.ledger.itertuples() if row not in ours), (
        "no clip of the second voice"
    )
    assert not [row for row in ours if row.reason == "another speaker"]
    kept = [row for row in ours if row.fate == "kept"]
    real = [one for one in spoken if one[2]]
    covered = sum(shared(row, one) for row in kept for one in real) / sum(
        one[1] - one[0] for one in real
    )
    text = " ".join(row.text for row in ours)
    rate = error_rate.character_error_rate(" ".join(one[3] for one in real), text)
    # Whisper's base model reaches 0.13 on twelve of these sentences
    assert rate < 0.2 and covered > 0.8, (rate, covered, made.ledger["reason"].tolist())
    assert made.timeline["seconds"].sum() == pytest.approx(len(wav) / RATE, abs=0.01)
