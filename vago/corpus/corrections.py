"""What a person decided about clips, in params/<profile>/corrections.csv: texts corrected, clips rejected or restored.

A clip is known by its source, its recording's file name and its place there in seconds, not by its number, which moves when a
recording is cut anew. A corrected text and a restored clip belong to the one candidate that starts and ends within half a second
of them, and so does a rejection; but where cutting has changed so much that there is none, a rejection takes every candidate with
it that shares more than half of the shorter of the two, for what was bad to hear stays bad.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vago import VagoError
from vago.files import write_whole

COLUMNS = ("source", "recording", "start", "end", "action", "text", "reason")
ACTIONS = ("reject", "restore", "text")
NEAR_SECONDS = 0.5
BY_HAND = "rejected by hand"


@dataclass(frozen=True)
class Correction:
    """One line of the file. start, end: seconds in the recording; text: the new one as written; reason: in the person's words."""

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
        """A clip has one text and one fate."""
        return "text" if self.action == "text" else "fate"

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        return self.source, self.recording, f"{self.start:010.3f}", f"{self.end:010.3f}", self.kind

    def __str__(self) -> str:
        return f"{self.action} {self.source}/{self.recording} {self.start:.2f}-{self.end:.2f} s"


@dataclass(frozen=True)
class Fix:
    """What was decided about one candidate."""

    text: Correction | None = None
    fate: Correction | None = None

    def verdict(self, reason: str, detail: str, usable: bool) -> tuple[str, str]:
        """The ledger's reason and detail, given those the rules found.

        Args:
            usable: there is audio of a length, and a text, that can be trained on; nothing else can be restored
        """
        if self.fate and self.fate.action == "reject":
            return BY_HAND, self.fate.reason or (
                f"{reason}: {detail}".strip(": ") if reason else ""
            )
        said = ["text corrected by hand"] if self.text else []
        if self.fate and reason and not usable:
            return reason, "; ".join(filter(None, [detail, "it cannot be restored"]))
        if self.fate and reason:
            said.append(f"restored by hand, though {reason}" + (f" ({detail})" if detail else ""))
            said += [self.fate.reason] if self.fate.reason else []
            return "", "; ".join(said)
        return reason, "; ".join(filter(None, [detail, *said]))


