"""TODO: what evaluation.plots is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from vago.display.figures import PHASE_COLOURS, new_figure


def phases_on_one_axis(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Loss curves of all phases one after the other, held-out as dots: comparable because each is asked the same questions."""
    figure, axes = new_figure(height=3.6)
    axis, offset = axes[0, 0], 0
    for name, table in curves.items():
        colour = PHASE_COLOURS.get(name, "#333333")
        train, held_out = table[table.kind == "train"], table[table.kind == "eval"]
        axis.plot(offset + train.step, train.mel_ce, color=colour, linewidth=0.8, alpha=0.6)
        axis.plot(
            offset + held_out.step,
            held_out.mel_ce,
            "o-",
            color=colour,
            markersize=4,
            label=f"{name}: held-out",
        )
        offset += int(table.step.max())
        axis.axvline(offset, color="#dddddd", linewidth=0.8, zorder=0)
    axis.set(
        xlabel="steps, phase after phase",
        ylabel="mel CE (nats per code)",
        title="Training (lines) and held-out (dots) loss",
    )
    axis.legend(frameon=False)
    return figure


def scores(report: Mapping[str, Any]) -> Figure:
    """Held-out loss of each phase with its 95 % interval, in all and per source, and the target."""
    names = list(report["phases"])
    groups = ["all", *next(iter(report["phases"].values()))["per_source"]]
    figure, axes = new_figure(columns=len(groups), width=3.2 * len(groups), height=3.4, sharey=True)
    for axis, group in zip(axes[0], groups):
        for x, name in enumerate(names):
            phase = report["phases"][name]
            value = (phase["held_out"] if group == "all" else phase["per_source"][group])["loss"]
            error = [[value["value"] - value["low"]], [value["high"] - value["value"]]]
            axis.errorbar(
                x,
                value["value"],
                yerr=error,
                fmt="o",
                capsize=4,
                color=PHASE_COLOURS.get(name, "#333333"),
            )
            axis.annotate(
                f"{value['value']:.2f}",
                (x, value["value"]),
                xytext=(7, 0),
                textcoords="offset points",
                fontsize=8,
                va="center",
            )
        axis.axhline(report["target_loss"], linestyle="--", color="#b0b0b0", linewidth=0.8)
        axis.set_xticks(range(len(names)), names, rotation=30, ha="right")
        axis.set(title="all held-out clips" if group == "all" else group, xlim=(-0.5, len(names)))
    axes[0, 0].set_ylabel("loss = mel CE + 0.01 text CE")
    return figure
