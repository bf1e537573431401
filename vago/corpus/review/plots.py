"""Figures of a corpus: measures, categories, the candidates' fates and the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from vago.corpus.corpus import TRAINING
from vago.display.figures import SOURCE_COLOURS, described, new_figure

# the palette of Okabe & Ito (2008), which colour-blind readers can distinguish; hatches in addition
FATE_COLOURS = {"kept": "#0072b2", "pause": "#e4e4e4"}
REJECTED = (
    ("#e69f00", "////"),
    ("#cc79a7", "xxxx"),
    ("#56b4e9", "...."),
    ("#d55e00", "----"),
    ("#f0e442", "++++"),
    ("#009e73", "||||"),
    ("#999999", "oooo"),
    ("#ffffff", "****"),
)


def histograms(clips: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """A histogram of each measure ({column: axis label}), the sources stacked."""
    columns = min(3, max(1, len(labels)))
    rows = max(1, -(-len(labels) // columns))
    figure, axes = new_figure(columns, rows, height=0.5 + 2.3 * rows)
    groups = list(clips.groupby("source", sort=False))

    for axis, (name, label) in zip(axes.flat, labels.items()):
        _draw_histogram(axis, [part[name] for _, part in groups])
        axis.set_xlabel(label)
    for axis in axes.flat[len(labels) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("clips")

    amounts = [
        f"{name}: {len(part)} clips, {part.seconds.sum() / 60:.2f} min" for name, part in groups
    ]
    bars = axes[0, 0].containers or axes[0, 0].patches
    figure.legend(bars, amounts, loc="outside upper left", ncols=3, frameon=False)
    medians = ", ".join(f"{label} {clips[name].median():.6g}" for name, label in labels.items())
    return described(figure, f"Histograms of {'; '.join(amounts)}. Medians: {medians}")


def _draw_histogram(axis: Axes, groups: Sequence[pd.Series]) -> None:
    """One measure; a group per source."""
    values = [group.dropna().to_numpy(dtype=float) for group in groups]
    edges = np.histogram_bin_edges(np.concatenate(values), bins=24)
    colours = [colour for _, colour in zip(values, cycle(SOURCE_COLOURS))]

    axis.hist(values, edges, stacked=True, color=colours)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def categories(clips: pd.DataFrame) -> Figure:
    """Minutes and clips of each category; what is not trained on is hatched."""
    key = ["source", "category"]
    order = clips.groupby(key, sort=False).seconds.sum().sort_values()
    held_out = clips[clips.part != TRAINING].groupby(key).seconds.sum()
    counts = clips.groupby(key).size()
    colours = dict(zip(clips.source.unique(), SOURCE_COLOURS))

    figure, axes = new_figure(height=1.2 + 0.28 * len(order))
    axis = axes[0, 0]
    for y, ((source, category), seconds) in enumerate(order.items()):
        colour = colours[source]
        minutes = seconds / 60
        hatched = held_out.get((source, category), 0.0) / 60
        plain = minutes - hatched
        axis.barh(y, plain, color=colour)
        axis.barh(y, hatched, left=plain, color="white", edgecolor=colour, hatch="////")
        axis.text(minutes, y, f" {counts[source, category]}", va="center", fontsize=8)

    names = [f"{category} ({source})" for source, category in order.index]
    axis.set_yticks(range(len(order)), names)
    axis.set_xlabel("minutes (number of clips at the end, validation and test hatched)")
    axis.set_title("What the corpus holds")
    listed = ", ".join(
        f"{name} {seconds / 60:.2f}" for name, seconds in zip(names[::-1], order[::-1])
    )
    return described(figure, f"Bars of the minutes of each category: {listed}")


def fates(ledger: pd.DataFrame) -> Figure:
    """How many candidates were kept, and why the others were not."""
    label = ledger.reason.where(ledger.fate != "kept", "kept").fillna("kept")
    counts = label.value_counts().sort_values()
    rejected = REJECTED[0][0]
    colours = [FATE_COLOURS["kept"] if name == "kept" else rejected for name in counts.index]

    figure, axes = new_figure(height=1.0 + 0.3 * len(counts))
    axis = axes[0, 0]
    bars = axis.barh(counts.index, counts, color=colours)
    axis.bar_label(bars, padding=3)
    axis.set(xlabel="candidates", title=f"The fate of all {len(ledger)} candidates")
    listed = ", ".join(f"{count} {name}" for name, count in counts[::-1].items())
    return described(figure, f"Bars of the fates of all {len(ledger)} candidates: {listed}")


def timeline(bars: pd.DataFrame) -> Figure:
    """The fate of every second.

    Args:
        bars: `bar` (its row in the figure), start, end in seconds and label, see
            `report.timeline_bars`.
    """
    names = list(dict.fromkeys(bars["bar"]))
    seconds = (bars["end"] - bars["start"]).groupby(bars["label"]).sum()
    seconds = seconds.sort_values(ascending=False)
    looks = _looks(list(seconds.index))

    figure, axes = new_figure(height=1.3 + 0.36 * len(names) + 0.18 * -(-len(seconds) // 3))
    axis = axes[0, 0]
    for (label, name), pieces in bars.groupby(["label", "bar"]):
        starts = pieces["start"] / 60
        widths = (pieces["end"] - pieces["start"]) / 60
        row = (names.index(name) - 0.36, 0.72)
        axis.broken_barh(list(zip(starts, widths)), row, linewidth=0, **looks[label])

    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="minutes", ylim=(len(names) - 0.4, -0.6), xlim=(0, bars["end"].max() / 60))
    shown = [
        Patch(label=f"{label}, {seconds[label] / 60:.2f} min", **look)
        for label, look in looks.items()
    ]
    figure.legend(handles=shown, loc="outside upper left", ncols=3, frameon=False, fontsize=8)
    listed = "; ".join(patch.get_label() for patch in shown)
    return described(figure, f"The fate of every second, a bar for each of {len(names)}: {listed}")


def _looks(labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Kept and pause have a colour of their own; every other label has a colour and a hatch."""
    looks = {name: {"facecolor": colour} for name, colour in FATE_COLOURS.items() if name in labels}
    others = [label for label in labels if label not in FATE_COLOURS]
    for label, (colour, hatch) in zip(others, cycle(REJECTED)):
        looks[label] = {"facecolor": colour, "hatch": hatch, "edgecolor": "#222222"}
    return looks
