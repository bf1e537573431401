"""What a notebook shows: players, tables, figures in place, a browser of clips. The only importer of IPython and ipywidgets.

Nothing waits for a click: each widget has a plain figure or table beside it in the notebook.
"""

from __future__ import annotations

import base64
import html
import io
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import soundfile
from IPython.display import HTML, Image
from IPython.display import display as ipython_display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vago import __version__, plot
from vago.corpus import Corpus

SHOWN_ROWS = 400
LONG_TEXT = 36  # characters from which on a column wraps


def about() -> None:
    """Print what the notebook runs with: versions first, so that a report of a problem carries them."""
    import torch

    names = ("coqui-tts", "torch", "torchaudio", "transformers")
    print(f"vago {__version__}, Python {platform.python_version()}, " + ", ".join(f"{n} {version(n)}" for n in names))
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        print(f"device: {torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    else:
        print(f"device: CPU, {torch.get_num_threads()} threads, {sys.platform}")


def show(figure: Figure, path: Path | None = None) -> None:
    """Show a figure as a PNG; with `path`, keep it there too."""
    png = _png(figure)
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(png)
    ipython_display(Image(png, format="png"))


def table(rows: pd.DataFrame, caption: str = "") -> None:
    """A table that scrolls instead of filling the page: numbers to the right, texts to the left, only long texts wrapped."""
    shown = rows.head(SHOWN_ROWS)
    more = f" (first {SHOWN_ROWS} of {len(rows)} rows)" if len(rows) > SHOWN_ROWS else ""
    long = {name for name in shown if shown[name].map(lambda v: isinstance(v, str) and len(v) > LONG_TEXT).any()}

    def cell(name: str, value: Any) -> str:
        if isinstance(value, str):
            return f'<td style="text-align:left;white-space:{"normal" if name in long else "nowrap"}">{html.escape(value)}</td>'
        number = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) and value == value else value
        return f'<td style="text-align:right">{"" if value is None or value != value else number}</td>'

    names = [shown.index.name or "", *shown.columns]
    head = "".join(f'<th style="text-align:left">{html.escape(str(name))}</th>' for name in names)
    body = "".join(
        f'<tr><th style="text-align:left;white-space:nowrap">{html.escape(str(index))}</th>'
        + "".join(cell(name, value) for name, value in zip(shown.columns, row))
        + "</tr>"
        for index, row in zip(shown.index, shown.itertuples(index=False, name=None))
    )
    title = f"<p><b>{html.escape(caption)}</b>{more}</p>" if caption or more else ""
    page = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    ipython_display(HTML(f'{title}<div style="max-height:26em;overflow:auto">{page}</div>'))


def pairs(values: Mapping[str, Any], caption: str = "") -> None:
    """Names and values under each other."""
    table(pd.DataFrame({"": {name: str(value) for name, value in values.items()}}), caption)


def audio_tag(wav: np.ndarray, rate: int) -> str:
    """An HTML player of the sound as it is, half the size as FLAC (`IPython.display.Audio` rescales to full volume, so that
    comparisons lie)."""
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(wav, -1, 1), rate, format="FLAC", subtype="PCM_16")
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<audio controls preload="none" style="width:100%;min-width:14em" src="data:audio/flac;base64,{data}"></audio>'


def players(sounds: Sequence[tuple[str, np.ndarray, int]], caption: str = "") -> None:
    """Players under each other: (title, wav, rate) each."""
    rows = "".join(
        f'<tr><td style="text-align:left">{html.escape(title)}</td><td style="white-space:nowrap">{len(wav) / rate:.1f} s</td>'
        f"<td>{audio_tag(wav, rate)}</td></tr>"
        for title, wav, rate in sounds
    )
    title = f"<p><b>{html.escape(caption)}</b></p>" if caption else ""
    ipython_display(HTML(f'{title}<table style="width:100%">{rows}</table>'))


def listen(title: str, wav: np.ndarray, rate: int) -> None:
    """One sound: player above waveform and spectrogram."""
    players([(title, wav, rate)])
    show(plot.spectrogram(wav, rate))


