"""Figures of the evaluation: learning curves of all phases, and their test losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from vago.display.figures import PHASE_COLOURS, described, new_figure

OTHER_COLOUR = "#333333"


def phases_on_one_axis(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Learning curves of all phases, one after the other: training as lines, validation as dots.

    They can be compared since all phases are validated on the same clips.
    """
    figure, axes = new_figure(height=3.6)
    axis, offset, ends = axes[0, 0], 0, []
    for name, table in curves.items():
        train, validation = table[table.kind == "train"], table[table.kind == "eval"]
        colour = PHASE_COLOURS.get(name, OTHER_COLOUR)
        lines = {"color": colour, "linewidth": 0.8, "alpha": 0.6}
        dots = {"color": colour, "markersize": 4, "label": f"{name}: validation"}
        axis.plot(offset + train.step, train.mel_ce, **lines)
        axis.plot(offset + validation.step, validation.mel_ce, "o-", **dots)
        if len(validation):
            first, last = validation.mel_ce.iloc[0], validation.mel_ce.iloc[-1]
            ends.append(f"{name} from {first:.3f} to {last:.3f}")

        offset += int(table.step.max())
        axis.axvline(offset, color="#dddddd", linewidth=0.8, zorder=0)

    axis.set_title("Training (lines) and validation (dots) loss")
    axis.set(xlabel="steps, phase after phase", ylabel="mel CE (nats per code)")
    axis.legend(frameon=False)
    return described(figure, f"Validation mel CE, phase after phase: {', '.join(ends)}")


def scores(report: Mapping[str, Any]) -> Figure:
    """Test loss of each phase with its 95 % interval, over all clips and per source."""
    phases = report["phases"]
    sources = next(iter(phases.values()))["per_source"]
    columns = {"all test clips": [phase["test"] for phase in phases.values()]}
    for source in sources:
        columns[source] = [phase["per_source"][source] for phase in phases.values()]

    width = 3.2 * len(columns)
    figure, axes = new_figure(columns=len(columns), width=width, height=3.4, sharey=True)
    for axis, (title, scored) in zip(axes[0], columns.items()):
        for x, (name, score) in enumerate(zip(phases, scored)):
            _draw_score(axis, x, score["loss"], PHASE_COLOURS.get(name, OTHER_COLOUR))
        axis.axhline(report["target_loss"], linestyle="--", color="#b0b0b0", linewidth=0.8)
        axis.set_xticks(range(len(phases)), phases, rotation=30, ha="right")
        axis.set(title=title, xlim=(-0.5, len(phases)))
    axes[0, 0].set_ylabel("loss = mel CE + 0.01 text CE")
    panels = []
    for title, scored in columns.items():
        values = zip(phases, scored)
        listed = ", ".join(f"{name} {score['loss']['value']:.3f}" for name, score in values)
        panels.append(f"{title}: {listed}")
    words = f"Loss of each phase, target {report['target_loss']:g}. {'; '.join(panels)}"
    return described(figure, words)


def loss_and_errors(report: Mapping[str, Any]) -> Figure:
    """Test loss and character error rate of each phase, side by side; both are better if lower."""
    rates = report["understood"]["phases"]
    panels = {
        "loss on the test clips": {
            name: phase["test"]["loss"] for name, phase in report["phases"].items()
        },
        "character error rate": rates,
    }

    figure, axes = new_figure(columns=2, height=3.4)
    words = []
    for axis, (title, values) in zip(axes[0], panels.items()):
        for x, (name, value) in enumerate(values.items()):
            _draw_score(axis, x, value, PHASE_COLOURS.get(name, OTHER_COLOUR))
        axis.set_xticks(range(len(values)), values, rotation=30, ha="right")
        axis.set(title=title, xlim=(-0.5, len(values)))
        listed = ", ".join(f"{name} {value['value']:.3f}" for name, value in values.items())
        words.append(f"{title}: {listed}")
    return described(figure, "; ".join(words))


def _draw_score(axis, x: int, score: Mapping[str, float], colour: str) -> None:
    """A dot with its interval and its value beside it."""
    value = score["value"]
    error = [[value - score["low"]], [score["high"] - value]]
    axis.errorbar(x, value, yerr=error, fmt="o", capsize=4, color=colour)

    beside = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
    axis.annotate(f"{value:.3f}", (x, value), fontsize=8, **beside)
