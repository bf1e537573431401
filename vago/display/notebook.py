"""What a notebook shows: players, tables, figures in place. Beside `browser` the only importer of IPython and ipywidgets."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import HTML, Image
from IPython.display import display as ipython_display
from matplotlib.figure import Figure

from vago import __version__
from vago.display import figures, html


def about() -> None:
    """Print what the notebook runs with: versions first, so that a report of a problem carries them."""
    import torch

    names = ("coqui-tts", "torch", "torchaudio", "transformers")
    print(
        f"vago {__version__}, Python {platform.python_version()}, "
        + ", ".join(f"{n} {version(n)}" for n in names)
    )
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        print(f"device: {torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    else:
        print(f"device: CPU, {torch.get_num_threads()} threads, {sys.platform}")


def show(figure: Figure, path: Path | None = None) -> None:
    """Show a figure as a PNG; with `path`, keep it there too."""
    png = html.png(figure)
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(png)
    ipython_display(Image(png, format="png"))


def table(rows: pd.DataFrame, caption: str = "") -> None:
    """A table that scrolls instead of filling the page: numbers to the right, texts to the left, only long texts wrapped."""
    ipython_display(HTML(html.table(rows, caption)))


def pairs(values: Mapping[str, Any], caption: str = "") -> None:
    """Names and values under each other."""
    table(pd.DataFrame({"": {name: str(value) for name, value in values.items()}}), caption)


def players(
    sounds: Sequence[tuple[str, np.ndarray, int]], caption: str = "", small: bool = False
) -> None:
    """Players under each other: (title, wav, rate) each; `small`: MP3, where there are many."""
    ipython_display(HTML(html.players(sounds, caption, small)))


def markup(content: str) -> None:
    """HTML that `page` or `report` made."""
    ipython_display(HTML(content))


def listen(title: str, wav: np.ndarray, rate: int) -> None:
    """One sound: player above waveform and spectrogram."""
    players([(title, wav, rate)])
    show(figures.spectrogram(wav, rate))


class ProgressLine:
    """A line that is rewritten in place: `progress(done, total, what)` or `progress("a sentence")`."""

    def __init__(self, every_seconds: float = 0.5):
        self.handle, self.every, self.last, self.started = (
            None,
            every_seconds,
            0.0,
            time.monotonic(),
        )

    def __call__(self, *told: Any) -> None:
        finished = len(told) > 1 and told[0] == told[1]
        if not finished and len(told) > 1 and time.monotonic() - self.last < self.every:
            return
        self.last = time.monotonic()
        line = (
            str(told[0])
            if len(told) == 1
            else f"{told[0]} of {told[1]} " + " ".join(map(str, told[2:]))
        )
        shown = HTML(f"<code>{escape(line.strip())} &nbsp; {self.last - self.started:.0f} s</code>")
        if self.handle is None:
            self.handle = ipython_display(shown, display_id=True)
        else:
            self.handle.update(shown)


class LiveCurves:
    """One figure of a running phase, redrawn in place; hand it to `train_phase` as its listener.

    `draw(rows, title)` makes the figure from all metric rows so far.
    """

    def __init__(
        self,
        draw: Callable[[Sequence[Mapping[str, Any]], str], Figure],
        title: str,
        every_seconds: float = 3.0,
    ):
        self.draw, self.title, self.every_seconds = draw, title, every_seconds
        self.last, self.handle = 0.0, None

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows[-1]["kind"] == "train" and time.monotonic() - self.last < self.every_seconds:
            return
        self.last = time.monotonic()
        image = Image(html.png(self.draw(rows, self.title)), format="png")
        if self.handle is None:
            self.handle = ipython_display(image, display_id=True)
        else:
            self.handle.update(image)