def read(path: Path) -> list[Correction]:
    """The corrections, in the file's order; none where there is no file.

    Raises:
        VagoError: a line that cannot be understood, or two that decide the same thing about the same place
    """
    path = Path(path)
    if not path.is_file():
        return []
    try:
        rows = list(_numbered(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise VagoError(
            f"{path} cannot be read as UTF-8 text with commas ({error}): save it so"
        ) from None
    if not rows:
        return []
    if tuple(rows[0][1]) != COLUMNS:
        found = ",".join(rows[0][1])[:80]
        raise VagoError(
            f"{path}, line {rows[0][0]}: the first line should be {','.join(COLUMNS)}, found {found!r}: put it back"
        )
    found, seen = [], {}
    for line, cells in rows[1:]:
        one = _correction(f"{path}, line {line}", line, cells)
        if one.place in seen:
            raise VagoError(
                f"{path}, line {line}: line {seen[one.place]} already decides about this {one.kind}: leave one of them"
            )
        seen[one.place] = line
        found.append(one)
    return found


def _numbered(content: str) -> Iterable[tuple[int, list[str]]]:
    """(number of its first line, cells) of every line that is not blank."""
    reader, first = csv.reader(io.StringIO(content, newline=""), strict=True), 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield first, [cell.strip() for cell in cells]
        first = reader.line_num + 1


def _correction(where: str, line: int, cells: Sequence[str]) -> Correction:
    if len(cells) != len(COLUMNS):
        raise VagoError(
            f"{where}: {len(cells)} cells, {len(COLUMNS)} are needed ({','.join(COLUMNS)}): put commas in quotes"
        )
    source, recording, start, end, action, text, reason = cells
    try:
        start, end = float(start), float(end)
    except ValueError:
        raise VagoError(
            f"{where}: start {start!r} and end {end!r} should be seconds, like 12.5: mend them"
        ) from None
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start < end):
        raise VagoError(
            f"{where}: from {start:g} to {end:g} s is no stretch of a recording: mend start and end"
        )
    if action not in ACTIONS:
        raise VagoError(
            f"{where}: action {action!r} is none of {', '.join(ACTIONS)}: take one of them"
        )
    if not source or not recording:
        raise VagoError(f"{where}: source and recording are needed to find the clip: fill them in")
    if (action == "text") != bool(text):
        what = "has no text" if action == "text" else f"is {action} and has a text"
        raise VagoError(
            f"{where}: it {what}: a corrected text needs a line of its own with the action `text`"
        )
    return Correction(source, recording, start, end, action, text, reason, line)


def write(path: Path, corrections: Iterable[Correction]) -> None:
    """Write them sorted by place, so that a change is a line in the diff; without any left there is no file."""
    path, rows = Path(path), sorted(corrections, key=lambda c: c.place)
    if not rows:
        path.unlink(missing_ok=True)
        return
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(COLUMNS)
    for c in rows:
        text, reason = (" ".join(words.split()) for words in (c.text, c.reason))
        writer.writerow(
            [c.source, c.recording, f"{c.start:.3f}", f"{c.end:.3f}", c.action, text, reason]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue())


def put(path: Path, new: Correction) -> None:
    """Write one decision down, in place of an earlier one about the same text or fate of the same place."""
    write(path, [c for c in read(path) if c.place != new.place] + [new])


def drop(path: Path, *unwanted: Correction) -> None:
    """Take decisions back."""
    places = {c.place for c in unwanted}
    write(path, [c for c in read(path) if c.place not in places])


def fixes(
    corrections: Iterable[Correction],
    source: str,
    recording: str,
    spans: Sequence[tuple[float, float]],
) -> list[Fix]:
    """What was decided about each candidate of one recording.

    Args:
        spans: (start, end) seconds of all its candidates
    """
    found = [Fix()] * len(spans)
    for kind in ("text", "fate"):
        ours = [
            c for c in corrections if (c.source, c.recording, c.kind) == (source, recording, kind)
        ]
        nearest = sorted((distance, i, k) for k, c in enumerate(ours) for i, span in enumerate(spans)
                         if (distance := _apart(c, span)) < NEAR_SECONDS)  # fmt: skip
        taken: dict[int, int] = {}
        for _, i, k in nearest:
            if i not in taken and k not in taken.values():
                taken[i] = k
        placed = set(taken.values())
        for k, c in enumerate(ours):
            if c.action == "reject" and k not in placed:
                taken |= {
                    i: k
                    for i, span in enumerate(spans)
                    if i not in taken and _shared(c, span) > 0.5
                }
        for i, k in taken.items():
            found[i] = replace(found[i], **{kind: ours[k]})
    return found


def _apart(c: Correction, span: tuple[float, float]) -> float:
    return max(abs(c.start - span[0]), abs(c.end - span[1]))


def _shared(c: Correction, span: tuple[float, float]) -> float:
    shorter = min(c.end - c.start, span[1] - span[0])
    return (min(c.end, span[1]) - max(c.start, span[0])) / shorter if shorter > 0 else 0.0


def fixes_of_all(corrections: Sequence[Correction], ledger) -> list[Fix]:
    """A Fix for each row of a ledger (a DataFrame with source, recording, start, end)."""
    found: list[Fix] = [Fix()] * len(ledger)
    groups: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(zip(ledger["source"], ledger["recording"])):
        groups.setdefault(key, []).append(i)
    spans = list(zip(ledger["start"], ledger["end"]))
    for source, recording in {(c.source, c.recording) for c in corrections} & set(groups):
        rows = groups[source, recording]
        for i, fix in zip(rows, fixes(corrections, source, recording, [spans[i] for i in rows])):
            found[i] = fix
    return found


def told(path: Path, ledger) -> list[str]:
    """What became of the corrections, in sentences: how many hold, and each that does not, with its line and what to do."""
    corrections = read(path)
    if not corrections:
        return [
            f"no corrections by hand ({Path(path).name} is written by the table of clips below)"
        ]
    lost, held = {c.line: c for c in corrections}, 0
    sentences = []
    for fix, fate, reason in zip(
        fixes_of_all(corrections, ledger), ledger["fate"], ledger["reason"]
    ):
        for c in filter(None, (fix.text, fix.fate)):
            held += lost.pop(c.line, None) is not None
            if c.action == "restore" and fate == "rejected":
                sentences.append(
                    f"{_line(path, c)} cannot be done, the clip is {reason}: correct its text, or take the line out"
                )
    for c in lost.values():
        sentences.append(
            f"{_line(path, c)} matches no clip any more: find its place in the ledger again, or take the line out"
        )
    return [
        f"{held} of {len(corrections)} corrections in {Path(path).name} found their clips",
        *sentences,
    ]


def _line(path: Path, c: Correction) -> str:
    return f"{Path(path).name}, line {c.line} ({c})"
