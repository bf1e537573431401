"""Which candidates the corrections concern, and what becomes of them.

A decision belongs to the one candidate whose start and end are within half a second of it. If
there is none, a rejection (but no other decision) applies to every candidate that shares more than
half of the shorter of the two: what was bad then is still bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from vago.corpus.corrections import Correction, read_corrections

NEAR_SECONDS = 0.5
BY_HAND = "rejected by hand"
TEXT_CORRECTED = "text corrected by hand"


@dataclass(frozen=True)
class Fix:
    """What was decided about one candidate."""

    text: Correction | None = None
    fate: Correction | None = None

    def verdict(self, reason: str, detail: str, usable: bool) -> tuple[str, str]:
        """The ledger's final reason and detail, from those that the rules found.

        Args:
            usable: duration and text are fit for training; otherwise nothing can be restored.
        """
        if self.fate and self.fate.action == "reject":
            by_rule = f"{reason}: {detail}".strip(": ") if reason else ""
            return BY_HAND, _joined(self.fate.reason, by_rule)

        if self.fate and reason and not usable:
            return reason, _joined(detail, "it cannot be restored")

        corrected = ""
        if self.text:
            corrected = f"{TEXT_CORRECTED}: {self.text.reason}".removesuffix(": ")

        if self.fate and reason:
            rule = f"{reason} ({detail})" if detail else reason
            restored = f"restored by hand, though {rule}"
            return "", _joined(corrected, restored, self.fate.reason)

        return reason, _joined(detail, corrected)


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def find_fixes(
    corrections: Sequence[Correction],
    source: str,
    recording: str,
    spans: Sequence[tuple[float, float]],
) -> list[Fix]:
    """What was decided about each candidate of one recording.

    Args:
        spans: (start, end) seconds of all its candidates.
    """
    found = [Fix()] * len(spans)
    for kind in ("text", "fate"):
        key = (source, recording, kind)
        ours = [c for c in corrections if (c.source, c.recording, c.kind) == key]
        for index, correction in _matched(ours, spans).items():
            found[index] = replace(found[index], **{kind: correction})
    return found


def _matched(
    corrections: Sequence[Correction], spans: Sequence[tuple[float, float]]
) -> dict[int, Correction]:
    """{index of a span: its correction}, for corrections of one kind in one recording."""
    pairs = [(c, i) for c in range(len(corrections)) for i in range(len(spans))]
    distances = [(distance(corrections[c], spans[i]), i, c) for c, i in pairs]
    near = [entry for entry in distances if entry[0] < NEAR_SECONDS]

    # the nearest pairs first, each span and each correction once
    taken: dict[int, int] = {}
    for _, i, c in sorted(near):
        if i not in taken and c not in taken.values():
            taken[i] = c

    # a rejection without a near span takes the free ones that it overlaps
    placed = set(taken.values())
    for c, i in pairs:
        rejects = corrections[c].action == "reject" and c not in placed
        if rejects and i not in taken and _shared(corrections[c], spans[i]) > 0.5:
            taken[i] = c

    return {i: corrections[c] for i, c in taken.items()}


def distance(correction: Correction, span: tuple[float, float]) -> float:
    """Seconds between the starts or the ends, whichever are further apart."""
    return max(abs(correction.start - span[0]), abs(correction.end - span[1]))


def _shared(correction: Correction, span: tuple[float, float]) -> float:
    """Overlap as a share of the shorter of the two."""
    start, end = correction.start, correction.end
    shorter = min(end - start, span[1] - span[0])
    if shorter <= 0:
        return 0.0
    return (min(end, span[1]) - max(start, span[0])) / shorter


def fixes_of_ledger(corrections: Sequence[Correction], ledger: pd.DataFrame) -> list[Fix]:
    """A Fix for each row of a ledger: source, recording, start, end."""
    found = [Fix()] * len(ledger)
    concerned = {(c.source, c.recording) for c in corrections}
    places = ledger[["source", "recording", "start", "end"]].reset_index(drop=True)
    for (source, recording), rows in places.groupby(["source", "recording"]):
        if (source, recording) not in concerned:
            continue
        spans = list(zip(rows["start"], rows["end"]))
        for index, fix in zip(rows.index, find_fixes(corrections, source, recording, spans)):
            found[index] = fix
    return found


def outcomes(path: Path, ledger: pd.DataFrame) -> list[str]:
    """Sentences on the corrections: how many match a clip, and each that was not applied."""
    path = Path(path)
    corrections = read_corrections(path)
    if not corrections:
        return [f"no corrections by hand ({path.name} is written by the table of clips below)"]

    unmatched = {c.line: c for c in corrections}
    failed = []
    rows = zip(fixes_of_ledger(corrections, ledger), ledger["fate"], ledger["reason"])
    for fix, fate, reason in rows:
        for one in filter(None, (fix.text, fix.fate)):
            unmatched.pop(one.line, None)
            if one.action == "restore" and fate == "rejected":
                failed.append(
                    f"{path.name}, line {one.line} ({one}) was not applied, the clip is {reason}: "
                    "correct its text, or remove the line"
                )

    lost = [
        f"{path.name}, line {c.line} ({c}) matches no clip any more: "
        "look up its place in the ledger again, or remove the line"
        for c in unmatched.values()
    ]
    held = len(corrections) - len(unmatched)
    summary = f"{held} of {len(corrections)} corrections in {path.name} found their clips"
    return [summary, *failed, *lost]
