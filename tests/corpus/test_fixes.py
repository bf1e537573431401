"""Decisions find their clips when recordings are cut differently; none is lost silently."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.handmade import correction
from vago.corpus.corpus import Corpus
from vago.corpus.corrections import Correction, put, read_corrections, write_corrections
from vago.corpus.fixes import Fix, find_fixes, fixes_of_ledger, outcomes
from vago.corpus.params import CorpusParams


def test_a_text_and_a_fate_live_beside_each_other(tmp_path):
    path = tmp_path / "corrections.csv"
    put(path, correction(3, 5, "restore"))
    put(path, correction(3, 5, "text"))
    (fix,) = find_fixes(read_corrections(path), "quiz", "a.wav", [(3.01, 5.0)])
    assert fix.text.text == "Szöveg." and fix.fate.action == "restore"


@given(st.lists(st.floats(0.6, 11), min_size=1, max_size=20), st.data())
def test_edges_may_move_a_little(lengths, data):
    """By less than a quarter of a second, for clips of at least 0.6 s with pauses between them."""
    spans, at = [], 0.0
    for length in lengths:
        spans.append((at, at + length))
        at += length + 0.3

    decided = []
    for span in spans:
        fate = data.draw(st.sampled_from(["reject", "restore"]))
        decided += [correction(*span, fate), correction(*span, "text")]

    moves = st.floats(-0.24, 0.24)
    moved = [(start + data.draw(moves), end + data.draw(moves)) for start, end in spans]
    for span, fix in zip(spans, find_fixes(decided, "quiz", "a.wav", moved), strict=True):
        assert (fix.text.start, fix.text.end) == span
        assert (fix.fate.start, fix.fate.end) == span


def test_only_a_rejection_holds_if_cuts_differ_much():
    decided = [correction(10, 16), correction(20, 22, "text"), correction(30, 32, "restore")]
    halves = find_fixes(decided, "quiz", "a.wav", [(10, 12.9), (13.1, 16), (16.5, 19)])
    assert [fix.fate is not None for fix in halves] == [True, True, False]

    wider = find_fixes(decided, "quiz", "a.wav", [(8, 17), (19, 23), (29, 33)])
    assert wider == [Fix(fate=decided[0]), Fix(), Fix()]

    assert find_fixes(decided, "quiz", "b.wav", [(10, 16)]) == [Fix()]
    assert find_fixes(decided, "interview", "a.wav", [(10, 16)]) == [Fix()]


def test_the_nearer_decision_beats_the_wider_one():
    decided = [correction(10, 16), correction(10, 12.9, "restore")]
    first, second = find_fixes(decided, "quiz", "a.wav", [(10, 12.9), (13.1, 16)])
    assert first.fate.action == "restore" and second.fate.action == "reject"


def test_a_ledger_gets_the_fixes_of_each_recording():
    rows = [("quiz", "b.wav", 1, 2), ("quiz", "a.wav", 1, 2), ("quiz", "a.wav", 5, 6)]
    ledger = pd.DataFrame(rows, columns=["source", "recording", "start", "end"], index=[7, 3, 5])
    decided = [correction(5, 6), correction(1, 2, recording="b.wav")]
    assert fixes_of_ledger(decided, ledger) == [Fix(fate=decided[1]), Fix(), Fix(fate=decided[0])]


def test_verdicts():
    reject = correction(1, 2)
    restore = correction(1, 2, "restore")
    text = correction(1, 2, "text")
    with_reason = correction(1, 2, reason="taps")

    assert Fix(fate=reject).verdict("", "", True) == ("rejected by hand", "")
    assert Fix(fate=with_reason).verdict("", "", True) == ("rejected by hand", "taps")
    by_rule = Fix(fate=reject).verdict("silent", "-60 dBFS", True)
    assert by_rule == ("rejected by hand", "silent: -60 dBFS")

    restored = Fix(fate=restore).verdict("clipped", "2 %", True)
    assert restored == ("", "restored by hand, though clipped (2 %)")
    unusable = Fix(fate=restore).verdict("too long", "13 s", False)
    assert unusable == ("too long", "13 s; it cannot be restored")

    assert Fix(text=text).verdict("", "", True) == ("", "text corrected by hand")
    assert Fix().verdict("clipped", "2 %", True) == ("clipped", "2 %")


def test_what_finds_no_clip_is_reported(tmp_path):
    path = tmp_path / "corrections.csv"
    write_corrections(
        path,
        [
            correction(1, 3),
            correction(50, 53, "text"),
            correction(5, 8, "restore"),
            correction(1, 3, recording="gone.wav"),
        ],
    )
    ledger = pd.DataFrame(
        [
            ("quiz", "a.wav", 1.1, 3.0, "rejected", "rejected by hand"),
            ("quiz", "a.wav", 5.0, 8.0, "rejected", "too long"),
        ],
        columns=["source", "recording", "start", "end", "fate", "reason"],
    )

    found, failed, *lost = outcomes(path, ledger)
    assert found == "2 of 4 corrections in corrections.csv found their clips"
    assert "line 3 (restore quiz/a.wav 5.00-8.00 s) was not applied" in failed
    assert "the clip is too long" in failed
    assert ["gone.wav" in line or "50.00" in line for line in lost] == [True, True]
    assert all("matches no clip any more" in line and "line" in line for line in lost)


@pytest.fixture
def again(project):
    """Cut the session's recordings again: (corpus before, corpus after, outcomes)."""
    from vago.corpus import prepare
    from vago.model import xtts

    def cut(*decided, **settings):
        before = Corpus.load(project.corpus)
        write_corrections(project.corrections, [c(before) for c in decided])
        p = CorpusParams(
            profile="mini",
            held_out_fraction=0.2,
            held_out_min_clips=4,
            stretch_seconds=3,
            verify_transcripts="off",
            **settings,
        )
        after = prepare.prepare(p, project, xtts.text_encoder(project.base))
        return before, after, outcomes(project.corrections, after.ledger)

    return cut