class ProgressLine:
    """A line that is rewritten in place: `progress(done, total, what)` or `progress("a sentence")`."""

    def __init__(self, every_seconds: float = 0.5):
        self.handle, self.every, self.last, self.started = None, every_seconds, 0.0, time.monotonic()

    def __call__(self, *told: Any) -> None:
        finished = len(told) > 1 and told[0] == told[1]
        if not finished and len(told) > 1 and time.monotonic() - self.last < self.every:
            return
        self.last = time.monotonic()
        line = str(told[0]) if len(told) == 1 else f"{told[0]} of {told[1]} " + " ".join(map(str, told[2:]))
        shown = HTML(f"<code>{html.escape(line.strip())} &nbsp; {self.last - self.started:.0f} s</code>")
        if self.handle is None:
            self.handle = ipython_display(shown, display_id=True)
        else:
            self.handle.update(shown)


class LiveCurves:
    """One figure of a running phase, redrawn in place; hand it to `train_phase` as its listener."""

    def __init__(self, title: str, every_seconds: float = 3.0):
        self.title, self.every, self.last, self.handle = title, every_seconds, 0.0, None

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows[-1]["kind"] == "train" and time.monotonic() - self.last < self.every:
            return
        self.last = time.monotonic()
        image = Image(_png(plot.training(rows, self.title)), format="png")
        if self.handle is None:
            self.handle = ipython_display(image, display_id=True)
        else:
            self.handle.update(image)


class ClipBrowser:
    """Filters and a list on the left, the chosen clip's text, player and spectrogram on the right."""

    def __init__(self, corpus: Corpus):
        self.corpus = corpus
        every = ["all"]
        self.source = widgets.Dropdown(options=every + sorted(corpus.clips.source.unique()), description="source")
        self.category = widgets.Dropdown(options=every + sorted(corpus.clips.category.unique()), description="category")
        self.part = widgets.Dropdown(options=[*every, "training", "held-out"], description="part")
        self.words = widgets.Text(description="words", placeholder="in the text", continuous_update=False)
        self.clips = widgets.Select(rows=14, layout=widgets.Layout(width="24em"))
        self.count = widgets.Label()
        self.clip = widgets.Output(layout=widgets.Layout(width="100%"))
        for control in (self.source, self.category, self.part, self.words):
            control.observe(lambda change: self._list(), names="value")
        self.clips.observe(lambda change: self._open(), names="value")
        controls = [self.source, self.category, self.part, self.words, self.count, self.clips]
        left = widgets.VBox(controls, layout=widgets.Layout(flex="0 0 26em"))
        self.view = widgets.HBox([left, self.clip])
        self._list()

    def _ipython_display_(self) -> None:
        ipython_display(self.view)

    def found(self) -> pd.DataFrame:
        """The clips that the filters let through."""
        rows = self.corpus.clips
        for column, control in (("source", self.source), ("category", self.category)):
            if control.value != "all":
                rows = rows[rows[column] == control.value]
        if self.part.value != "all":
            rows = rows[rows.held_out == (self.part.value == "held-out")]
        return rows[rows.text.str.contains(self.words.value, case=False, regex=False)]

    def _list(self) -> None:
        rows = self.found()
        self.count.value = f"{len(rows)} clips, {rows.seconds.sum() / 60:.1f} min"
        self.clips.options = [(f"{row.clip_id}  {row.seconds:.1f} s", row.clip_id) for row in rows.itertuples()]
        if len(rows):
            self.clips.value = rows.clip_id.iloc[0]
        else:
            self.clip.outputs = ()

    def _open(self) -> None:
        if self.clips.value is None:
            return
        row = self.corpus.clips.set_index("clip_id").loc[self.clips.value]
        wav, rate = self.corpus.audio(self.clips.value)
        spectrogram = base64.b64encode(_png(plot.spectrogram(wav, rate, self.clips.value))).decode()
        page = f'<p>{html.escape(row.text)}</p>{audio_tag(wav, rate)}<img src="data:image/png;base64,{spectrogram}">'
        self.clip.outputs = ({"output_type": "display_data", "data": {"text/html": page}, "metadata": {}},)


def _png(figure: Figure, dpi: int = 80) -> bytes:
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
