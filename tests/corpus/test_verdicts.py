"""What is wrong with a candidate."""

from __future__ import annotations

import numpy as np

from vago.corpus.verdicts import odd_rates


def test_odd_rates_are_odd_for_their_source():
    rates = np.random.default_rng(0).normal(14, 1, 100)
    rates[:3] = [2, 60, np.nan]
    assert np.flatnonzero(odd_rates(rates, 6.0)).tolist() == [0, 1]

    assert not odd_rates(rates[:19], 6.0).any()
    assert not odd_rates(np.full(30, 14.0) + np.linspace(0, 1e-9, 30), 6.0).any()
