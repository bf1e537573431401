"""The fate of every second of every recording: kept, rejected, unused or pause."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from vago.corpus.corpus import TIMELINE_COLUMNS

_RANK = {"kept": 0, "rejected": 1, "unused": 2, "pause": 3}


def account(recordings: Iterable[dict[str, Any]], ledger: pd.DataFrame) -> pd.DataFrame:
    """Intervals that follow on one another from 0 to each recording's end.

    Args:
        recordings: source, recording, seconds and `speech`, (N, 2) seconds, of each readable one.
        ledger: source, recording, start, end, fate, reason and candidate.

    Returns:
        DataFrame: TIMELINE_COLUMNS, whose meaning stands at `corpus.Corpus`.
    """
    groups = dict(list(ledger.groupby(["source", "recording"], sort=False)))
    rows: list[dict[str, Any]] = []
    seen = set()
    for one in recordings:
        key = (one["source"], one["recording"])
        if key not in seen:  # metadata.csv may name a file twice
            seen.add(key)
            rows += _intervals(one, groups.get(key, ledger.iloc[:0]))
    return pd.DataFrame(rows, columns=TIMELINE_COLUMNS)


def _intervals(one: dict[str, Any], candidates: pd.DataFrame) -> list[dict[str, Any]]:
    """The intervals of one recording; neighbours of the same candidate and fate are one."""
    total = float(one["seconds"])
    spans = _spans(one, candidates, total)
    edges = sorted({0.0, total, *(at for start, end, *_ in spans for at in (start, end))})

    # where spans overlap the best fate wins, and the first of equals
    spans = sorted(spans, key=lambda span: _RANK[span[2]])
    owner = np.zeros(len(edges) - 1, dtype=int)
    for number, (start, end, *_) in reversed(list(enumerate(spans))):
        owner[np.searchsorted(edges, start) : np.searchsorted(edges, end)] = number

    found: list[dict[str, Any]] = []
    for start, end, number in zip(edges, edges[1:], owner):
        fate, reason, candidate = spans[number][2:]
        what = {"fate": fate, "reason": reason, "candidate": candidate}
        if found and what.items() <= found[-1].items():
            found[-1]["end"] = end
        else:
            where = {"source": one["source"], "recording": one["recording"]}
            found.append({**where, "start": start, "end": end, **what})

    return [{**row, "seconds": row["end"] - row["start"]} for row in found]


def _spans(
    one: dict[str, Any], candidates: pd.DataFrame, total: float
) -> list[tuple[float, float, str, str, str]]:
    """(start, end, fate, reason, candidate) of candidates and speech, with a pause under them."""
    spans = [
        (row.start, row.end, row.fate, row.reason, row.candidate) for row in candidates.itertuples()
    ]
    spans += [(start, end, "unused", "in no candidate", "") for start, end in one["speech"]]
    spans.append((0.0, total, "pause", "", ""))

    spans = [
        (min(max(start, 0.0), total), min(max(end, 0.0), total), *rest)
        for start, end, *rest in spans
    ]
    return [span for span in spans if span[1] > span[0]]
