"""corrections.csv: what is written is read again, and a bad line is one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.handmade import correction
from vago import VagoError
from vago.corpus import corrections
from vago.corpus.corrections import Correction, read_corrections, write_corrections

HEAD = "source,recording,start,end,action,text,reason\n"

words = (
    st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
drawn_lines = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(corrections.ACTIONS), words, words, words),
    max_size=8,
)


@given(drawn_lines)
def test_what_is_written_is_read_again(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("c") / "new" / "corrections.csv"
    made = {}
    for start, action, name, text, reason in drawn:
        text = text if action == "text" else ""
        c = Correction("quiz", name, start, start + 1.5, action, text, reason)
        made[c.place] = c

    write_corrections(path, made.values())

    by_place = sorted(made.values(), key=lambda c: c.place)
    assert sorted(read_corrections(path), key=lambda c: c.place) == by_place
    assert path.exists() == bool(made), "an empty file is no file"


def test_a_change_is_one_line_of_the_file_whatever_the_order(tmp_path):
    path = tmp_path / "corrections.csv"
    corrections.put(path, correction(100, 103))
    corrections.put(path, correction(20, 23, "text"))
    corrections.put(path, correction(3, 5, "restore", reason="jó ez, csak halk"))
    lines = path.read_text().splitlines()
    assert [line.split(",")[2] for line in lines[1:]] == ["3.000", "20.000", "100.000"]

    corrections.put(path, correction(20, 23, "text", "Más szöveg."))
    corrections.put(path, correction(100, 103, "restore"))
    now = path.read_text().splitlines()
    assert len(now) == 4 and [a == b for a, b in zip(lines, now)] == [True, True, False, False]

    corrections.drop(path, correction(20, 23, "text"))
    assert now[2] not in path.read_text() and len(path.read_text().splitlines()) == 3
    corrections.drop(path, *read_corrections(path))
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("start,end\n", "line 1: the first line should be source,recording"),
        (HEAD + "quiz,a.wav,1,2,reject\n", "line 2: 5 cells, 7 are needed"),
        (HEAD + "\nquiz,a.wav,egy,2,reject,,\n", "line 3: start 'egy' and end '2' should be"),
        (HEAD + "quiz,a.wav,5,2,reject,,\n", "line 2: 5 to 2 s is not a range of time"),
        (HEAD + "quiz,a.wav,1,nan,reject,,\n", "line 2: 1 to nan s is not a range of time"),
        (HEAD + "quiz,a.wav,1,2,delete,,\n", "action 'delete' is not one of reject, restore, text"),
        (HEAD + "quiz,a.wav,1,2,text,,\n", "line 2: action text needs a text"),
        (HEAD + "quiz,a.wav,1,2,reject,Egy.,\n", "line 2: action reject has a text"),
        (HEAD + ",a.wav,1,2,reject,,\n", "line 2: source and recording are needed"),
        (HEAD + 'quiz,a.wav,1,2,text,"két\nsor",\nquiz,a.wav,1,2,tex,,\n', "line 4: action 'tex'"),
        (
            HEAD + "quiz,a.wav,1,2,reject,,\nquiz,a.wav,1,2.0,restore,,\n",
            "line 3: line 2 already decides about this fate",
        ),
        (HEAD + 'quiz,a.wav,1,2,text,"nyitva,\n', "is not a CSV file in UTF-8"),
    ],
)
def test_a_bad_line_is_one_sentence_with_its_place(tmp_path, content, message):
    path = tmp_path / "corrections.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(VagoError) as error:
        read_corrections(path)

    sentence = str(error.value)
    assert message in sentence and str(path) in sentence and "\n" not in sentence


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "corrections.csv"
    path.write_bytes(HEAD.encode() + "quiz,ő.wav,1,2,reject,,\n".encode("iso-8859-2"))
    with pytest.raises(VagoError, match="UTF-8"):
        read_corrections(path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    path = tmp_path / "corrections.csv"
    content = (HEAD + "quiz,ő.wav,1,2,reject,,\n").replace("\n", "\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + content.encode())

    assert read_corrections(path) == [correction(1, 2, recording="ő.wav")]
    assert read_corrections(tmp_path / "none.csv") == []
