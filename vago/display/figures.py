"""Data -> matplotlib Figure. Nothing here shows, saves or closes a figure, or touches a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import librosa
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

PHASE_COLOURS = {
    "base": "#8a8a8a",
    "baseline": "#4c78a8",
    "combined": "#f58518",
    "ultrafine": "#54a24b",
}
SOURCE_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2")
# Okabe & Ito (2008): to be told apart whatever colours one sees
FATE_COLOURS = {"kept": "#0072b2", "pause": "#e4e4e4"}
REJECTED = (
    ("#e69f00", "////"), ("#cc79a7", "xxxx"), ("#56b4e9", "...."), ("#d55e00", "----"), ("#f0e442", "++++"), ("#009e73", "||||"),
    ("#999999", "oooo"), ("#ffffff", "****"),
)  # fmt: skip


def _figure(columns: int = 1, rows: int = 1, width: float = 9.0, height: float = 3.2, **options):
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def measures(clips: pd.DataFrame, axes_of: Mapping[str, str]) -> Figure:
    """A histogram for each of `axes_of` ({column: label}), the sources stacked."""
    columns = min(3, max(1, len(axes_of)))
    rows = max(1, -(-len(axes_of) // columns))
    figure, axes = _figure(columns, rows, height=0.5 + 2.3 * rows)
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
    figure, axes = _figure(height=1.2 + 0.28 * len(order))
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
    figure, axes = _figure(height=1.0 + 0.3 * len(counts))
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
    figure, axes = _figure(height=1.3 + 0.36 * len(names) + 0.18 * -(-len(total) // 3))
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


def spectrogram(wav: np.ndarray, rate: int, title: str = "") -> Figure:
    """Waveform above its mel spectrogram."""
    figure, axes = _figure(rows=2, height=3.6, sharex=True, height_ratios=(1, 2.4))
    axes[0, 0].plot(np.arange(len(wav)) / rate, wav, linewidth=0.4, color="#4c78a8")
    axes[0, 0].set(ylim=(-1, 1), yticks=(-1, 0, 1), title=title)
    _draw_mel(axes[1, 0], wav, rate)
    axes[1, 0].set_xlabel("seconds")
    return figure


def spectrograms(sounds: Sequence[tuple[str, np.ndarray, int]]) -> Figure:
    """Mel spectrograms below each other on one time axis: (title, wav, rate) each."""
    figure, axes = _figure(rows=len(sounds), height=0.5 + 1.5 * len(sounds), sharex=True)
    for axis, (title, wav, rate) in zip(axes[:, 0], sounds):
        _draw_mel(axis, wav, rate)
        axis.set_title(title, loc="left", fontsize=9)
    axes[0, 0].set_xlim(0, max(len(wav) / rate for _, wav, rate in sounds))
    axes[-1, 0].set_xlabel("seconds")
    return figure


def _draw_mel(axis, wav: np.ndarray, rate: int) -> None:
    power = librosa.feature.melspectrogram(
        y=wav, sr=rate, n_fft=1024, hop_length=256, n_mels=80, fmax=8000
    )
    level = librosa.power_to_db(power, ref=max(power.max(), 1e-10), top_db=70)
    axis.imshow(
        level,
        origin="lower",
        aspect="auto",
        extent=(0, len(wav) / rate, 0, 80),
        cmap="magma",
        interpolation="nearest",
    )
    ticks = [500, 1000, 2000, 4000]
    places = np.interp(ticks, librosa.mel_frequencies(80, fmin=0, fmax=8000), np.arange(80))
    axis.set_yticks(places, [f"{hz / 1000:g}" for hz in ticks])
    axis.set_ylabel("kHz")


def training(rows: Sequence[Mapping[str, Any]], title: str = "") -> Figure:
    """One phase as it runs: training and held-out mel CE on the left, learning rate and gradient norm on the right."""
    train = pd.DataFrame(
        [r for r in rows if r["kind"] == "train"],
        columns=["step", "mel_ce", "learning_rate", "grad_norm"],
    )
    held_out = pd.DataFrame(
        [r for r in rows if r["kind"] == "eval"], columns=["step", "mel_ce", "best"]
    )
    figure, axes = _figure(columns=2, width_ratios=(2, 1))
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


def learning(metrics: pd.DataFrame) -> Figure:
    """The base's courses one after the other: held-out mel CE over steps, behind the right voice's prompt and, dotted, another's
    (columns course, step, held_out_mel_ce, misled_mel_ce)."""
    figure, axes = _figure()
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


def phases_on_one_axis(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Loss curves of all phases one after the other, held-out as dots: comparable because each is asked the same questions."""
    figure, axes = _figure(height=3.6)
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
    figure, axes = _figure(columns=len(groups), width=3.2 * len(groups), height=3.4, sharey=True)
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


def paces(found: Mapping[str, Any]) -> Figure:
    """The benchmark's clips a second of each side, and the memory it took."""
    rows = pd.DataFrame(found["training"])
    names = [f"{what}, {batch} clips a step" for what, batch in zip(rows.what, rows.batch)]
    colours = [
        PHASE_COLOURS["base"] if what == "stock" else PHASE_COLOURS["baseline"]
        for what in rows.what
    ]
    figure, axes = _figure(columns=2, height=1.0 + 0.4 * len(rows), sharey=True)
    values = (rows.clips_per_second, "clips a second"), (rows.peak_memory / 1e9, "peak memory (GB)")
    for axis, (value, title) in zip(axes[0], values):
        axis.bar_label(axis.barh(names, value, color=colours), fmt="%.3g", padding=3)
        axis.set(xlabel=title, xlim=(0, 1.2 * value.max()))
    axes[0, 0].invert_yaxis()
    return figure
