"""Read transcripts (SubRip, WebVTT, CSV) and the metadata.csv of folders of clips.

Not by pysubs2 or webvtt-py: they lose broken cues without an error.
"""

from __future__ import annotations

import csv
import html
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

from vago import VagoError
from vago.corpus.measures import Measures
from vago.corpus.verdicts import KEPT, Verdict

SUFFIXES = (".srt", ".vtt", ".csv")

_CLOCK = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_TIMING = re.compile(rf"^\s*({_CLOCK})\s*-->\s*({_CLOCK})(?:\s.*)?$")
_LOOKS_TIMED = re.compile(r"\d:\d\d.*\d:\d\d")
_TAG = re.compile(
    r"</?(?:[ibu]|c|v|lang|font|ruby|rt)(?:[\s.][^<>]*)?>|<[\d:.]+>|\{\\[^{}]*\}", re.IGNORECASE
)


@dataclass(frozen=True)
class Cue:
    """A part of a recording, from `start` to `end` seconds, with its text.

    line, category: a transcript's line, and the source's own category of it.
    hypothesis: what the ASR recognises in the clip alone; of an untranscribed recording.
    measured: likewise, by ASR and speaker embeddings.
    verdict: likewise, whether the target speaks.
    """

    start: float
    end: float
    text: str
    line: int = 0
    category: str = ""
    hypothesis: str = ""
    measured: Measures = Measures()
    verdict: Verdict = KEPT


@dataclass(frozen=True)
class ClipLine:
    """A line of a clip folder's metadata: an audio file and its text."""

    path: Path
    text: str
    speaker: str = ""


def read_cues(path: Path) -> list[Cue]:
    """A transcript's cues, ordered by start.

    Raises:
        VagoError: not UTF-8, no cues, or a time that cannot be read or ends before it starts; file
            and line are named.
    """
    path = Path(path)
    readers = {".srt": _read_srt, ".vtt": _read_vtt, ".csv": _read_csv}
    cues = readers[path.suffix.lower()](path, _read(path))
    if not cues:
        raise VagoError(
            f"{path} holds no cues: write at least one, with its start, end and text, "
            "or remove its recording"
        )

    for cue in cues:
        if cue.end <= cue.start:
            raise VagoError(
                f"{path}, line {cue.line}: the cue starts at {cue.start:g} s and ends at "
                f"{cue.end:g} s, which is not after it: fix the transcript"
            )
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def read_metadata(path: Path) -> list[ClipLine]:
    """A clip folder's metadata.csv, in one of two formats.

    Coqui: `audio_file|text|speaker_name` under a header. LJSpeech: `id|text|normalized`, whose
    third field is not read: vago normalizes the text itself.

    A file is looked for as it is named, beside metadata.csv and in wavs/, with and without `.wav`.
    """
    path = Path(path)
    lines = enumerate(_read(path).split("\n"), 1)
    rows = [(number, line.split("|")) for number, line in lines if line.strip()]

    header = [name.strip().lower() for name in rows[0][1]] if rows else []
    columns = {"audio_file": 0, "text": 1}
    if "audio_file" in header and "text" in header:
        columns = {name: header.index(name) for name in header}
        rows = rows[1:]

    clips = []
    for number, row in rows:
        if len(row) <= max(columns["audio_file"], columns["text"]):
            raise VagoError(
                f"{path}, line {number}: found {len(row)} field(s), need file | text: fix this line"
            )
        found = _find_audio(path.parent, row[columns["audio_file"]].strip())
        text = _one_line(row[columns["text"]])
        clips.append(ClipLine(found, text, _field(row, columns, "speaker_name")))

    if not clips:
        raise VagoError(
            f"{path} lists no clips: write one `audio_file|text|speaker_name` line for each, "
            "under that header"
        )
    return clips


def _find_audio(folder: Path, name: str) -> Path:
    """The first existing file of that name; where there is none, the name as it is written."""
    places = [
        place / (name + ending) for place in (folder, folder / "wavs") for ending in ("", ".wav")
    ]
    return next((place for place in places if place.is_file()), places[0])


def _field(row: list[str], columns: dict[str, int], name: str) -> str:
    """A cell by its column's name; empty where the row or the table has no such column."""
    index = columns.get(name, len(row))
    return row[index].strip() if index < len(row) else ""


