"""Figures of a corpus show all of it."""

from __future__ import annotations

import pytest

from vago.corpus.corpus import Corpus
from vago.corpus.review import plots, report


def test_corpus_figures_show_every_clip(session_project):
    corpus = Corpus.load(session_project.corpus)
    kept = plots.fates(corpus.ledger).axes[0]
    widths = {
        tick.get_text(): bar.get_width() for tick, bar in zip(kept.get_yticklabels(), kept.patches)
    }
    assert widths["kept"] == len(corpus.clips) and sum(widths.values()) == len(corpus.ledger)
    minutes = sum(bar.get_width() for bar in plots.categories(corpus.clips).axes[0].patches)
    assert minutes == pytest.approx(corpus.clips.seconds.sum() / 60)


def test_corpus_figures_are_described(session_project):
    corpus = Corpus.load(session_project.corpus)
    for figure in (
        plots.fates(corpus.ledger),
        plots.categories(corpus.clips),
        plots.timeline(report.timeline_bars(corpus.timeline)),
        plots.histograms(corpus.clips, {"seconds": "length (s)"}),
    ):
        words = figure.get_label()
        assert any(character.isdigit() for character in words) and words[0].isupper(), words
    assert f"{len(corpus.clips)} kept" in plots.fates(corpus.ledger).get_label()
