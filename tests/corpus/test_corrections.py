"""Decisions survive being written, cut anew and edited by hand; none is lost without a word."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vago import VagoError
from vago.corpus import corrections
from vago.corpus.corrections import Correction, Fix, fixes

HEAD = "source,recording,start,end,action,text,reason\n"


def one(start, end, action="reject", text="", reason="", recording="a.wav"):
    return Correction(
        "quiz",
        recording,
        start,
        end,
        action,
        text or ("Szöveg." if action == "text" else ""),
        reason,
    )


words = (
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1)
    .map(lambda t: " ".join(t.split()))
    .filter(bool)
)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.sampled_from(corrections.ACTIONS), words, words, words),
        max_size=8,
    )
)
def test_what_is_written_is_read_again(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("c") / "new" / "corrections.csv"
    made = {}
    for start, action, name, text, reason in drawn:
        c = Correction(
            "quiz", name, start, start + 1.5, action, text if action == "text" else "", reason
        )
        made[c.place] = c
    corrections.write(path, made.values())
    assert sorted(corrections.read(path), key=lambda c: c.place) == sorted(
        made.values(), key=lambda c: c.place
    )
    assert path.exists() == bool(made), "an empty file is no file"


def test_a_change_is_one_line_of_the_file_whatever_the_order(tmp_path):
    path = tmp_path / "corrections.csv"
    for c in (one(100, 103), one(20, 23, "text"), one(3, 5, "restore", reason="jó ez, csak halk")):
        corrections.put(path, c)
    lines = path.read_text().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ["3.000", "20.000", "100.000"]
    corrections.put(path, one(20, 23, "text", "Más szöveg."))
    corrections.put(path, one(100, 103, "restore"))
    now = path.read_text().splitlines()
    assert len(now) == 4 and [a == b for a, b in zip(lines, now)] == [True, True, False, False]
    corrections.drop(path, one(20, 23, "text"))
    assert now[2] not in path.read_text() and len(path.read_text().splitlines()) == 3
    corrections.drop(path, *corrections.read(path))
    assert not path.exists()


def test_a_text_and_a_fate_live_beside_each_other(tmp_path):
    path = tmp_path / "corrections.csv"
    corrections.put(path, one(3, 5, "restore"))
    corrections.put(path, one(3, 5, "text"))
    (fix,) = fixes(corrections.read(path), "quiz", "a.wav", [(3.01, 5.0)])
    assert fix.text.text == "Szöveg." and fix.fate.action == "restore"


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("start,end\n", "line 1: the first line should be source,recording"),
        (HEAD + "quiz,a.wav,1,2,reject\n", "line 2: 5 cells, 7 are needed"),
        (
            HEAD + "\nquiz,a.wav,egy,2,reject,,\n",
            "line 3: start 'egy' and end '2' should be seconds",
        ),
        (HEAD + "quiz,a.wav,5,2,reject,,\n", "line 2: from 5 to 2 s is no stretch"),
        (HEAD + "quiz,a.wav,1,nan,reject,,\n", "line 2: from 1 to nan s is no stretch"),
        (
            HEAD + "quiz,a.wav,1,2,delete,,\n",
            "line 2: action 'delete' is none of reject, restore, text",
        ),
        (HEAD + "quiz,a.wav,1,2,text,,\n", "line 2: it has no text"),
        (HEAD + "quiz,a.wav,1,2,reject,Egy.,\n", "line 2: it is reject and has a text"),
        (HEAD + ",a.wav,1,2,reject,,\n", "line 2: source and recording are needed"),
        (HEAD + 'quiz,a.wav,1,2,text,"két\nsor",\nquiz,a.wav,1,2,tex,,\n', "line 4: action 'tex'"),
        (
            HEAD + "quiz,a.wav,1,2,reject,,\nquiz,a.wav,1,2.0,restore,,\n",
            "line 3: line 2 already decides about this fate",
        ),
        (HEAD + 'quiz,a.wav,1,2,text,"nyitva,\n', "cannot be read as UTF-8 text with commas"),
    ],
)
def test_a_bad_line_is_one_sentence_with_its_place(tmp_path, content, sentence):
    path = tmp_path / "corrections.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(VagoError) as error:
        corrections.read(path)
    assert (
        sentence in str(error.value)
        and str(path) in str(error.value)
        and "\n" not in str(error.value)
    )


def test_bytes_that_are_no_text_and_a_spreadsheet_s_mark(tmp_path):
    path = tmp_path / "corrections.csv"
    path.write_bytes(HEAD.encode() + "quiz,ő.wav,1,2,reject,,\n".encode("iso-8859-2"))
    with pytest.raises(VagoError, match="UTF-8"):
        corrections.read(path)
    path.write_bytes(
        b"\xef\xbb\xbf" + (HEAD + "quiz,ő.wav,1,2,reject,,\n").replace("\n", "\r\n").encode()
    )
    assert (
        corrections.read(path) == [one(1, 2, recording="ő.wav")]
        and corrections.read(tmp_path / "none.csv") == []
    )


@given(
    st.lists(st.floats(0.6, 11), min_size=1, max_size=20),
    st.data(),
)
def test_cut_a_little_otherwise_every_decision_finds_its_clip(lengths, data):
    """Edges that move by less than a quarter of a second, clips of at least 0.6 s with pauses between them."""
    spans, at = [], 0.0
    for length in lengths:
        spans.append((at, at + length))
        at += length + 0.3
    decided = [
        one(*span, action)
        for span in spans
        for action in (data.draw(st.sampled_from(["reject", "restore"])), "text")
    ]
    moves = st.floats(-0.24, 0.24)
    moved = [(a + data.draw(moves), b + data.draw(moves)) for a, b in spans]
    for span, fix in zip(spans, fixes(decided, "quiz", "a.wav", moved)):
        assert (fix.text.start, fix.text.end) == span and (fix.fate.start, fix.fate.end) == span


def test_cut_quite_otherwise_only_a_rejection_holds():
    decided = [one(10, 16), one(20, 22, "text"), one(30, 32, "restore")]
    halves = fixes(decided, "quiz", "a.wav", [(10, 12.9), (13.1, 16), (16.5, 19)])
    assert [fix.fate is not None for fix in halves] == [True, True, False]
    wider = fixes(decided, "quiz", "a.wav", [(8, 17), (19, 23), (29, 33)])
    assert wider == [Fix(fate=decided[0]), Fix(), Fix()]
    assert (
        fixes(decided, "quiz", "b.wav", [(10, 16)])
        == fixes(decided, "interview", "a.wav", [(10, 16)])
        == [Fix()]
    )


def test_the_nearer_decision_beats_the_wider_one():
    decided = [one(10, 16), one(10, 12.9, "restore")]
    first, second = fixes(decided, "quiz", "a.wav", [(10, 12.9), (13.1, 16)])
    assert first.fate.action == "restore" and second.fate.action == "reject"


def test_verdicts():
    reject, restore, text = one(1, 2), one(1, 2, "restore"), one(1, 2, "text")
    assert Fix(fate=reject).verdict("", "", True) == ("rejected by hand", "")
    assert Fix(fate=one(1, 2, reason="taps")).verdict("", "", True) == ("rejected by hand", "taps")
    assert Fix(fate=reject).verdict("silent", "-60 dBFS", True) == (
        "rejected by hand",
        "silent: -60 dBFS",
    )
    reason, detail = Fix(fate=restore).verdict("clipped", "2 %", True)
    assert reason == "" and "restored by hand" in detail and "clipped" in detail and "2 %" in detail
    reason, detail = Fix(fate=restore).verdict("too long", "13 s", False)
    assert reason == "too long" and detail == "13 s; it cannot be restored"
    assert Fix(text=text).verdict("", "", True) == ("", "text corrected by hand")
    assert Fix().verdict("clipped", "2 %", True) == ("clipped", "2 %")


def test_what_finds_no_clip_is_said(tmp_path):
    path = tmp_path / "corrections.csv"
    corrections.write(
        path,
        [one(1, 3), one(50, 53, "text"), one(5, 8, "restore"), one(1, 3, recording="gone.wav")],
    )
    ledger = pd.DataFrame(
        [
            ("quiz", "a.wav", 1.1, 3.0, "rejected", "rejected by hand"),
            ("quiz", "a.wav", 5.0, 8.0, "rejected", "too long"),
        ],
        columns=["source", "recording", "start", "end", "fate", "reason"],
    )
    said = corrections.told(path, ledger)
    assert said[0] == "2 of 4 corrections in corrections.csv found their clips"
    assert "line 3 (restore quiz/a.wav 5.00-8.00 s) cannot be done, the clip is too long" in said[1]
    assert ["gone.wav" in s or "50.00" in s for s in said[2:]] == [True, True]
    assert all("matches no clip any more" in s and "line" in s for s in said[2:])


@pytest.fixture
def again(project):
    """Cut the session's recordings anew with some corrections: (corpus before, corpus after, what is told)."""
    from vago.corpus import prepare
    from vago.corpus.corpus import Corpus
    from vago.corpus.params import CorpusParams
    from vago.model import xtts

    def cut(*decided, **settings):
        before = Corpus.load(project.corpus)
        corrections.write(project.corrections, [c(before) for c in decided])
        p = CorpusParams(
            profile="mini",
            held_out_fraction=0.2,
            held_out_min_clips=4,
            stretch_seconds=3,
            **settings,
        )
        after = prepare.prepare(p, project, xtts.encoder(project.base))
        return before, after, corrections.told(project.corrections, after.ledger)

    return cut


