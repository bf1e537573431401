"""SubRip, WebVTT and CSV transcripts, and the metadata of clip folders."""

from __future__ import annotations

import csv
import re
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.tones import clock
from vago import VagoError
from vago.corpus.transcripts.clip_lists import read_list
from vago.corpus.transcripts.read import read_cues

DIALOGUE = re.compile(r"^[-,.?! ]*-|[.?!]\s+-")  # such a dash is not a part of the text
words = st.lists(st.text("aáőűAB42.,?!;\"'&-", min_size=1, max_size=8), min_size=1, max_size=6)
times = st.tuples(st.integers(0, 10**7), st.integers(1, 10**5))
drawn_cues = st.lists(
    st.tuples(times, words.map(" ".join)).map(
        lambda drawn: (drawn[0][0] / 1000, sum(drawn[0]) / 1000, drawn[1])
    ),
    min_size=1,
    max_size=6,
    unique_by=(lambda cue: cue[0], lambda cue: cue[2].split()[0]),  # no caption repeats another
).map(sorted)
drawn_cues = drawn_cues.filter(lambda cues: not any(DIALOGUE.search(text) for *_, text in cues))
not_a_comment = drawn_cues.filter(lambda cues: not any("--" in text for *_, text in cues))
newlines = st.sampled_from(["\n", "\r\n"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("transcripts")


def read_back(folder, name: str, content: str, newline: str, bom: bool) -> list:
    """(start, end, text) of the cues of a file with this content."""
    path = folder / name
    mark = b"\xef\xbb\xbf" if bom else b""
    path.write_bytes(mark + content.replace("\n", newline).encode())
    return [(cue.start, cue.end, cue.text) for cue in read_cues(path)]


@settings(max_examples=60, deadline=None)
@given(not_a_comment, newlines, st.booleans(), st.booleans(), st.sampled_from(",."))
def test_srt_is_read_as_written(folder, cues, newline, bom, numbered, mark):
    blocks = []
    for number, (start, end, text) in enumerate(cues, 1):
        timing = f"{clock(start, mark)} --> {clock(end, mark)}"
        blocks.append(f"{number}\n" * numbered + f"{timing}\n{text}\n")

    content = "\n".join(blocks)
    assert read_back(folder, "a.srt", content, newline, bom) == cues
    assert read_back(folder, "a.srt", content.rstrip("\n"), newline, bom) == cues


@settings(max_examples=60, deadline=None)
@given(not_a_comment, newlines, st.booleans())
def test_vtt_is_read_as_written(folder, cues, newline, bom):
    head = "WEBVTT - title\n\nSTYLE\n::cue { color: red }\n\nNOTE\n00:01 is only a remark\n\n"
    blocks = []
    for start, end, text in cues:
        timing = f"{clock(start, '.')} --> {clock(end, '.')} align:start"
        blocks.append(f"{timing}\n{text.replace('&', '&amp;')}\n")

    assert read_back(folder, "a.vtt", head + "\n".join(blocks), newline, bom) == cues


@settings(max_examples=60, deadline=None)
@given(drawn_cues, newlines, st.booleans(), st.sampled_from(",;\t"), st.booleans(), st.booleans())
def test_csv_is_read_as_written(folder, cues, newline, bom, delimiter, clocks, header):
    decimal = "," if delimiter == ";" else "."
    file = StringIO()
    table = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    table.writerows([["start", "end", "text"]] * header)
    for start, end, text in cues:
        written = [str(at).replace(".", decimal) for at in (start, end)]
        if clocks:
            written = [clock(at, ".") for at in (start, end)]
        table.writerow([*written, text])

    if header or delimiter != "," or not clocks:
        assert read_back(folder, "a.csv", file.getvalue(), newline, bom) == cues


def test_what_real_transcripts_hold(tmp_path):
    srt = (
        "2\n00:00:05.000 --> 0:00:06,5\n{\\an8}<i>Második</i>\nsor < 3\n\n\n"
        "1\n0:01,5 --> 0:02\n- Első\n"
    )
    (tmp_path / "a.srt").write_text(srt)
    assert [(c.start, c.end, c.text, c.line) for c in read_cues(tmp_path / "a.srt")] == [
        (1.5, 2.0, "Első", 8),
        (5.0, 6.5, "Második sor < 3", 2),
    ]

    vtt = (
        "WEBVTT\n\nname of a cue\n00:01.000 --> 00:02.000\n"
        "<v Anna>Szia <00:01.500><c.x>te</c>!\n\nstray\n"
    )
    (tmp_path / "a.vtt").write_text(vtt)
    assert [cue.text for cue in read_cues(tmp_path / "a.vtt")] == ["Szia te!"]

    table = (
        "Category,Text,End,Start\n"
        'opening,"Jó estét,\nkívánok!",1:02.5,61\n\n,Igen.,1:00:00,63\n'
    )  # fmt: skip
    (tmp_path / "a.csv").write_text(table)
    cues = read_cues(tmp_path / "a.csv")
    assert [(c.start, c.end, c.text, c.line, c.category) for c in cues] == [
        (61.0, 62.5, "Jó estét, kívánok!", 2, "opening"),
        (63.0, 3600.0, "Igen.", 5, ""),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.srt", "", "a.srt holds no cues"),
        ("a.vtt", "WEBVTT\n", "a.vtt holds no cues"),
        ("a.csv", "start,end,text\n", "a.csv holds no cues"),
        ("a.srt", "1\n00:00:01,000 -> 00:00:02,000\nszia\n", "a.srt, line 2: .* is no timing"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:xx\nszia\n", "a.srt, line 2: .* is no timing"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:75,000\nszia\n", "a.srt, line 2: .* is no timing"),
        ("a.srt", "csak szöveg", "a.srt holds no timing line"),
        ("a.vtt", "WEBVTT\n\n00:01 --> \nszia\n", "a.vtt, line 3: .* is no timing"),
        ("a.csv", "start,end,text\n1,2,jó\nx,3,szia\n", "a.csv, line 3: .* are no times"),
        ("a.csv", "start,end,text\n1,nan,szia\n", "a.csv, line 2: .* are no times"),
        ("a.csv", "start,end,text\n3,4\n", "a.csv, line 2: found 2 field"),
    ],
)
def test_bad_transcripts_name_file_and_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(VagoError, match=message):
        read_cues(tmp_path / name)


def test_a_transcript_in_another_encoding(tmp_path):
    (tmp_path / "a.srt").write_bytes("1\n00:01 --> 00:02\nő\n".encode("cp1250"))
    with pytest.raises(VagoError, match="not UTF-8"):
        read_cues(tmp_path / "a.srt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("audio_file|text|speaker_name\na.wav|szia|x\nb.wav\n", "metadata.csv, line 3"),
        ("audio_file|text|speaker_name\n", "lists no clips"),
    ],
)
def test_bad_metadata_names_the_line(tmp_path, content, message):
    (tmp_path / "metadata.csv").write_text(content)
    with pytest.raises(VagoError, match=message):
        read_list(tmp_path / "metadata.csv")


