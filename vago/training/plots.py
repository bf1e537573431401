"""TODO: what training.plots is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vago.display.figures import new_figure


def training(rows: Sequence[Mapping[str, Any]], title: str = "") -> Figure:
    """One phase as it runs: training and held-out mel CE on the left, learning rate and gradient norm on the right."""
    train = pd.DataFrame(
        [r for r in rows if r["kind"] == "train"],
        columns=["step", "mel_ce", "learning_rate", "grad_norm"],
    )
    held_out = pd.DataFrame(
        [r for r in rows if r["kind"] == "eval"], columns=["step", "mel_ce", "best"]
    )
    figure, axes = new_figure(columns=2, width_ratios=(2, 1))
    loss, rate = axes[0]
    loss.plot(train.step, train.mel_ce, color="#4c78a8", linewidth=1, label="training")
    loss.plot(held_out.step, held_out.mel_ce, "o-", color="#e45756", markersize=4, label="held-out")
    if held_out.best.any():
        best = held_out[held_out.best == True].iloc[-1]  # noqa: E712
        loss.plot(
            best.step,
            best.mel_ce,
            "*",
            color="#e45756",
            markersize=13,
            label=f"best: {best.mel_ce:.3f} at step {best.step:.0f}",
        )
    loss.set(xlabel="step", ylabel="mel CE (nats per code)", title=title)
    loss.xaxis.set_major_locator(MaxNLocator(integer=True))
    loss.legend(frameon=False)
    rate.plot(train.step, train.learning_rate, color="#54a24b")
    rate.set(xlabel="step", ylabel="learning rate")
    rate.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    norm = rate.twinx()
    norm.plot(train.step, train.grad_norm, color="#b0b0b0", linewidth=0.7)
    norm.set_ylabel("gradient norm", color="#909090")
    norm.spines["top"].set_visible(False)
    return figure
