"""What is wrong with a candidate."""

from __future__ import annotations

import numpy as np
import pytest

from vago.corpus.verdicts import odd_rates, of_length


def test_odd_rates_are_odd_for_their_source():
    rates = np.random.default_rng(0).normal(14, 1, 100)
    rates[:3] = [2, 60, np.nan]
    assert np.flatnonzero(odd_rates(rates, 6.0)).tolist() == [0, 1]

    assert not odd_rates(rates[:19], 6.0).any()
    assert not odd_rates(np.full(30, 14.0) + np.linspace(0, 1e-9, 30), 6.0).any()


@pytest.mark.parametrize(
    ("text", "seconds", "spoken_seconds", "fits"),
    [
        ("Jó estét kívánok, hölgyeim és uraim!", 3.1, 2.9, True),
        ("Igen.", 0.5, 0.3, True),
        ("Neeem.", 2.2, 1.9, True),  # drawn out
        ("Igen.", 9.0, 0.4, True),  # mostly silence
        ("male egy", 3.1, 2.9, False),  # one or two words on seconds of speech
        ("Igen.", 5.0, 4.0, False),
        ("Ez a szöveg sokkal hosszabb, mint amennyit két másodperc alatt el.", 2.0, 1.9, False),
    ],
)
def test_a_text_that_cannot_be_what_is_said(text, seconds, spoken_seconds, fits):
    verdict = of_length(text, seconds, spoken_seconds)
    assert bool(verdict.reason) != fits
    assert fits or f"{len(text)} characters in" in verdict.detail
