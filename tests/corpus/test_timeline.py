"""The timeline: every second of a recording has exactly one fate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vago.corpus.timeline import account

COLUMNS = ["source", "recording", "start", "end", "fate", "reason", "candidate"]

spans = st.lists(st.tuples(st.integers(-5, 110), st.integers(0, 40), st.booleans()), max_size=12)
stretches = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30)), max_size=8)


def ledger_of(candidates: list[tuple[int, int, bool]]) -> pd.DataFrame:
    rows = []
    for k, (start, length, kept) in enumerate(candidates):
        fate, reason = ("kept", "") if kept else ("rejected", "bad")
        place = ("s", "r.wav", float(start), float(start + length))
        rows.append((*place, fate, reason, f"c{k}"))
    return pd.DataFrame(rows, columns=COLUMNS)


@settings(deadline=None)
@given(spans, stretches, st.integers(1, 100))
def test_the_seconds_add_up(candidates, speech, total):
    ledger = ledger_of(candidates)
    voiced = np.array([(a, a + n) for a, n in speech]).reshape(-1, 2)
    one = {"source": "s", "recording": "r.wav", "seconds": float(total), "speech": voiced}

    found = account([one, one], ledger)

    starts, ends = found["start"].to_numpy(), found["end"].to_numpy()
    assert starts[0] == 0 and ends[-1] == total
    assert (starts[1:] == ends[:-1]).all()
    assert (found["seconds"] > 0).all()
    assert found["seconds"].sum() == pytest.approx(total)

    intervals = list(found.itertuples())
    rows = list(ledger.itertuples())
    for at in np.arange(total) + 0.5:
        (one,) = [row for row in intervals if row.start < at < row.end]
        over = [row for row in rows if row.start < at < row.end]
        spoken = any(a < at < a + n for a, n in speech)
        if over:
            kept = any(row.fate == "kept" for row in over)
            assert one.fate == ("kept" if kept else "rejected")
            assert one.candidate in {row.candidate for row in over}
        else:
            assert one.fate == ("unused" if spoken else "pause")
            assert one.candidate == ""
