"""Decide about candidates: correct a text, reject, restore, undo; written to the file at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from vago.corpus.corrections import Correction, drop, put, read_corrections
from vago.corpus.fixes import NEAR_SECONDS, Fix, distance, fixes_of_ledger
from vago.text import normalize

MAX_TOKENS = 400  # the largest `max_tokens` that notebook 01 takes


class Decisions:
    """Corrections of the candidates in a table.

    Every change returns a sentence that says what was done, or why it was not.

    Args:
        path: corrections.csv
        rows: `ledger.candidate_table`
        encode: the base's tokenizer; with it, a text with unknown tokens is refused at once
    """

    def __init__(
        self, path: Path, rows: pd.DataFrame, encode: Callable[[str], list[int]] | None = None
    ):
        self.path = Path(path)
        self.rows = rows
        self.encode = encode

    def about(self, index: int) -> Fix:
        """What was decided about one candidate."""
        fixes = fixes_of_ledger(read_corrections(self.path), self.rows)
        return fixes[self.rows.index.get_loc(index)]

    def correct_text(self, index: int, text: str, reason: str = "") -> str:
        """Save a corrected text; the original one removes an earlier correction."""
        row = self.rows.loc[index]
        before = self.about(index).text
        text = " ".join(text.split())
        fault = self._fault(text)
        if fault:
            return fault

        original = row.written or row.text
        current = before.text if before else original
        if text == current:
            return "the text is as it was"
        if text == original:
            return self._replace(row, before, None)
        return self._replace(row, before, _correction(row, "text", text, reason))

    def _fault(self, text: str) -> str:
        """Why a text cannot be trained on, empty if it can."""
        if not text:
            return "a clip without text cannot be trained on: reject it, or write what is spoken"
        if self.encode is None:
            return ""

        spoken = normalize.normalize_text(text)
        _, fault = normalize.check(spoken, self.encode, MAX_TOKENS)
        if not fault:
            return ""
        unknown = normalize.unknown_characters(spoken, self.encode)
        return f"this text cannot be trained on: {fault} {unknown}".strip()

    def decide(self, index: int, action: str, reason: str = "") -> str:
        """Reject or restore; restoring what was only rejected by hand removes the rejection."""
        row = self.rows.loc[index]
        before = self.about(index).fate
        if action == "restore" and before is None and row.fate == "kept":
            return "this clip is kept already"

        rejected_here = before and before.action == "reject" and _is_own(before, row)
        if action == "restore" and rejected_here:
            return self._replace(row, before, None)
        return self._replace(row, before, _correction(row, action, "", reason))

    def undo(self, index: int) -> str:
        """Remove everything that was decided about one candidate."""
        fix = self.about(index)
        decided = [c for c in (fix.text, fix.fate) if c]
        if not decided:
            return "nothing was decided about this clip"

        drop(self.path, *decided)
        return f"removed: {len(decided)} lines of {self.path.name}"

    def _replace(self, row: pd.Series, before: Correction | None, new: Correction | None) -> str:
        if before and _is_own(before, row):
            drop(self.path, before)
        if new:
            put(self.path, new)

        change = str(new) if new else f"no longer: {before}"
        return (
            f"written to {self.path.name}: {change}. "
            "It takes effect when this notebook is run again from Segmentation on."
        )


def _is_own(decision: Correction, row: pd.Series) -> bool:
    """Whether a decision is about this candidate, not about a longer stretch around it."""
    return distance(decision, (row.start, row.end)) < NEAR_SECONDS


def _correction(row: pd.Series, action: str, text: str, reason: str) -> Correction:
    reason = " ".join(reason.split())
    return Correction(row.source, row.recording, row.start, row.end, action, text, reason)
