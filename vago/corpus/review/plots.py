"""TODO: what corpus.review.plots is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from vago.display.figures import SOURCE_COLOURS, new_figure

# Okabe & Ito (2008): to be told apart whatever colours one sees
FATE_COLOURS = {"kept": "#0072b2", "pause": "#e4e4e4"}


REJECTED = (
    ("#e69f00", "////"), ("#cc79a7", "xxxx"), ("#56b4e9", "...."), ("#d55e00", "----"), ("#f0e442", "++++"), ("#009e73", "||||"),
    ("#999999", "oooo"), ("#ffffff", "****"),
)  # fmt: skip


def measures(clips: pd.DataFrame, axes_of: Mapping[str, str]) -> Figure:
    """A histogram for each of `axes_of` ({column: label}), the sources stacked."""
    columns = min(3, max(1, len(axes_of)))
    rows = max(1, -(-len(axes_of) // columns))
    figure, axes = new_figure(columns, rows, height=0.5 + 2.3 * rows)
    groups = list(clips.groupby("source", sort=False))
    for axis, (name, label) in zip(axes.flat, axes_of.items()):
        values = [part[name].dropna().to_numpy(dtype=float) for _, part in groups]
        edges = np.histogram_bin_edges(np.concatenate(values), bins=24)
        axis.hist(
            values,
            edges,
            stacked=True,
            color=[SOURCE_COLOURS[i % len(SOURCE_COLOURS)] for i in range(len(groups))],
        )
        axis.set_xlabel(label)
        axis.xaxis.set_major_locator(MaxNLocator(5))
        axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    for axis in axes.flat[len(axes_of) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("clips")
    labels = [
        f"{name}: {len(part)} clips, {part.seconds.sum() / 60:.1f} min" for name, part in groups
    ]
    figure.legend(
        axes[0, 0].containers or axes[0, 0].patches,
        labels,
        loc="outside upper left",
        ncols=3,
        frameon=False,
    )
    return figure


def categories(clips: pd.DataFrame) -> Figure:
    """Minutes and clips in each category; the held-out part is hatched."""
    order = clips.groupby(["source", "category"], sort=False).seconds.sum().sort_values()
    figure, axes = new_figure(height=1.2 + 0.28 * len(order))
    colours = dict(zip(clips.source.unique(), SOURCE_COLOURS))
    held_out = clips[clips.held_out].groupby(["source", "category"]).seconds.sum()
    counts = clips.groupby(["source", "category"]).size()
    for y, (key, seconds) in enumerate(order.items()):
        test = held_out.get(key, 0.0) / 60
        axes[0, 0].barh(y, seconds / 60 - test, color=colours[key[0]])
        axes[0, 0].barh(
            y,
            test,
            left=seconds / 60 - test,
            color="white",
            edgecolor=colours[key[0]],
            hatch="////",
        )
        axes[0, 0].text(seconds / 60, y, f" {counts[key]}", va="center", fontsize=8)
    axes[0, 0].set_yticks(
        range(len(order)), [f"{category} ({source})" for source, category in order.index]
    )
    axes[0, 0].set(
        xlabel="minutes (number of clips at the end, held-out part hatched)",
        title="What the corpus holds",
    )
    return figure


def fates(ledger: pd.DataFrame) -> Figure:
    """Every candidate's fate: how many were kept, and why the others were not."""
    label = ledger.reason.where(ledger.fate != "kept", "kept").fillna("kept")
    counts = label.value_counts().sort_values()
    figure, axes = new_figure(height=1.0 + 0.3 * len(counts))
    colours = [FATE_COLOURS["kept"] if name == "kept" else REJECTED[0][0] for name in counts.index]
    bars = axes[0, 0].barh(counts.index, counts, color=colours)
    axes[0, 0].bar_label(bars, padding=3)
    axes[0, 0].set(xlabel="candidates", title=f"The fate of all {len(ledger)} candidates")
    return figure


def timeline(bars: pd.DataFrame) -> Figure:
    """What became of every second: one bar for each `bar`, pieces from `start` to `end` (seconds) with the look of `label`."""
    names = list(dict.fromkeys(bars["bar"]))
    total = (
        bars.assign(seconds=bars["end"] - bars["start"])
        .groupby("label")["seconds"]
        .sum()
        .sort_values(ascending=False)
    )
    looks = _looks(list(total.index))
    figure, axes = new_figure(height=1.3 + 0.36 * len(names) + 0.18 * -(-len(total) // 3))
    axis = axes[0, 0]
    for label, part in bars.groupby("label"):
        for name, pieces in part.groupby("bar"):
            spans = list(zip(pieces["start"] / 60, (pieces["end"] - pieces["start"]) / 60))
            axis.broken_barh(spans, (names.index(name) - 0.36, 0.72), linewidth=0, **looks[label])
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="minutes", ylim=(len(names) - 0.4, -0.6), xlim=(0, bars["end"].max() / 60))
    shown = [
        Patch(label=f"{label}, {total[label] / 60:.2f} min", **look)
        for label, look in looks.items()
    ]
    figure.legend(handles=shown, loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    return figure


def _looks(labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Kept, pause and unused have their colour, each reason of a rejection another, and a hatch for those who see no colours."""
    looks = {name: {"facecolor": colour} for name, colour in FATE_COLOURS.items() if name in labels}
    for i, label in enumerate(label for label in labels if label not in FATE_COLOURS):
        colour, hatch = REJECTED[i % len(REJECTED)]
        looks[label] = {"facecolor": colour, "hatch": hatch, "edgecolor": "#222222"}
    return looks
