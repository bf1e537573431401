"""Every candidate in one table: joined, typed, filtered, played."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.handmade import RATE, corpus, correction
from vago import VagoError
from vago.corpus.review import ledger


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"))


def test_each_candidate_is_one_row_with_what_its_clip_has(made):
    table = ledger.candidate_table(made[0])
    assert list(table.candidate) == list(made[0].ledger.candidate)
    assert table.part.value_counts().to_dict() == {
        "training": 18,
        "validation": 2,
        "test": 2,
        "": 2,
    }
    assert list(table[table.fate == "rejected"].snr_db.isna()) == [True, True]
    assert "confidence" not in table, "it has no value"
    assert "sha256" not in table, "it is not for people"
    assert set(table.denoised) == {"no", ""}
    assert np.allclose(table.rate, table.text.str.len() / 2)


def test_columns_read_as_text_are_numbers_where_they_are(made):
    made = made[0]
    loudness = [f"{-20 - i:.4f}" for i in range(len(made.clips))]
    clips = made.clips.assign(loudness_lufs=loudness)
    table = ledger.candidate_table(type(made)(**{**vars(made), "clips": clips}))
    assert table.loudness_lufs.min() == -20 - len(clips) + 1

    names = ("loudness_lufs", "snr_db", "fate", "category", "text", "recording", "candidate")
    kinds = [ledger.column_kind(table[name]) for name in names]
    assert kinds == ["number", "number", "choice", "choice", "text", "text", "text"]


def test_filters_add_up(made):
    table = ledger.candidate_table(made[0])
    few = ledger.select(table, {"source": "quiz", "snr_db": (25, 30), "text": "PÁRATLAN"})
    assert list(few.candidate) == ["quiz-one-0005", "quiz-one-0009"]
    assert list(ledger.select(table, {"fate": "rejected"}).reason) == ["too short", "silent"]


def test_missing_numbers_sort_last(made):
    table = ledger.candidate_table(made[0])
    for descending, first in ((False, "quiz-one-0000"), (True, "quiz-one-0011")):
        order = ledger.select(table, {"source": "quiz"}, "snr_db", descending)
        assert order.candidate.iloc[0] == first
        assert set(order.candidate.tail(2)) == {"quiz-one-0003", "quiz-one-0007"}

    by_text = ledger.select(table, {}, "text").text
    assert list(by_text) == sorted(table.text, key=str.casefold)


def test_decisions_are_marked(made):
    decided = [
        correction(0.5, 2.5, "reject", recording="one.wav"),
        correction(0.5, 2.5, "text", "Más.", recording="one.wav"),
    ]
    table = ledger.candidate_table(made[0], decided)
    assert dict(table.by_hand[table.by_hand != ""]) == {0: "reject, text"}


def hertz(wav: np.ndarray) -> float:
    """The pitch of a tone of 2 s."""
    return np.argmax(np.abs(np.fft.rfft(wav))) / 2


def test_a_rejected_candidate_is_played_from_its_recording(made):
    table = ledger.candidate_table(made[0]).set_index("candidate", drop=False)
    wav, rate = ledger.candidate_audio(*made, table.loc["quiz-one-0007"])
    assert rate == RATE and len(wav) == 2 * RATE
    assert hertz(wav) == pytest.approx(270, abs=1), "the seventh tone"

    kept, _ = ledger.candidate_audio(*made, table.loc["quiz-one-0008"])
    assert hertz(kept) == pytest.approx(280, abs=1)


def test_audio_that_is_gone_is_a_sentence(made, tmp_path):
    table = ledger.candidate_table(made[0]).set_index("candidate", drop=False)
    with pytest.raises(VagoError, match="one.wav is not in .* put it back to play quiz-one-0007"):
        ledger.candidate_audio(made[0], tmp_path, table.loc["quiz-one-0007"])

    late = table.loc["quiz-one-0007"].copy()
    late["start"], late["end"] = 900.0, 902.0
    with pytest.raises(VagoError, match="holds nothing from 900.00"):
        ledger.candidate_audio(*made, late)
