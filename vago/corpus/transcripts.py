"""Who says what when: SubRip, WebVTT and CSV transcripts, and the metadata of folders of clips."""

from __future__ import annotations

import csv
import html
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

from vago import VagoError

SUFFIXES = (".srt", ".vtt", ".csv")

_CLOCK = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_TIMING = re.compile(rf"^\s*({_CLOCK})\s*-->\s*({_CLOCK})(?:\s.*)?$")
_LOOKS_TIMED = re.compile(r"\d:\d\d.*\d:\d\d")
_TAG = re.compile(
    r"</?(?:[ibu]|c|v|lang|font|ruby|rt)(?:[\s.][^<>]*)?>|<[\d:.]+>|\{\\[^{}]*\}", re.IGNORECASE
)


@dataclass(frozen=True)
class Cue:
    """What is said from `start` to `end` (seconds); `line` is where the transcript says so, `category` the source's own."""

    start: float
    end: float
    text: str
    line: int = 0
    category: str = ""


@dataclass(frozen=True)
class ClipLine:
    """A line of a clip folder's metadata: a sound file and its text."""

    path: Path
    text: str
    speaker: str = ""


def read_cues(path: Path) -> list[Cue]:
    """A transcript's cues by their start.

    Raises:
        VagoError: not UTF-8, no cues, or a time that cannot be read or ends before it starts (file and line named)
    """
    path = Path(path)
    text = _read(path)
    cues = {".srt": _read_srt, ".vtt": _read_vtt, ".csv": _read_csv}[path.suffix.lower()](
        path, text
    )
    if not cues:
        raise VagoError(
            f"{path} holds no cues: write at least one, with its start, end and text, or take its recording away"
        )
    for cue in cues:
        if cue.end <= cue.start:
            times = f"the cue starts at {cue.start:g} s and ends at {cue.end:g} s"
            raise VagoError(
                f"{path}, line {cue.line}: {times}, which is not after it: mend the transcript"
            )
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def read_metadata(path: Path) -> list[ClipLine]:
    """A clip folder's metadata.csv: coqui's `audio_file|text|speaker_name` under a header, or LJSpeech's `id|text|normalised`.

    A file is looked for as it is named, beside metadata.csv, and in wavs/, with and without `.wav`.
    """
    path = Path(path)
    rows = [
        (number, line.split("|"))
        for number, line in enumerate(_read(path).split("\n"), 1)
        if line.strip()
    ]
    header = [name.strip().lower() for name in rows[0][1]] if rows else []
    coqui = "audio_file" in header and "text" in header
    columns = (
        {name: header.index(name) for name in header} if coqui else {"audio_file": 0, "text": 1}
    )
    lines = []
    for number, row in rows[coqui:]:
        if len(row) <= max(columns["audio_file"], columns["text"]):
            raise VagoError(
                f"{path}, line {number}: found {len(row)} field(s), need a file | its text: mend it"
            )
        # LJSpeech's third field has the numbers spelt out in English habit; we normalise ourselves.
        name, text = row[columns["audio_file"]].strip(), row[columns["text"]].strip()
        speaker = (
            row[columns["speaker_name"]].strip()
            if columns.get("speaker_name", len(row)) < len(row)
            else ""
        )
        places = [
            folder / (name + ending)
            for folder in (path.parent, path.parent / "wavs")
            for ending in ("", ".wav")
        ]
        lines.append(
            ClipLine(
                next((place for place in places if place.is_file()), places[0]),
                _one_line(text),
                speaker,
            )
        )
    if not lines:
        raise VagoError(
            f"{path} lists no clips: write one `audio_file|text|speaker_name` line for each, under that header"
        )
    return lines


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise VagoError(
            f"{path} is not UTF-8 text: save it again with the encoding UTF-8"
        ) from None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _seconds(written: str) -> float:
    """12.5, 12,5, 0:12.5 and 0:00:12,500 in seconds; ValueError for anything else."""
    seconds = 0.0
    parts = written.strip().replace(",", ".").split(":")
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
            f"{path}, line {number}: {_one_line(line)!r} is no timing: write it like 00:01:02,500 --> 00:01:05,000"
        ) from None


def _timings(path: Path, lines: list[str]) -> list[tuple[int, float, float]]:
    """Index and times of each timing line; lines that only look like one are refused rather than read as text."""
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
    for (index, start, end), after in zip(
        timings, [*(t[0] for t in timings), None][1:], strict=True
    ):
        said = lines[index + 1 : after]
        if after is not None and said and said[-1].strip().isdigit():  # the next cue's number
            said = said[:-1]
        cues.append(Cue(start, end, _one_line(_TAG.sub("", " ".join(said))), index + 1))
    return cues


def _read_vtt(path: Path, text: str) -> list[Cue]:
    lines = text.split("\n")
    skipping = False
    for index, line in enumerate(
        lines
    ):  # blank out NOTE, STYLE and REGION blocks, keeping the line numbers
        begins = re.match(r"(NOTE|STYLE|REGION)(\s|$)", line) and not _spoken(lines, index)
        skipping = bool(line.strip()) and (skipping or bool(begins))
        if skipping:
            lines[index] = ""
    cues = []
    for index, start, end in _timings(path, lines):
        said = []
        for line in lines[index + 1 :]:
            if not line.strip():
                break
            said.append(line)
        cues.append(
            Cue(start, end, _one_line(html.unescape(_TAG.sub("", " ".join(said)))), index + 1)
        )
    return cues


def _spoken(lines: list[str], index: int) -> bool:
    """Whether a line stands inside a cue: it does not where a blank line or the file's start is before it."""
    return index > 0 and bool(lines[index - 1].strip())


def _read_csv(path: Path, text: str) -> list[Cue]:
    # What follows the first field separates; in 1,5;2,5;text the comma is a decimal one.
    other = re.match(r'\s*"?[\w:.]+(?:,\d+)?"?[ ]*([;\t])', text)
    reader = csv.reader(
        io.StringIO(text), delimiter=other[1] if other else ",", skipinitialspace=True
    )
    columns, cues, line = None, [], 1
    for row in reader:
        row_line, line = line, reader.line_num + 1
        if not any(field.strip() for field in row):
            continue
        if columns is None:
            names = [field.strip().lower() for field in row]
            columns = {name: names.index(name) for name in names}
            if {"start", "end", "text"} <= set(columns):
                continue
            columns = {"start": 0, "end": 1, "text": 2, "category": 3}
        if len(row) <= max(columns[name] for name in ("start", "end", "text")):
            raise VagoError(
                f"{path}, line {row_line}: found {len(row)} field(s), need start, end and text: mend it"
            )
        try:
            start, end = _seconds(row[columns["start"]]), _seconds(row[columns["end"]])
        except ValueError:
            times = f"{row[columns['start']]!r} and {row[columns['end']]!r}"
            raise VagoError(
                f"{path}, line {row_line}: {times} are no times: write seconds (62.5) or h:mm:ss.mmm"
            ) from None
        own = (
            row[columns["category"]].strip() if columns.get("category", len(row)) < len(row) else ""
        )
        cues.append(Cue(start, end, _one_line(row[columns["text"]]), row_line, own))
    return cues
