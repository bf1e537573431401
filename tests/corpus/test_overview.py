"""Amounts in words: one source or several, none at all."""

from __future__ import annotations

import pandas as pd

from vago.corpus.overview import amounts


def test_amounts_name_the_sources():
    clips = pd.DataFrame({"source": ["quiz", "quiz", "interview"], "seconds": [60.0, 30.0, 6.0]})
    assert amounts(clips) == "3 clips, 1.60 min: 2 of quiz (1.50 min), 1 of interview (0.10 min)"
    assert amounts(clips[:2].assign(source="podcast")) == "2 clips of podcast, 1.50 min"
    assert amounts(clips[2:]) == "1 clip of interview, 0.10 min"
    assert amounts(clips[:0]) == "no clips"
