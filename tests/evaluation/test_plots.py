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


def test_loss_and_character_error_rate_stand_side_by_side():
    def interval(value: float) -> dict:
        return {"value": value, "low": value - 0.1, "high": value + 0.1}

    phases = {"base": {"test": {"loss": interval(3)}}, "baseline": {"test": {"loss": interval(2)}}}
    rates = {"base": interval(0.4), "baseline": interval(0.5)}
    report = {"phases": phases, "understood": {"phases": rates}}

    loss, errors = plots.loss_and_errors(report).axes
    assert errors.get_title() == "character error rate"
    for axis, values in ((loss, ["3.000", "2.000"]), (errors, ["0.400", "0.500"])):
        assert [text.get_text() for text in axis.texts] == values
