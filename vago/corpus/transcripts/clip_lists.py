"""The texts of a folder of clips: metadata.csv and its relatives, or a file beside each clip."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vago import VagoError
from vago.corpus.transcripts import captions
from vago.corpus.transcripts.cue import one_line, read_text
from vago.corpus.verdicts import KEPT, Verdict

# metadata.csv, coqui's metadata_train.csv and metadata_eval.csv, GPT-SoVITS's name.list
LISTS = ("metadata.csv", "metadata.txt", "metadata.tsv", "metadata_*.csv", "*.list")
BESIDE = (".lab", ".txt")  # one clip's text, under its name

# What the columns are called by coqui, pandas' users, Hugging Face and Common Voice
HEADERS = {
    "file": "audio_file file_name filename file path audio wav audio_path wav_path id".split(),
    "text": "text transcript transcription sentence normalized_text".split(),
    "speaker": "speaker_name speaker speaker_id client_id".split(),
}
EXPECTED = (
    "audio_file|text|speaker_name under that header, id|text|normalized text (LJSpeech), "
    "file|speaker|text (piper) or path|speaker|language|text (GPT-SoVITS)"
)
ENDINGS = ("", ".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a")

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z]{2})?", re.IGNORECASE)
_LABEL_TIMES = re.compile(r"^\d+(?:\.\d+)?\s+\d+(?:\.\d+)?\s+\S+$")


@dataclass(frozen=True)
class ClipLine:
    """An audio file and its text; the line of a list that says so, 0 where there is none.

    listed_in: the file that its text comes from.
    """

    path: Path
    text: str
    speaker: str = ""
    line: int = 0
    verdict: Verdict = KEPT
    listed_in: Path | None = None


def lists_in(folder: Path) -> list[Path]:
    """The lists of clips in a folder; metadata_train.csv before metadata_eval.csv."""
    found = {file for pattern in LISTS for file in folder.glob(pattern) if file.is_file()}
    return sorted(found, key=lambda file: ("eval" in file.stem, file.name))


def read_lists(files: Sequence[Path]) -> list[ClipLine]:
    """The clips of all lists of a folder.

    A file that is listed twice with different texts has a verdict in both places; with the same
    text the later one is a duplicate.

    Raises:
        VagoError: see `read_list`.
    """
    clips = [clip for file in files for clip in read_list(file)]
    first: dict[Path, int] = {}
    for index, clip in enumerate(clips):
        earlier = clips[first.setdefault(clip.path, index)]
        if earlier is clip:
            continue
        if earlier.text == clip.text:
            why = Verdict("duplicate", f"line {earlier.line} lists the same file and text")
            clips[index] = replace(clip, verdict=why)
            continue
        for place, other in ((index, earlier), (first[clip.path], clip)):
            why = Verdict("contradictory text", f"line {other.line} gives it: {other.text}")
            clips[place] = replace(clips[place], verdict=why)
    return clips


def read_list(path: Path) -> list[ClipLine]:
    """The clips that one list names.

    A header names the columns; without one, they are told by what is in them. A file is looked for
    as it is named, beside the list and in wavs/, with and without a suffix.

    Raises:
        VagoError: not UTF-8, no clips, a line without its text, or columns that are not understood;
            file and line are named.
    """
    path = Path(path)
    rows = _rows(read_text(path))
    if not rows:
        raise VagoError(
            f"{path} lists no clips: write one `audio_file|text|speaker_name` line for each, "
            "under that header"
        )

    files = _Files(path.parent)
    columns = _named_columns(rows[0][1])
    if columns:
        rows = rows[1:]
    else:
        columns = _guessed_columns(path, rows, files)
    if not rows:
        raise VagoError(f"{path} lists no clips: write one line for each under the header")

    needed = max(columns["file"], columns["text"])
    clips = []
    for line, row in rows:
        if len(row) <= needed:
            raise VagoError(
                f"{path}, line {line}: found {len(row)} field(s), need file | text: fix this line"
            )
        text, verdict = captions.spoken([row[columns["text"]]])
        found = files.find(row[columns["file"]].strip())
        speaker = row[columns.get("speaker", len(row)) :][:1]  # [] where there is no such column
        clips.append(ClipLine(found, text, "".join(speaker).strip(), line, verdict, path))
    return clips


def text_beside(audio: Path) -> Path | None:
    """The .lab or .txt with a clip's text, None where there is none.

    Raises:
        VagoError: there are both.
    """
    found = [file for ending in BESIDE if (file := audio.with_suffix(ending)).is_file()]
    if len(found) > 1:
        raise VagoError(f"{audio} has both {found[0].name} and {found[1].name}: keep one")
    return found[0] if found else None


def read_beside(audio: Path, file: Path) -> ClipLine:
    """A clip and the text in the file beside it.

    Raises:
        VagoError: not UTF-8, or phones with their times instead of a text.
    """
    lines = [line for line in read_text(file).split("\n") if line.strip()]
    if lines and all(_LABEL_TIMES.match(line.strip()) for line in lines):
        raise VagoError(
            f"{file}, line 1: {lines[0]!r} is a label with its times: write the clip's text"
        )
    text, verdict = captions.spoken(lines)
    return ClipLine(audio, text, verdict=verdict, listed_in=file)


# Rows and columns


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """(line, fields) of each row; a field in quotation marks may hold separators and line breaks.

    Only a field that is quoted as a whole is unquoted: LJSpeech writes quotation marks as they are.
    """
    ends = re.compile(rf"[{_delimiter(text)}\n]|\Z")
    found = []
    place, line = 0, 1
    while place <= len(text):
        start_line, row = line, []
        while True:
            quoted = _QUOTED.match(text, place)
            end = quoted.end() if quoted else place
            if quoted and ends.match(text, end):
                row.append(quoted[1].replace('""', '"'))
            else:
                end = ends.search(text, place).start()
                row.append(text[place:end])
            line += text.count("\n", place, end)
            place = end + 1
            if end >= len(text) or text[end] == "\n":
                break
        if any(field.strip() for field in row):
            found.append((start_line, row))
        line += 1
    return found


def _delimiter(text: str) -> str:
    """The separator of the first row: | or a tab before ; and the comma, which texts hold too."""
    first = text.split("\n", 1)[0]
    return next((one for one in "|\t;," if one in first), "|")


def _named_columns(row: Sequence[str]) -> dict[str, int]:
    """The columns that a header names; empty where the row is no header."""
    names = [field.strip().strip('"').lower() for field in row]
    columns = {}
    for column, known in HEADERS.items():
        if name := next((name for name in known if name in names), None):
            columns[column] = names.index(name)
    return columns if {"file", "text"} <= set(columns) else {}


def _guessed_columns(
    path: Path, rows: Sequence[tuple[int, list[str]]], files: _Files
) -> dict[str, int]:
    """The columns of a list without header.

    Raises:
        VagoError: no column names files that are there, or which one is the text is not certain.
    """
    width = max(len(row) for _, row in rows)
    table = [
        [row[column].strip() for _, row in rows if column < len(row)] for column in range(width)
    ]
    there = [sum(files.find(name).is_file() for name in values) for values in table]
    if not any(there):
        # files that are missing are a row of the ledger each; the first column names them
        if width < 2 or not _looks_like_a_file(table[0]):
            raise VagoError(_not_understood(path, rows[0], "no column names a file that is there"))
    file = there.index(max(there))

    others = [column for column in range(width) if column != file]
    texts = [column for column in others if _looks_like_text(table[column])]
    labels = [column for column in others if _looks_like_a_label(table[column])]
    unsure = [column for column in others if column not in texts and column not in labels]
    if not texts or (unsure and unsure[0] < texts[0]):
        raise VagoError(_not_understood(path, rows[0], "which column is the text is not certain"))

    speakers = [column for column in labels if not all(map(_LANGUAGE.fullmatch, table[column]))]
    return {"file": file, "text": texts[0]} | ({"speaker": speakers[0]} if speakers else {})


def _looks_like_a_file(values: Sequence[str]) -> bool:
    return all(value and len(value.split()) == 1 for value in values)


def _looks_like_text(values: Sequence[str]) -> bool:
    """Whether most values are sentences: several words, or a mark at the end."""
    sentences = [len(value.split()) > 1 or value.endswith((".", "!", "?", "…")) for value in values]
    varied = len(set(values)) > len(values) / 2
    return varied and 2 * sum(sentences) > len(sentences)


def _looks_like_a_label(values: Sequence[str]) -> bool:
    """Whether they name speakers or languages: short, without a mark at the end, few."""
    short = all(len(value.split()) <= 3 and not re.search(r"[.!?…]$", value) for value in values)
    return short and (len(set(values)) == 1 or len(set(values)) <= len(values) / 2)


def _not_understood(path: Path, row: tuple[int, list[str]], why: str) -> str:
    line, fields = row
    return f"{path}, line {line}: {one_line(' | '.join(fields))!r}: {why}; expected {EXPECTED}"


class _Files:
    """The audio files of a folder, found by names as other systems write them."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._known: dict[str, list[Path]] = {}
        for place in (folder, folder / "wavs"):
            for file in sorted(place.iterdir()) if place.is_dir() else ():
                name = file.relative_to(folder).as_posix()
                self._known.setdefault(_plain(name), []).append(file)

    def find(self, name: str) -> Path:
        """The file of that name; where there is none, its path beside the list.

        Backslashes, upper and lower case and the two ways to write ő (NFC, NFD) make no
        difference. A path of another machine is looked for by its last part.
        """
        written = os.path.expanduser(name.replace("\\", "/"))
        last = written.rsplit("/", 1)[-1]
        for wanted in (written, f"wavs/{written}", last, f"wavs/{last}"):
            for ending in ENDINGS:
                exact = self.folder / (wanted + ending)
                if wanted and exact.is_file():
                    return exact
                same = self._known.get(_plain(wanted + ending), [])
                if len(same) == 1 and same[0].is_file():
                    return same[0]
        return self.folder / written


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
