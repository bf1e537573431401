"""Read the transcript of a recording, whatever its format, and check its cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vago import VagoError
from vago.corpus.transcripts.cue import Cue, read_text
from vago.corpus.transcripts.subtitles import read_srt, read_vtt
from vago.corpus.transcripts.tables import read_table
from vago.corpus.verdicts import Verdict

READERS = {".srt": read_srt, ".vtt": read_vtt, ".csv": read_table, ".tsv": read_table}
SUFFIXES = tuple(READERS)
SAME_SECONDS = 0.05  # two cues of the same times differ by no more


def read_cues(path: Path) -> list[Cue]:
    """A transcript's cues, ordered by start.

    Those that cannot be used have a verdict: they end before they start, or share their times with
    another text.

    Raises:
        VagoError: not UTF-8, no cues, or a time that cannot be read; file and line are named.
    """
    path = Path(path)
    cues = READERS[path.suffix.lower()](path, read_text(path))
    if not cues:
        raise VagoError(
            f"{path} holds no cues: write at least one, with its start, end and text, "
            "or remove its recording"
        )

    cues = sorted(cues, key=lambda cue: (cue.start, cue.end))
    return _judged_by_times(_without_length(cues))


def _without_length(cues: Sequence[Cue]) -> list[Cue]:
    """Give a verdict to the cues that end before they start."""
    return [
        cue
        if cue.end > cue.start
        else replace(
            cue,
            verdict=Verdict(
                "too short",
                f"line {cue.line}: the cue starts at {cue.start:g} s and ends at {cue.end:g} s",
            ),
        )
        for cue in cues
    ]


def _judged_by_times(cues: Sequence[Cue]) -> list[Cue]:
    """Give a verdict to cues that share their times, since one of their texts must be wrong.

    Where the texts are the same, the first is kept.
    """
    judged = list(cues)
    for index, cue in enumerate(cues):
        for other_index in range(index + 1, len(cues)):
            other = cues[other_index]
            if other.start - cue.start > SAME_SECONDS:
                break
            if abs(other.end - cue.end) > SAME_SECONDS:
                continue

            where = "line {} has the same times"
            if other.text == cue.text:
                later = Verdict("duplicate", where.format(cue.line) + " and text")
                judged[other_index] = _with_verdict(judged[other_index], later)
                continue
            for one, line, text in (
                (index, other.line, other.text),
                (other_index, cue.line, cue.text),
            ):
                why = Verdict("contradictory text", f"{where.format(line)}: {text}")
                judged[one] = _with_verdict(judged[one], why)
    return judged


def _with_verdict(cue: Cue, verdict: Verdict) -> Cue:
    """The first verdict stays."""
    return replace(cue, verdict=cue.verdict.or_else(verdict.reason, verdict.detail))
