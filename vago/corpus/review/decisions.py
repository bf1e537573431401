"""Decide about candidates: correct a text, reject, restore, undo; written to the file at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from vago import VagoError
from vago.corpus import verdicts
from vago.corpus.corrections import Correction, drop, put, read_corrections
from vago.corpus.fixes import (
    BY_HAND,
    NEAR_SECONDS,
    TEXT_CORRECTED,
    Fix,
    distance,
    fixes_of_ledger,
)
from vago.corpus.params import CorpusParams
from vago.corpus.verdicts import KEPT, Encode, Verdict
from vago.text import normalize


class Decisions:
    """Corrections of the candidates in a table.

    Every change returns a sentence that says what was done. One that the next run could not
    apply raises a VagoError that says why.

    Args:
        path: corrections.csv
        rows: `ledger.candidate_table`
        encode: the base's tokenizer; with it, a text with unknown tokens is refused at once
        p: the settings that the candidates were judged by
    """

    def __init__(
        self,
        path: Path,
        rows: pd.DataFrame,
        encode: Encode | None = None,
        p: CorpusParams | None = None,
    ):
        self.path = Path(path)
        self.rows = rows
        self.encode = encode
        self.p = p or CorpusParams()

    def about(self, index: int) -> Fix:
        """What was decided about one candidate."""
        fixes = fixes_of_ledger(read_corrections(self.path), self.rows)
        return fixes[self.rows.index.get_loc(index)]

    def text(self, index: int) -> str:
        """A candidate's text as it is trained on from the next run on, as written."""
        corrected = self.about(index).text
        return corrected.text if corrected else self._original(index)

    def _original(self, index: int) -> str:
        row = self.rows.loc[index]
        return row.written or row.text

    def correct_text(self, index: int, text: str, reason: str = "") -> str:
        """Save a corrected text; the original one removes an earlier correction.

        Raises:
            VagoError: the text cannot be trained on.
        """
        row = self.rows.loc[index]
        before = self.about(index).text
        text = " ".join(text.split())
        current, original = self.text(index), self._original(index)
        if text == current:
            return f"this text is in {self.path.name}" if before else "the text is as it was"

        fault = self._of_text(text)
        if fault.reason == "empty text":
            raise VagoError(
                "a clip without text cannot be trained on: reject it, or write what is spoken"
            )
        if fault.reason:
            raise VagoError(f"this text cannot be trained on: {fault.reason} ({fault.detail})")

        # where a correction has been applied, the transcript's own text is not known here
        if text == original and TEXT_CORRECTED not in row.detail:
            return self._replace(row, before, None)
        return self._replace(row, before, _correction(row, "text", text, reason))

    def _of_text(self, text: str) -> Verdict:
        """What is wrong with a text as written, as notebook 01 will see it."""
        spoken = normalize.normalize_text(text)
        if self.encode is None:
            return KEPT if spoken else Verdict("empty text")
        return verdicts.of_text(self.p, spoken, self.encode)[0]

    def decide(self, index: int, action: str, reason: str = "") -> str:
        """Reject or restore; restoring what was only rejected by hand removes the rejection.

        Raises:
            VagoError: the clip cannot be trained on, whoever restores it.
        """
        row = self.rows.loc[index]
        before = self.about(index).fate
        rejected = row.fate != "kept" or (before and before.action == "reject")
        if action == "restore" and not rejected:
            return "this clip is kept already"

        if action == "restore":
            why = self._unusable(index)
            if why:
                raise VagoError(f"this clip cannot be restored: {why}")

            if before and _is_only_fault(before, row):
                return self._replace(row, before, None)
        return self._replace(row, before, _correction(row, action, "", reason))

    def _unusable(self, index: int) -> str:
        """Why notebook 01 would reject a candidate again though it was restored; empty if not."""
        row = self.rows.loc[index]
        if row.reason == "unreadable":
            return f"{row.recording} cannot be read ({row.detail})"
        return verdicts.unusable(self.p, row.seconds, self._of_text(self.text(index)))

    def give_reason(self, index: int, reason: str) -> str:
        """Write the reason of what has been decided about a candidate; empty if there is no change.

        It belongs to the rejection or restoration, and to the text where there is neither.
        """
        row = self.rows.loc[index]
        fix = self.about(index)
        before = fix.fate or fix.text
        new = before and _correction(row, before.action, before.text, reason)
        if not before or not _is_own(before, row) or new.reason == before.reason:
            return ""
        return self._replace(row, before, new)

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


def _is_only_fault(decision: Correction, row: pd.Series) -> bool:
    """Whether a candidate is rejected by this decision and by no rule besides."""
    if decision.action != "reject" or not _is_own(decision, row):
        return False
    return row.fate == "kept" or (row.reason == BY_HAND and row.detail == decision.reason)


def _correction(row: pd.Series, action: str, text: str, reason: str) -> Correction:
    reason = " ".join(reason.split())
    return Correction(row.source, row.recording, row.start, row.end, action, text, reason)
