"""TODO: what recipes.benchmark.plots is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from vago.display.figures import PHASE_COLOURS, new_figure


def paces(found: Mapping[str, Any]) -> Figure:
    """The benchmark's clips a second of each side, and the memory it took."""
    rows = pd.DataFrame(found["training"])
    names = [f"{what}, {batch} clips a step" for what, batch in zip(rows.what, rows.batch)]
    colours = [
        PHASE_COLOURS["base"] if what == "stock" else PHASE_COLOURS["baseline"]
        for what in rows.what
    ]
    figure, axes = new_figure(columns=2, height=1.0 + 0.4 * len(rows), sharey=True)
    values = (rows.clips_per_second, "clips a second"), (rows.peak_memory / 1e9, "peak memory (GB)")
    for axis, (value, title) in zip(axes[0], values):
        axis.bar_label(axis.barh(names, value, color=colours), fmt="%.3g", padding=3)
        axis.set(xlabel=title, xlim=(0, 1.2 * value.max()))
    axes[0, 0].invert_yaxis()
    return figure
