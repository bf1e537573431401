"""Candidates as records: their verdicts, their rows, and duplicates."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from helpers.tones import RATE, room, tone
from vago.audio.quality import AudioMeasures
from vago.corpus.candidates import Candidate, ClipAudio, ClipText, Place, clip_row, ledger_row
from vago.corpus.corpus import CLIP_COLUMNS, LEDGER_COLUMNS
from vago.corpus.measures import NUMBERS, Measures
from vago.corpus.params import CorpusParams
from vago.corpus.sources import Recording
from vago.corpus.staging import alike
from vago.corpus.verdicts import Verdict

P = CorpusParams(speaker="Anna")


@pytest.fixture
def candidate():
    recording = Recording(Path("a.wav"), "quiz", stem="quiz-a")
    text = ClipText("A 2. kérdés?", "A második kérdés?", 17)
    place = Place(recording, 1.0, 2.5, "hash")
    return Candidate("quiz-a-0001", place, text, audio=ClipAudio(RATE))


def test_the_first_fault_and_a_decision_by_hand_stay(candidate):
    candidate.reject("duplicate", "sounds like another")
    candidate.reject("odd rate", "")
    assert candidate.verdict == Verdict("duplicate", "sounds like another")

    candidate.verdict = Verdict("", "restored by hand", restored=True)
    candidate.reject("odd rate", "")
    assert candidate.kept and candidate.verdict.detail == "restored by hand"


def test_rows_have_the_tables_columns(candidate):
    kept, clip = ledger_row(candidate), clip_row(P, candidate)
    assert set(kept) == {*LEDGER_COLUMNS, *NUMBERS}
    assert set(clip) == {*CLIP_COLUMNS, *NUMBERS, "recording_sha256"} - {"part"}
    assert (kept["fate"], kept["clip_id"], kept["seconds"]) == ("kept", "quiz-a-0001", 1.0)
    assert (clip["category"], clip["speaker"], clip["seconds"]) == ("question", "Anna", 1.0)

    candidate.audio = ClipAudio()
    candidate.reject("silent", "")
    rejected = ledger_row(candidate)
    assert (rejected["fate"], rejected["clip_id"], rejected["seconds"]) == ("rejected", "", 1.5)


def test_every_measure_of_audio_is_a_column():
    assert {row.name for row in fields(AudioMeasures)} <= {row.name for row in fields(Measures)}
    measured = replace(Measures(confidence=0.5), **vars(AudioMeasures(-23.0)))
    assert (measured.confidence, measured.loudness_lufs) == (0.5, -23.0)
    assert np.isnan(measured.snr_db)


def test_the_same_audio_is_a_duplicate_at_any_small_shift():
    one = room((0.5, tone(1)), seconds=2)
    shifted = np.roll(one, 200)
    other = room((0.5, tone(1, 420)), seconds=2)
    assert alike(one, shifted)
    assert not alike(one, other)
    assert not alike(one, one[:RATE])
