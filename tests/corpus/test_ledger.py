"""Every candidate in one table: joined, typed, found, heard."""

import numpy as np
import pytest

from helpers.handmade import RATE, corpus
from vago import VagoError
from vago.corpus.corrections import Correction
from vago.corpus.review import ledger


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"))


def test_each_candidate_is_one_row_with_what_its_clip_has(made):
    table = ledger.rows(made[0])
    assert list(table.candidate) == list(made[0].ledger.candidate)
    assert set(table.part) == {"training", "held-out", ""} and (table.part == "held-out").sum() == 2
    assert list(table[table.fate == "rejected"].snr_db.isna()) == [True, True]
    assert "confidence" not in table and "sha256" not in table, (
        "nothing in it, or nothing for people"
    )
    assert set(table.denoised) == {"no", ""}
    assert np.allclose(table.rate, table.text.str.len() / 2)


def test_columns_read_as_text_are_numbers_where_they_are(made):
    made = made[0]
    as_text = type(made)(
        **{
            **vars(made),
            "clips": made.clips.assign(
                loudness_lufs=[f"{-20 - i:.4f}" for i in range(len(made.clips))]
            ),
        }
    )
    table = ledger.rows(as_text)
    assert (
        ledger.kind(table.loudness_lufs) == "number"
        and table.loudness_lufs.min() == -20 - len(made.clips) + 1
    )
    kinds = {
        name: ledger.kind(table[name])
        for name in ("snr_db", "fate", "category", "text", "recording", "candidate")
    }
    assert kinds == dict(
        snr_db="number",
        fate="choice",
        category="choice",
        text="text",
        recording="text",
        candidate="text",
    )


def test_filters_add_up_and_missing_numbers_sort_last(made):
    table = ledger.rows(made[0])
    few = ledger.found(table, {"source": "quiz", "snr_db": (25, 30), "text": "PÁRATLAN"})
    assert list(few.candidate) == ["quiz-one-0005", "quiz-one-0009"]
    for descending, first in ((False, "quiz-one-0000"), (True, "quiz-one-0011")):
        order = ledger.found(table, {"source": "quiz"}, "snr_db", descending)
        assert order.candidate.iloc[0] == first and set(order.candidate.tail(2)) == {
            "quiz-one-0003",
            "quiz-one-0007",
        }
    assert list(ledger.found(table, {"fate": "rejected"}).reason) == ["too short", "silent"]
    assert list(ledger.found(table, {}, "text").text) == sorted(table.text, key=str.casefold)


def test_decisions_are_marked(made):
    fixed = [
        Correction("quiz", "one.wav", 0.5, 2.5, "reject"),
        Correction("quiz", "one.wav", 0.5, 2.5, "text", "Más."),
    ]
    table = ledger.rows(made[0], fixed)
    assert dict(table.by_hand[table.by_hand != ""]) == {0: "reject, text"}


def test_a_rejected_candidate_is_heard_from_its_recording(made):
    table = ledger.rows(made[0]).set_index("candidate", drop=False)
    wav, rate = ledger.sound(*made, table.loc["quiz-one-0007"])
    assert rate == RATE and len(wav) == 2 * RATE
    assert np.argmax(np.abs(np.fft.rfft(wav))) / 2 == pytest.approx(270, abs=1), "the seventh tone"
    kept, _ = ledger.sound(*made, table.loc["quiz-one-0008"])
    assert np.argmax(np.abs(np.fft.rfft(kept))) / 2 == pytest.approx(280, abs=1)


def test_a_sound_that_is_gone_is_a_sentence(made, tmp_path):
    table = ledger.rows(made[0]).set_index("candidate", drop=False)
    with pytest.raises(VagoError, match="one.wav is not in .* bring it back to hear quiz-one-0007"):
        ledger.sound(made[0], tmp_path, table.loc["quiz-one-0007"])
    late = table.loc["quiz-one-0007"].copy()
    late["start"], late["end"] = 900.0, 902.0
    with pytest.raises(VagoError, match="holds nothing from 900.00"):
        ledger.sound(*made, late)
