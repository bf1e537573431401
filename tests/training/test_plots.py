"""The figure of a training shows its best evaluation and every step."""

from __future__ import annotations

from vago.training import plots


def test_training_figure_marks_the_best():
    rows = [
        {"kind": "eval", "step": s, "mel_ce": v, "best": b}
        for s, v, b in ((0, 6.0, True), (10, 5.0, True), (20, 5.5, False))
    ]
    rows += [
        {"kind": "train", "step": s, "mel_ce": 6 - s / 10, "learning_rate": 1e-3, "grad_norm": 1.0}
        for s in range(1, 21)
    ]
    figure = plots.training(rows, "baseline")
    assert "best 5.000 at step 10" in figure.get_label()
    loss = figure.axes[0]
    (star,) = [line for line in loss.lines if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (10, 5.0)
    assert len(loss.lines[0].get_xdata()) == 20
    assert plots.training([rows[0]]).axes, "one row is enough for a figure"
