"""The figure of notebook 91."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from vago.display.figures import PHASE_COLOURS, described, new_figure

COLOURS = {"stock": PHASE_COLOURS["base"], "vago": PHASE_COLOURS["baseline"]}


def training_speed(found: Mapping[str, Any]) -> Figure:
    """Clips per second and peak memory of each side; `found` is what `benchmark` returns."""
    rows = pd.DataFrame(found["training"])
    names = [f"{what}, {batch} clips a step" for what, batch in zip(rows.what, rows.batch)]
    colours = [COLOURS[what] for what in rows.what]

    figure, axes = new_figure(columns=2, height=1.0 + 0.4 * len(rows), sharey=True)
    panels = (
        (rows.clips_per_second, "clips per second"),
        (rows.peak_memory / 1e9, "peak memory (GB)"),
    )
    for axis, (values, title) in zip(axes[0], panels):
        axis.bar_label(axis.barh(names, values, color=colours), fmt="%.3g", padding=3)
        axis.set(xlabel=title, xlim=(0, 1.2 * values.max()))
    axes[0, 0].invert_yaxis()
    listed = ", ".join(
        f"{name}: {speed:.3g} clips/s" for name, speed in zip(names, rows.clips_per_second)
    )
    return described(figure, f"Bars of training speed and peak memory. {listed}")