def of(candidate, action, text="", reason=""):
    def found(corpus):
        row = corpus.ledger.set_index("candidate").loc[candidate]
        return Correction(row.source, row.recording, row.start, row.end, action, text, reason)

    return found


def test_decisions_hold_in_a_later_run_that_cuts_otherwise(again):
    """Padding and search differ, so that every edge moves."""
    decided = [
        of("quiz-one-0002", "text", "Íme a 3. kérdés, figyeljen jól!"),
        of("quiz-one-0003", "reject", reason="köhögés"),
        of("interview-one-0004", "reject"),
        lambda corpus: one(900, 903, "reject", recording="one.wav"),
    ]
    before, after, told = again(*decided, padding_seconds=0.05, search_seconds=0.2)
    clips, ledger = after.clips.set_index("clip_id"), after.ledger.set_index("candidate")
    assert clips.text["quiz-one-0002"] == "Íme a harmadik kérdés, figyeljen jól!"
    assert clips.written["quiz-one-0002"] == "Íme a 3. kérdés, figyeljen jól!"
    assert clips.start["quiz-one-0002"] != before.clips.set_index("clip_id").start["quiz-one-0002"]
    assert list(ledger.loc["quiz-one-0003", ["fate", "reason", "detail"]]) == [
        "rejected",
        "rejected by hand",
        "köhögés",
    ]
    assert ledger.reason["interview-one-0004"] == "rejected by hand"
    assert set(before.clips.clip_id) - set(after.clips.clip_id) == {
        "quiz-one-0003",
        "interview-one-0004",
    }
    assert not (after.root / "clips" / "quiz-one-0003.wav").exists()
    assert told[0].startswith("3 of 4") and len(told) == 2 and "900.00" in told[1]


