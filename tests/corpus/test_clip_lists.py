"""Lists of clips as coqui, its web UIs, piper, GPT-SoVITS, LJSpeech and pandas write them."""

from __future__ import annotations

import unicodedata

import pandas as pd
import pytest

from vago import VagoError
from vago.corpus.sources import find_recordings, passed_over
from vago.corpus.transcripts.clip_lists import read_list

TEXTS = ["Jó estét kívánok!", "Íme a kérdés: ki az?", "A válasz a Duna.", "Ön nyert.", "Viszlát!"]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "s"
    (folder / "wavs").mkdir(parents=True)
    for k in range(len(TEXTS)):
        (folder / "wavs" / f"c{k}.wav").touch()
    return folder


LAYOUTS = {
    "coqui": ["audio_file|text|speaker_name", "wavs/c{k}.wav|{text}|Anna"],
    "coqui without header": ["wavs/c{k}.wav|{text}|Anna"],
    "piper": ["c{k}.wav|Anna|{text}"],
    "piper, one speaker": ["c{k}|{text}"],
    "piper with header": ["file|speaker|text", "c{k}.wav|Anna|{text}"],
    "GPT-SoVITS": ["/content/data/c{k}.wav|Anna|hu|{text}"],
    "LJSpeech": ["c{k}|{text}|{text} szavakkal"],
    "Windows": ["audio_file|text|speaker_name", r"C:\hang\wavs\c{k}.wav|{text}|Anna"],
    "upper case": ["audio_file|text|speaker_name", "WAVS/C{k}.WAV|{text}|Anna"],
    "Hugging Face": ["file_name,transcription", 'wavs/c{k}.wav,"{text}"'],
    "Common Voice": ["client_id\tpath\tsentence", "Anna\tc{k}.wav\t{text}"],
    "text first": ["{text}|c{k}.wav"],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_columns_are_found(folder, layout):
    *head, row = LAYOUTS[layout]
    lines = [row.replace("{k}", str(k)).replace("{text}", text) for k, text in enumerate(TEXTS)]
    (folder / "metadata.csv").write_text("\n".join(head + lines) + "\n", encoding="utf-8")

    clips = read_list(folder / "metadata.csv")
    assert [clip.text for clip in clips] == TEXTS
    assert [clip.path for clip in clips] == [folder / "wavs" / f"c{k}.wav" for k in range(5)]
    named = "Anna" in row
    assert {clip.speaker for clip in clips} == {"Anna" if named else ""}
    assert [clip.line for clip in clips] == list(range(len(head) + 1, len(head) + 6))


@pytest.mark.parametrize("separator", ["|", ",", "\t"])
@pytest.mark.parametrize("index", [True, False])
def test_what_pandas_writes(folder, separator, index):
    texts = ['Azt mondta: "Jó estét!"', "A|B, C\tD", "Két\nsor.", '"Igen."', "Nem."]
    table = pd.DataFrame(
        {
            "audio_file": [f"wavs/c{k}.wav" for k in range(5)],
            "text": texts,
            "speaker_name": "Anna",
        }
    )
    table.to_csv(folder / "metadata.csv", sep=separator, index=index)
    read = [clip.text for clip in read_list(folder / "metadata.csv")]
    assert read == [" ".join(text.split()) for text in texts]


def test_quotation_marks_that_are_a_part_of_the_text_stay(folder):
    (folder / "metadata.csv").write_text(
        'c0|"Igen", mondta.\nc1|Ez az "új".\nc2|"Egy" és "kettő"\n'
    )
    read = [clip.text for clip in read_list(folder / "metadata.csv")]
    assert read == ['"Igen", mondta.', 'Ez az "új".', '"Egy" és "kettő"']


def test_a_name_in_another_unicode_form_is_found(folder):
    (folder / "wavs" / unicodedata.normalize("NFD", "első.wav")).touch()
    name = unicodedata.normalize("NFC", "Első.wav")
    (folder / "metadata.csv").write_text(f"{name}|Jó estét!\n", encoding="utf-8")
    (clip,) = read_list(folder / "metadata.csv")
    assert clip.path.is_file()


def test_train_and_eval_are_read_together(folder):
    head = "audio_file|text|speaker_name\n"
    for name, places in (("train", range(4)), ("eval", [4])):
        rows = "".join(f"wavs/c{k}.wav|{TEXTS[k]}|Anna\n" for k in places)
        (folder / f"metadata_{name}.csv").write_text(head + rows, encoding="utf-8")
    (folder / "lang.txt").write_text("hu")

    found = find_recordings(folder.parent, ["s"])
    assert [recording.cues[0].text for recording in found] == TEXTS
    assert all(recording.is_clip for recording in found)
    assert passed_over(folder) == []


def test_a_file_that_is_listed_twice(folder):
    (folder / "metadata.csv").write_text(
        "c0|Jó estét kívánok!\nc1|Egyik szöveg.\nc0|Jó estét kívánok!\nc1|Másik szöveg.\n"
    )
    found = find_recordings(folder.parent, ["s"])
    reasons = [recording.cues[0].verdict.reason for recording in found]
    assert reasons == ["", "contradictory text", "duplicate", "contradictory text"]
    assert "line 4 gives it: Másik szöveg." in found[1].cues[0].verdict.detail


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ez|nem|lista\n", r"line 1: 'ez \| nem \| lista'.*expected audio_file\|text"),
        ("Jó estét!|Kezdjük el!\n", "no column names a file that is there"),
        ("c0|igen\nc1|nem\n", "which column is the text is not certain"),
        ("c0|Jó estét!\nc1\n", "line 2: found 1 field"),
        ("audio_file|text|speaker_name\n", "lists no clips"),
        ("", "lists no clips"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(folder, content, message):
    (folder / "metadata.csv").write_text(content)
    with pytest.raises(VagoError, match=message):
        read_list(folder / "metadata.csv")


@pytest.mark.parametrize("ending", [".lab", ".txt"])
def test_texts_beside_the_clips(tmp_path, ending):
    (tmp_path / "s").mkdir()
    for k, text in enumerate(TEXTS):
        (tmp_path / "s" / f"c{k}.wav").touch()
        (tmp_path / "s" / f"c{k}{ending}").write_text(f"{text}\n", encoding="utf-8")
    found = find_recordings(tmp_path, ["s"])
    assert [recording.cues[0].text for recording in found] == TEXTS
    assert all(recording.is_clip for recording in found)

    (tmp_path / "s" / "c0.lab").write_text("0 1200000 sil\n1200000 2400000 j\n")
    (tmp_path / "s" / "c0.txt").unlink(missing_ok=True)
    with pytest.raises(VagoError, match="c0.lab, line 1: .* is a label with its times"):
        find_recordings(tmp_path, ["s"])


@pytest.mark.parametrize(
    ("transcript", "audio"),
    [
        ("a.hu.srt", "a.wav"),
        ("a.hu-HU.vtt", "a.opus"),
        ("a.srt", "A.mkv"),
        ("ő.srt", "o\u030b.wav"),
    ],
)
def test_a_transcript_finds_its_recording(tmp_path, transcript, audio):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / audio).touch()
    mark = "WEBVTT\n\n" if transcript.endswith("vtt") else ""
    (tmp_path / "s" / transcript).write_text(f"{mark}00:01.000 --> 00:02.000\nIgen.\n")
    (found,) = find_recordings(tmp_path, ["s"])
    assert found.path.name == audio and found.cues[0].text == "Igen."


def test_what_is_passed_over_is_named(tmp_path):
    (tmp_path / "s" / "sub").mkdir(parents=True)
    for name in ("a.wav", "a.srt", "jegyzet.docx", ".rejtett", "sub/b.wav"):
        (tmp_path / "s" / name).touch()
    assert passed_over(tmp_path / "s") == ["jegyzet.docx", "sub/"]
