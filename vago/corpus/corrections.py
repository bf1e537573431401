"""The corrections of one profile: params/<profile>/corrections.csv, read and written.

A line corrects a text, or rejects or restores a clip. It names source, recording and the place
there in seconds, not the clip's number, which changes when a recording is cut differently.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vago import VagoError
from vago.files import write_whole

COLUMNS = ("source", "recording", "start", "end", "action", "text", "reason")
ACTIONS = ("reject", "restore", "text")


@dataclass(frozen=True)
class Correction:
    """One line of the file.

    start, end: seconds in the recording; text: the new one, as written; reason: a person's words.
    """

    source: str
    recording: str
    start: float
    end: float
    action: str
    text: str = ""
    reason: str = ""
    line: int = field(default=0, compare=False)

    @property
    def kind(self) -> str:
        """What is decided: the clip's text or its fate."""
        return "text" if self.action == "text" else "fate"

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """Key of the decision: a place has at most one text and one fate."""
        return self.source, self.recording, f"{self.start:010.3f}", f"{self.end:010.3f}", self.kind

    def __str__(self) -> str:
        return f"{self.action} {self.source}/{self.recording} {self.start:.2f}-{self.end:.2f} s"


def read_corrections(path: Path) -> list[Correction]:
    """The corrections, in the file's order; none if there is no file.

    Raises:
        VagoError: a line is not valid, or two lines decide about the same text or fate.
    """
    path = Path(path)
    if not path.is_file():
        return []

    try:
        rows = list(_numbered(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VagoError(
            f"{path} is not a CSV file in UTF-8 ({error}): save it as UTF-8 with commas"
        ) from None
    if not rows:
        return []

    (number, head), *rows = rows
    if tuple(head) != COLUMNS:
        raise VagoError(
            f"{path}, line {number}: the first line should be {','.join(COLUMNS)}, "
            f"found {','.join(head)[:80]!r}: put it back"
        )

    lines: dict[tuple, int] = {}
    found = []
    for line, cells in rows:
        one = _correction(f"{path}, line {line}", line, cells)
        if one.place in lines:
            raise VagoError(
                f"{path}, line {line}: line {lines[one.place]} already decides about this "
                f"{one.kind}: keep one of the two"
            )
        lines[one.place] = line
        found.append(one)
    return found


def _numbered(content: str) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, cells) of each row that is not blank."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    first = 1
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if any(cells):
            yield first, cells
        first = reader.line_num + 1


def _correction(where: str, line: int, cells: Sequence[str]) -> Correction:
    if len(cells) != len(COLUMNS):
        raise VagoError(
            f"{where}: {len(cells)} cells, {len(COLUMNS)} are needed ({','.join(COLUMNS)}): "
            "put texts with commas in quotes"
        )

    source, recording, start, end, action, text, reason = cells
    try:
        start, end = float(start), float(end)
    except ValueError:
        raise VagoError(
            f"{where}: start {start!r} and end {end!r} should be seconds, like 12.5: fix this line"
        ) from None

    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
        raise VagoError(
            f"{where}: {start:g} to {end:g} s is not a range of time: fix start and end"
        )
    if action not in ACTIONS:
        raise VagoError(f"{where}: action {action!r} is not one of {', '.join(ACTIONS)}")
    if not source or not recording:
        raise VagoError(f"{where}: source and recording are needed to find the clip: fill them in")
    if action == "text" and not text:
        raise VagoError(f"{where}: action text needs a text: fill it in, or remove the line")
    if action != "text" and text:
        raise VagoError(
            f"{where}: action {action} has a text: "
            "give the text a line of its own, with action text"
        )
    return Correction(source, recording, start, end, action, text, reason, line)


def write_corrections(path: Path, corrections: Iterable[Correction]) -> None:
    """Write them sorted by place, so that a change is one line in a diff; without any, no file."""
    path = Path(path)
    rows = sorted(corrections, key=lambda c: c.place)
    if not rows:
        path.unlink(missing_ok=True)
        return

    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in rows:
        text, reason = (" ".join(words.split()) for words in (one.text, one.reason))
        times = (f"{one.start:.3f}", f"{one.end:.3f}")
        writer.writerow([one.source, one.recording, *times, one.action, text, reason])

    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue())


def put(path: Path, new: Correction) -> None:
    """Add a decision; it replaces an earlier one about the same text or fate of the same place."""
    kept = [c for c in read_corrections(path) if c.place != new.place]
    write_corrections(path, [*kept, new])


def drop(path: Path, *unwanted: Correction) -> None:
    """Remove decisions."""
    places = {c.place for c in unwanted}
    write_corrections(path, [c for c in read_corrections(path) if c.place not in places])
