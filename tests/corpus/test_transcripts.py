"""SubRip, WebVTT and CSV transcripts, and the metadata of clip folders."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.tones import clock
from vago import VagoError
from vago.corpus.transcripts import read_cues, read_metadata

words = st.lists(st.text("aáőűAB42.,?!;\"'&-", min_size=1, max_size=8), min_size=1, max_size=6)
times = st.tuples(st.integers(0, 10**7), st.integers(1, 10**5))
drawn_cues = st.lists(
    st.tuples(times, words.map(" ".join)).map(
        lambda drawn: (drawn[0][0] / 1000, sum(drawn[0]) / 1000, drawn[1])
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda cue: cue[0],
).map(sorted)
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
        (1.5, 2.0, "- Első", 8),
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
        ("a.srt", "1\n00:00:02,000 --> 00:00:02,000\nszia\n", "a.srt, line 2: .* not after"),
        ("a.vtt", "WEBVTT\n\n00:01 --> \nszia\n", "a.vtt, line 3: .* is no timing"),
        ("a.csv", "start,end,text\n1,2,jó\nx,3,szia\n", "a.csv, line 3: .* are no times"),
        ("a.csv", "start,end,text\n1,nan,szia\n", "a.csv, line 2: .* are no times"),
        ("a.csv", "start,end,text\n3,2,szia\n", "a.csv, line 2: .* not after"),
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
        read_metadata(tmp_path / "metadata.csv")