def _read(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise VagoError(
            f"{path} is not UTF-8 text: save it again with the encoding UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _seconds(written: str) -> float:
    """12.5, 12,5, 0:12.5 and 0:00:12,500 in seconds; ValueError for anything else."""
    parts = written.strip().replace(",", ".").split(":")
    seconds = 0.0
    for place, part in enumerate(parts):
        value = float(part)
        if not math.isfinite(value) or value < 0 or len(parts) > 3 or (place and value >= 60):
            raise ValueError(written)
        seconds = seconds * 60 + value
    return round(seconds, 6)


def _timing(path: Path, number: int, line: str) -> tuple[float, float]:
    match = _TIMING.match(line)
    try:
        return _seconds(match[1]), _seconds(match[2])
    except (TypeError, ValueError):
        raise VagoError(
            f"{path}, line {number}: {_one_line(line)!r} is no timing: "
            "write it like 00:01:02,500 --> 00:01:05,000"
        ) from None


def _timings(path: Path, lines: list[str]) -> list[tuple[int, float, float]]:
    """Index and times of each timing line.

    A line that only resembles one is an error: read as text, it would lose its cue.
    """
    found = []
    for index, line in enumerate(lines):
        if "-->" in line or (_LOOKS_TIMED.search(line) and not re.search(r"[^\W\d_]", line)):
            found.append((index, *_timing(path, index + 1, line)))
    return found


def _read_srt(path: Path, text: str) -> list[Cue]:
    lines = text.split("\n")
    timings = _timings(path, lines)
    if not timings and text.strip():
        raise VagoError(
            f"{path} holds no timing line: write each cue's like 00:01:02,500 --> 00:01:05,000"
        )

    cues = []
    next_timings = [*(index for index, *_ in timings), None][1:]
    for (index, start, end), after in zip(timings, next_timings, strict=True):
        spoken = lines[index + 1 : after]
        if after is not None and spoken and spoken[-1].strip().isdigit():
            spoken = spoken[:-1]  # the next cue's number
        cues.append(Cue(start, end, _one_line(_TAG.sub("", " ".join(spoken))), index + 1))
    return cues


def _read_vtt(path: Path, text: str) -> list[Cue]:
    lines = text.split("\n")

    # Blank out NOTE, STYLE and REGION blocks; the line numbers stay
    skipping = False
    for index, line in enumerate(lines):
        begins = re.match(r"(NOTE|STYLE|REGION)(\s|$)", line) and not _in_cue(lines, index)
        skipping = bool(line.strip()) and (skipping or bool(begins))
        if skipping:
            lines[index] = ""

    cues = []
    for index, start, end in _timings(path, lines):
        spoken = []
        for line in lines[index + 1 :]:
            if not line.strip():
                break
            spoken.append(line)
        plain = html.unescape(_TAG.sub("", " ".join(spoken)))
        cues.append(Cue(start, end, _one_line(plain), index + 1))
    return cues


def _in_cue(lines: list[str], index: int) -> bool:
    """Whether a line belongs to a cue: not after a blank line or at the start of the file."""
    return index > 0 and bool(lines[index - 1].strip())


def _read_csv(path: Path, text: str) -> list[Cue]:
    # The separator follows the first field; in 1,5;2,5;text the comma is a decimal one
    other = re.match(r'\s*"?[\w:.]+(?:,\d+)?"?[ ]*([;\t])', text)
    delimiter = other[1] if other else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)

    columns: dict[str, int] = {}
    cues = []
    next_line = 1
    for row in reader:
        line, next_line = next_line, reader.line_num + 1
        if not any(field.strip() for field in row):
            continue

        if not columns:
            names = [field.strip().lower() for field in row]
            columns = {name: names.index(name) for name in names}
            if {"start", "end", "text"} <= set(columns):
                continue
            columns = {"start": 0, "end": 1, "text": 2, "category": 3}  # a file without a header

        cues.append(_csv_cue(f"{path}, line {line}", line, row, columns))
    return cues


def _csv_cue(where: str, line: int, row: list[str], columns: dict[str, int]) -> Cue:
    if len(row) <= max(columns[name] for name in ("start", "end", "text")):
        raise VagoError(
            f"{where}: found {len(row)} field(s), need start, end and text: fix this line"
        )

    start, end = row[columns["start"]], row[columns["end"]]
    try:
        span = _seconds(start), _seconds(end)
    except ValueError:
        raise VagoError(
            f"{where}: {start!r} and {end!r} are no times: write seconds (62.5) or h:mm:ss.mmm"
        ) from None

    return Cue(*span, _one_line(row[columns["text"]]), line, _field(row, columns, "category"))
