"""The figure of the scores shows every phase and source, and the target."""

from __future__ import annotations

from vago.evaluation import plots


def test_scores_figure_has_each_phase_and_the_target():
    interval = {"loss": {"value": 5.0, "low": 4.5, "high": 5.6}}
    phase = {"test": interval, "per_source": {"quiz": interval}}
    figure = plots.scores({"phases": {"base": phase, "baseline": phase}, "target_loss": 2.5})
    assert [axis.get_title() for axis in figure.axes] == ["all test clips", "quiz"]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["base", "baseline"]
    assert any(list(line.get_ydata()) == [2.5, 2.5] for line in figure.axes[0].lines)
    assert "quiz: base 5.000, baseline 5.000" in figure.get_label()