# Files as other programs write them


def texts_of(path) -> list[tuple[float, float, str, str]]:
    return [(cue.start, cue.end, cue.text, cue.verdict.reason) for cue in read_cues(path)]


def test_a_line_that_holds_a_space_does_not_end_a_vtt_cue(tmp_path):
    path = tmp_path / "a.vtt"
    path.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n \nJó estét!\n\n00:03.000 --> 00:04.000\nIgen.\n \n"
        "name of the next\n00:05.000 --> 00:06.000\nNem.\n"
    )
    assert [text for *_, text, _ in texts_of(path)] == ["Jó estét!", "Igen.", "Nem."]


@pytest.mark.parametrize("suffix", [".tsv", ".csv"])
def test_whispers_milliseconds(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text('start\tend\ttext\n400\t3259\tAzt mondta: "Jó!\n3859\t6775\tÍme.\n')
    if suffix == ".csv":
        path.write_text("start\tend\ttext\n400\t3259\tAzt mondta: Jó!\n3859\t6775\tÍme.\n")
    (start, end, text, _), second = texts_of(path)
    assert (start, end) == (0.4, 3.259) and text.startswith("Azt mondta: ")
    assert second == (3.859, 6.775, "Íme.", "")


def test_whole_seconds_stay_seconds(tmp_path):
    (tmp_path / "a.csv").write_text("start,end,text\n0,4,Jó.\n4,65,Hosszú.\n70,75,Igen.\n")
    assert [cue[:2] for cue in texts_of(tmp_path / "a.csv")] == [(0, 4), (4, 65), (70, 75)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("start,end,text\n1,2,Jó.\n3,4,Jó estét, hölgyeim!\n", 3),
        ("1,2,Jó estét, hölgyeim és uraim!\n", 1),
        ("1,2,Jó.\n3,4,Jó estét, hölgyeim, és uraim!\n", 2),
        ('start,end,text\n1,2,"Jó.\n3,4,Igen.\n5,6,"Nem."\n', 2),
        ('start;end;text\n1;2;"Jó.\n3;4;Igen.\n', 2),
    ],
)
def test_a_comma_or_quote_that_breaks_a_text_is_refused(tmp_path, content, line):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(VagoError, match=rf"a\.csv, line {line}: .*(?:put the text into|missing)"):
        read_cues(tmp_path / "a.csv")


def test_cues_without_length_or_with_another_text_at_the_same_time_are_rows(tmp_path):
    (tmp_path / "a.csv").write_text(
        "start,end,text\n1,1,Semmi.\n4,3,Fordítva.\n5,7,Egyik.\n5.02,7,Másik.\n8,9,Kétszer.\n"
        "8,9,Kétszer.\n8.5,9.5,Közben.\n"
    )
    found = {cue.text: cue.verdict for cue in reversed(read_cues(tmp_path / "a.csv"))}
    assert found["Semmi."].reason == found["Fordítva."].reason == "too short"
    assert "line 3: the cue starts at 4 s and ends at 3 s" in found["Fordítva."].detail
    assert found["Egyik."].reason == found["Másik."].reason == "contradictory text"
    assert "line 5" in found["Egyik."].detail and "Másik." in found["Egyik."].detail
    assert not found["Közben."].reason and not found["Kétszer."].reason
    reasons = [cue.verdict.reason for cue in read_cues(tmp_path / "a.csv")]
    assert reasons.count("duplicate") == 1
