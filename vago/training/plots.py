"""The figure of a training phase: losses, learning rate and gradient norm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vago.display.figures import described, new_figure

TRAIN_COLUMNS = ["step", "mel_ce", "learning_rate", "grad_norm"]
EVAL_COLUMNS = ["step", "mel_ce", "best"]

BLUE = "#4c78a8"
RED = "#e45756"
GREEN = "#54a24b"


def training(rows: Sequence[Mapping[str, Any]], title: str = "") -> Figure:
    """One phase as it runs, from the rows of metrics.jsonl.

    Left: training and validation mel CE; right: learning rate and gradient norm.
    """
    train = pd.DataFrame([r for r in rows if r["kind"] == "train"], columns=TRAIN_COLUMNS)
    validation = pd.DataFrame([r for r in rows if r["kind"] == "eval"], columns=EVAL_COLUMNS)

    figure, axes = new_figure(columns=2, width_ratios=(2, 1))
    loss, rate = axes[0]
    _draw_losses(loss, train, validation)
    loss.set_title(title)
    _draw_learning_rate(rate, train)
    return described(figure, _in_words(train, validation, title))


def _in_words(train: pd.DataFrame, validation: pd.DataFrame, title: str) -> str:
    """From where to where both losses go, and the best."""
    parts = []
    for name, rows in (("training", train), ("validation", validation)):
        if len(rows):
            first, last = rows.iloc[0], rows.iloc[-1]
            parts.append(
                f"{name} mel CE from {first.mel_ce:.3f} at step {first.step:.0f} "
                f"to {last.mel_ce:.3f} at step {last.step:.0f}"
            )

    for row in validation[validation.best.eq(True)].tail(1).itertuples():
        parts.append(f"best {row.mel_ce:.3f} at step {row.step:.0f}")
    return f"{title or 'Training'}: {', '.join(parts)}; beside them learning rate and gradient norm"


def _draw_losses(axes: Axes, train: pd.DataFrame, validation: pd.DataFrame) -> None:
    axes.plot(train.step, train.mel_ce, color=BLUE, linewidth=1, label="training")
    axes.plot(validation.step, validation.mel_ce, "o-", color=RED, markersize=4, label="validation")

    # the last best row is the best of all
    best = validation[validation.best.eq(True)].tail(1)
    for row in best.itertuples():
        label = f"best: {row.mel_ce:.3f} at step {row.step:.0f}"
        axes.plot(row.step, row.mel_ce, "*", color=RED, markersize=13, label=label)

    axes.set(xlabel="step", ylabel="mel CE (nats per code)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)


def _draw_learning_rate(axes: Axes, train: pd.DataFrame) -> None:
    axes.plot(train.step, train.learning_rate, color=GREEN)
    axes.set(xlabel="step", ylabel="learning rate")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))

    norm = axes.twinx()
    norm.plot(train.step, train.grad_norm, color="#b0b0b0", linewidth=0.7)
    norm.set_ylabel("gradient norm", color="#909090")
    norm.spines["top"].set_visible(False)
