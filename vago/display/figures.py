"""Figures that any room can use: axes to draw on, waveforms and mel spectrograms.

Data -> matplotlib Figure. Nothing here shows, saves or closes a figure, or touches a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import librosa
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PHASE_COLOURS = {
    "base": "#8a8a8a",
    "baseline": "#4c78a8",
    "combined": "#f58518",
    "ultrafine": "#54a24b",
}
SOURCE_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2")
TITLE_CHARACTERS = 100  # of a title that is as wide as its figure
MEL_BANDS, MAX_HZ = 80, 8000


def new_figure(
    columns: int = 1, rows: int = 1, width: float = 9.0, height: float = 3.2, **options: Any
) -> tuple[Figure, np.ndarray]:
    """A figure of `width` x `height` inches and its (rows, columns) array of axes.

    Args:
        options: what `Figure.subplots` takes
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def described(figure: Figure, words: str) -> Figure:
    """Say in words what a figure shows, for those who do not see it; returns the figure."""
    figure.set_label(words)
    return figure


def spectrogram(wav: np.ndarray, rate: int) -> Figure:
    """Waveform above its mel spectrogram."""
    figure, axes = new_figure(rows=2, height=3.6, sharex=True, height_ratios=(1, 2.4))
    waveform, mel = axes[:, 0]

    waveform.plot(np.arange(len(wav)) / rate, wav, linewidth=0.4, color="#4c78a8")
    waveform.set(ylim=(-1, 1), yticks=(-1, 0, 1))
    draw_mel(mel, wav, rate)
    mel.set_xlabel("seconds")
    return described(figure, f"Waveform and mel spectrogram of {len(wav) / rate:.1f} s of sound")


def spectrograms(sounds: Sequence[tuple[str, np.ndarray, int]]) -> Figure:
    """Mel spectrograms below each other on one time axis.

    Args:
        sounds: (title, wav, rate) each
    """
    figure, axes = new_figure(rows=len(sounds), height=0.5 + 1.5 * len(sounds), sharex=True)
    for axis, (title, wav, rate) in zip(axes[:, 0], sounds):
        draw_mel(axis, wav, rate)
        axis.set_title(shorten(title, TITLE_CHARACTERS, placeholder=" …"), loc="left", fontsize=9)

    axes[0, 0].set_xlim(0, max(len(wav) / rate for _, wav, rate in sounds))
    axes[-1, 0].set_xlabel("seconds")
    lengths = "; ".join(f"{title} ({len(wav) / rate:.1f} s)" for title, wav, rate in sounds)
    return described(figure, f"Mel spectrograms on one time axis: {lengths}")


def draw_mel(axis: Axes, wav: np.ndarray, rate: int) -> None:
    """The mel spectrogram of (samples,), in dB below its maximum, with ticks in kHz."""
    power = librosa.feature.melspectrogram(
        y=wav, sr=rate, n_fft=1024, hop_length=256, n_mels=MEL_BANDS, fmax=MAX_HZ
    )
    level = librosa.power_to_db(power, ref=max(power.max(), 1e-10), top_db=70)
    extent = (0, len(wav) / rate, 0, MEL_BANDS)
    axis.imshow(
        level, origin="lower", aspect="auto", extent=extent, cmap="magma", interpolation="nearest"
    )

    ticks = [500, 1000, 2000, 4000]
    bands = librosa.mel_frequencies(MEL_BANDS, fmin=0, fmax=MAX_HZ)
    axis.set_yticks(
        np.interp(ticks, bands, np.arange(MEL_BANDS)), [f"{hz / 1000:g}" for hz in ticks]
    )
    axis.set_ylabel("kHz")