def test_restoring_overrides_a_rule_but_not_the_tokenizer(again):
    """At -10 dBFS everything is silent: one clip is brought back, another with a text that has no tokens stays out."""
    decided = [
        *(
            of(name, "restore")
            for name in (
                "quiz-one-0001",
                "quiz-one-0005",
                "interview-one-0001",
                "interview-one-0002",
            )
        ),
        *(of(f"quiz-one-{n:04d}", "restore") for n in (7, 8, 9, 10, 11)),
        *(of(f"interview-one-{n:04d}", "restore") for n in (7, 8, 9, 10, 11)),
        of("quiz-one-0005", "text", "Jaj ☺!"),
    ]
    _, after, told = again(*decided, silent_dbfs=0.0)
    ledger = after.ledger.set_index("candidate")
    assert (
        ledger.fate["quiz-one-0001"] == "kept"
        and "restored by hand, though silent" in ledger.detail["quiz-one-0001"]
    )
    assert ledger.reason["quiz-one-0002"] == "silent" and ledger.fate["quiz-one-0005"] == "rejected"
    assert len(after.clips) == 13 and ["cannot be done" in line for line in told] == [False, True]


def test_without_decisions_nothing_is_other_than_before(again):
    before, after, told = again()
    assert before.digest == after.digest and told[0].startswith("no corrections")


def test_the_file_is_an_input_of_notebook_1_once_it_is_there(project):
    from vago.corpus.params import CorpusParams
    from vago.workbook import pipeline

    p = CorpusParams(profile="mini")
    assert project.corrections not in pipeline.corpus_inputs(project, p)
    corrections.put(project.corrections, one(1, 2))
    assert project.corrections == project.root / "params" / "mini" / "corrections.csv"
    assert project.corrections in pipeline.STEPS["01_prepare_dataset"].inputs(project, p)
