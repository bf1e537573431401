"""What became of every second of every recording: the ledger's candidates laid over its speech and pauses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = "source recording start end seconds fate reason candidate".split()
_RANK = {"kept": 0, "rejected": 1, "unused": 2, "pause": 3}


def account(recordings: Iterable[dict[str, Any]], ledger: pd.DataFrame) -> pd.DataFrame:
    """Intervals that follow on one another from 0 to each recording's end; `corpus.Corpus` says what their columns mean.

    Args:
        recordings: source, recording, seconds and `speech`, (N, 2) seconds, of each one that could be read
        ledger: source, recording, start, end, fate, reason and candidate
    """
    rows: list[dict[str, Any]] = []
    groups = {key: part for key, part in ledger.groupby(["source", "recording"], sort=False)}
    seen = set()
    for one in recordings:
        key = (one["source"], one["recording"])
        if key in seen:  # a file that metadata.csv names twice
            continue
        seen.add(key)
        rows += _intervals(one, groups.get(key, ledger.iloc[:0]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _intervals(one: dict[str, Any], part: pd.DataFrame) -> list[dict[str, Any]]:
    total = float(one["seconds"])
    spans = [(row.start, row.end, row.fate, row.reason, row.candidate) for row in part.itertuples()]
    spans += [(a, b, "unused", "in no candidate", "") for a, b in one["speech"]]
    spans = [(min(max(a, 0.0), total), min(max(b, 0.0), total), *rest) for a, b, *rest in spans]
    edges = sorted({0.0, total, *(at for a, b, *_ in spans if b > a for at in (a, b))})
    # of the spans over a moment the best fate wins, of equals the first
    order = sorted((span for span in spans if span[1] > span[0]), key=lambda span: _RANK[span[2]])
    owner = np.full(len(edges) - 1, -1)
    for number, (a, b, *_) in reversed(list(enumerate(order))):
        owner[np.searchsorted(edges, a) : np.searchsorted(edges, b)] = number
    found: list[dict[str, Any]] = []
    for k, (a, b) in enumerate(zip(edges, edges[1:])):
        fate, reason, candidate = order[owner[k]][2:] if owner[k] >= 0 else ("pause", "", "")
        if found and (found[-1]["fate"], found[-1]["reason"], found[-1]["candidate"]) == (
            fate,
            reason,
            candidate,
        ):
            found[-1]["end"] = b
            continue
        where = {"source": one["source"], "recording": one["recording"], "start": a, "end": b}
        found.append({**where, "fate": fate, "reason": reason, "candidate": candidate})
    return [{**row, "seconds": row["end"] - row["start"]} for row in found]