def of(candidate, action, text="", reason=""):
    """A decision about a candidate of a corpus, which is known only later."""

    def found(corpus):
        row = corpus.ledger.set_index("candidate").loc[candidate]
        return Correction(row.source, row.recording, row.start, row.end, action, text, reason)

    return found


def test_decisions_hold_in_a_later_run_that_cuts_otherwise(again):
    """Padding and search differ, so that every edge moves."""
    before, after, lines = again(
        of("quiz-one-0002", "text", "Íme a 3. kérdés, figyeljen jól!"),
        of("quiz-one-0003", "reject", reason="köhögés"),
        of("interview-one-0004", "reject"),
        lambda corpus: correction(900, 903, recording="one.wav"),
        padding_seconds=0.05,
        search_seconds=0.2,
    )

    corrected = after.clips.set_index("clip_id").loc["quiz-one-0002"]
    assert corrected.text == "Íme a harmadik kérdés, figyeljen jól!"
    assert corrected.written == "Íme a 3. kérdés, figyeljen jól!"
    assert corrected.start != before.clips.set_index("clip_id").start["quiz-one-0002"]

    ledger = after.ledger.set_index("candidate")
    rejected = tuple(ledger.loc["quiz-one-0003", ["fate", "reason", "detail"]])
    assert rejected == ("rejected", "rejected by hand", "köhögés")
    assert ledger.reason["interview-one-0004"] == "rejected by hand"
    gone = set(before.clips.clip_id) - set(after.clips.clip_id)
    assert gone == {"quiz-one-0003", "interview-one-0004"}
    assert not (after.root / "clips" / "quiz-one-0003.wav").exists()

    assert lines[0].startswith("3 of 4") and len(lines) == 2 and "900.00" in lines[1]


def test_restoring_overrides_a_rule_but_not_the_tokenizer(again):
    """At 0 dBFS every clip is silent: some are restored, one whose text has no tokens is not."""
    quiz = [f"quiz-one-{n:04d}" for n in (1, 5, 7, 8, 9, 10, 11)]
    interview = [f"interview-one-{n:04d}" for n in (1, 2, 3, 8, 9, 10, 11)]
    restored = [of(name, "restore") for name in quiz + interview]
    unknown = of("quiz-one-0005", "text", "Jaj ☺!")
    _, after, lines = again(*restored, unknown, silent_dbfs=0.0)

    ledger = after.ledger.set_index("candidate")
    assert ledger.fate["quiz-one-0001"] == "kept"
    assert "restored by hand, though silent" in ledger.detail["quiz-one-0001"]
    assert ledger.reason["quiz-one-0002"] == "silent"
    assert ledger.fate["quiz-one-0005"] == "rejected"
    assert len(after.clips) == 13
    assert ["was not applied" in line for line in lines] == [False, True]


def test_without_decisions_nothing_changes(again):
    before, after, lines = again()
    assert before.digest == after.digest and lines[0].startswith("no corrections")


def test_the_file_is_an_input_of_notebook_1_once_it_is_there(project):
    from vago.workbook import pipeline

    p = CorpusParams(profile="mini")
    inputs = pipeline.STEPS["01_prepare_dataset"].inputs
    assert project.corrections not in inputs(project, p)

    put(project.corrections, correction(1, 2))
    assert project.corrections == project.root / "params" / "mini" / "corrections.csv"
    assert project.corrections in inputs(project, p)
