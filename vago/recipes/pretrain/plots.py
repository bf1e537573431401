"""TODO: what recipes.pretrain.plots is for."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from vago.display.figures import SOURCE_COLOURS, new_figure


def learning(metrics: pd.DataFrame) -> Figure:
    """The base's courses one after the other: held-out mel CE over steps, behind the right voice's prompt and, dotted, another's
    (columns course, step, held_out_mel_ce, misled_mel_ce)."""
    figure, axes = new_figure()
    offset = 0
    for (course, rows), colour in zip(metrics.groupby("course", sort=False), SOURCE_COLOURS):
        axes[0, 0].plot(
            offset + rows.step,
            rows.held_out_mel_ce,
            "o-",
            color=colour,
            markersize=4,
            label=f"{course} texts",
        )
        axes[0, 0].plot(offset + rows.step, rows.misled_mel_ce, ":", color=colour)
        offset += int(rows.step.max())
    axes[0, 0].set(
        xlabel="steps, course after course",
        ylabel="mel CE (nats per code)",
        title="Held-out loss of the GPT",
    )
    axes[0, 0].legend(frameon=False)
    return figure
