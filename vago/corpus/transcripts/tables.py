"""Cues in a table: .csv and .tsv with start, end and text, as people and Whisper write them."""

from __future__ import annotations

import csv
import io
import re
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vago import VagoError
from vago.corpus.transcripts import captions
from vago.corpus.transcripts.cue import Cue, one_line, seconds

NEEDED = ("start", "end", "text")
WITHOUT_HEADER = {"start": 0, "end": 1, "text": 2, "category": 3}
# No cue is so long in the median; whole numbers that say so are milliseconds
LONGEST_USUAL_SECONDS = 60

_TIMES_IN_TEXT = re.compile(r'\n\s*"?[\d:]+(?:[.,]\d+)?"?\s*[,;\t]')


def read_table(path: Path, text: str) -> list[Cue]:
    """The cues of a table with this text; raises as `read_cues` does.

    Times are seconds, clock times, or, as Whisper writes them, whole milliseconds.
    """
    columns: dict[str, int] = {}
    rows: list[tuple[int, list[str]]] = []
    width = 0
    for line, row in _rows(path, text):
        if not columns:
            names = [field.strip().lower() for field in row]
            columns = {name: names.index(name) for name in names}
            width = len(row)
            if set(NEEDED) <= set(columns):
                continue
            columns = WITHOUT_HEADER
        _check_fields(f"{path}, line {line}", row, columns, width)
        rows.append((line, row))

    cues = [_cue(f"{path}, line {line}", line, row, columns) for line, row in rows]
    if _in_milliseconds(rows, columns, cues):
        cues = [replace(cue, start=cue.start / 1000, end=cue.end / 1000) for cue in cues]
    return cues


def _rows(path: Path, text: str) -> list[tuple[int, list[str]]]:
    """(line, fields) of each row that is not empty.

    The separator follows the first field; in 1,5;2,5;text the comma is a decimal one.
    """
    other = re.match(r'\s*"?[\w:.]+(?:,\d+)?"?[ ]*([;\t])', text)
    delimiter = other[1] if other else ","
    # Whisper's TSV writes quotation marks as they are
    quoting = csv.QUOTE_NONE if path.suffix.lower() == ".tsv" else csv.QUOTE_MINIMAL
    lines = io.StringIO(text)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, quoting=quoting)

    found = []
    next_line = 1
    for row in reader:
        line, next_line = next_line, reader.line_num + 1
        if not any(field.strip() for field in row):
            continue
        for field in row:
            if _TIMES_IN_TEXT.search(field):
                raise VagoError(
                    f"{path}, line {line}: the text goes on over the times of the next lines: "
                    'its closing quotation mark (") is missing'
                )
        found.append((line, row))
    return found


def _check_fields(where: str, row: Sequence[str], columns: dict[str, int], width: int) -> None:
    """Raise VagoError unless a row has its text, and no more fields than the first row."""
    if len(row) <= max(columns[name] for name in NEEDED):
        raise VagoError(
            f"{where}: found {len(row)} field(s), need start, end and text: fix this line"
        )

    split = len(row) > width or (columns is WITHOUT_HEADER and _goes_on(row))
    if split:
        raise VagoError(
            f"{where}: found {len(row)} fields where the first line has {width}, as if "
            f'{one_line(row[columns["text"]])!r} went on after a comma: put the text into "…"'
        )


def _goes_on(row: Sequence[str]) -> bool:
    """Whether the fourth field of a row without header is the rest of a sentence, no category."""
    rest = row[3] if len(row) > 3 else ""
    return len(rest.split()) > 3 or rest.rstrip().endswith((".", "!", "?"))


def _cue(where: str, line: int, row: Sequence[str], columns: dict[str, int]) -> Cue:
    start, end = row[columns["start"]], row[columns["end"]]
    try:
        span = seconds(start), seconds(end)
    except ValueError:
        raise VagoError(
            f"{where}: {start!r} and {end!r} are no times: write seconds (62.5) or h:mm:ss.mmm"
        ) from None

    text, verdict = captions.spoken(row[columns["text"]].split("\n"))
    index = columns.get("category", len(row))
    category = row[index].strip() if index < len(row) else ""
    return Cue(*span, text, line, category, verdict=verdict)


def _in_milliseconds(
    rows: Sequence[tuple[int, list[str]]], columns: dict[str, int], cues: Sequence[Cue]
) -> bool:
    times = [row[columns[name]].strip() for _, row in rows for name in ("start", "end")]
    if not times or not all(time.isdigit() for time in times):
        return False
    return statistics.median(cue.end - cue.start for cue in cues) > LONGEST_USUAL_SECONDS
