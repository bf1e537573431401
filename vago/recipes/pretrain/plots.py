"""The figure of notebook 90."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from vago.display.figures import SOURCE_COLOURS, described, new_figure


def learning_curves(metrics: pd.DataFrame) -> Figure:
    """Held-out mel CE of the GPT over the steps of all courses.

    Solid with a prompt of the right voice, dotted with one of another voice.

    Args:
        metrics: columns course, step, held_out_mel_ce, misled_mel_ce.
    """
    figure, axes = new_figure()
    axis = axes[0, 0]

    offset = 0
    for (course, rows), colour in zip(metrics.groupby("course", sort=False), SOURCE_COLOURS):
        steps = offset + rows.step
        style = dict(color=colour, markersize=4, label=f"{course} texts")
        axis.plot(steps, rows.held_out_mel_ce, "o-", **style)
        axis.plot(steps, rows.misled_mel_ce, ":", color=colour)
        offset += int(rows.step.max())

    axis.set(
        xlabel="steps, course after course",
        ylabel="mel CE (nats per code)",
        title="Held-out loss of the GPT",
    )
    axis.legend(frameon=False)
    ends = metrics.held_out_mel_ce.iloc[[0, -1]]
    words = "Held-out mel CE of the GPT from {:.2f} to {:.2f}, over {} steps".format(*ends, offset)
    return described(figure, words)
