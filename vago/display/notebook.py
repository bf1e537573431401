"""What a notebook shows in place: versions, figures, tables, players, progress, live curves.

Only this module and `corpus.review.browser` import IPython and ipywidgets.
"""

from __future__ import annotations

import gc
import platform
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython import get_ipython
from IPython.display import HTML
from IPython.display import display as ipython_display
from matplotlib.figure import Figure

from vago import VagoError, __version__
from vago.display import figures, html
from vago.files import write_whole

FEW_SENTENCES = 4  # are played without loss


def about() -> None:
    """Print the versions and the device that the notebook runs with, for reports of a problem."""
    import torch

    packages = ("coqui-tts", "torch", "torchaudio", "transformers")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    print(f"vago {__version__}, Python {platform.python_version()}, {versions}")

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        print(f"device: {torch.cuda.get_device_name(0)}, {memory:.0f} GiB")
    else:
        print(f"device: CPU, {torch.get_num_threads()} threads, {sys.platform}")


def show(figure: Figure, path: Path | None = None) -> None:
    """Show a figure with its description; with `path`, also save it there as a PNG."""
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(path), html.png(figure))
    markup(html.image_tag(figure))


def table(rows: pd.DataFrame, caption: str = "") -> None:
    """Show a table, see `html.table`."""
    markup(html.table_html(rows, caption))


def pairs(values: Mapping[str, Any]) -> None:
    """Show names and values below each other."""
    table(pd.DataFrame({"": {name: str(value) for name, value in values.items()}}))


def players(
    sounds: Sequence[tuple[str, np.ndarray, int]], caption: str = "", small: bool = False
) -> None:
    """Show players below each other, see `html.players`."""
    markup(html.players_html(sounds, caption, small))


def spoken_sentences(
    spoken: Sequence[tuple[str, Sequence[tuple[str, np.ndarray, int]]]], path: Path | None = None
) -> None:
    """Show each sentence above its players; below the first, the spectrograms of its sounds.

    Args:
        spoken: (text, sounds) each; more than a few are played as MP3, to keep the page small
        path: where the spectrograms are saved
    """
    if not spoken:
        print("no sentences were spoken")

    for number, (text, sounds) in enumerate(spoken, start=1):
        players(sounds, f"{number} of {len(spoken)}: {text}", small=len(spoken) > FEW_SENTENCES)
        if number == 1:
            show(figures.spectrograms(sounds), path)


def markup(content: str) -> None:
    """Show HTML that `display.html` or `corpus.review.report` made; nothing where it is empty."""
    if content:
        ipython_display(HTML(content))


def sound(title: str, wav: np.ndarray, rate: int) -> None:
    """Show one sound: its player above waveform and spectrogram."""
    players([(title, wav, rate)])
    show(figures.spectrogram(wav, rate))


class NotebookProgress:
    """A line rewritten in place: `progress(done, total, what)` or `progress("a sentence")`."""

    def __init__(self, every_seconds: float = 0.5):
        self.every_seconds = every_seconds
        self.started = time.monotonic()
        self.last = 0.0
        self.output = InPlace()

    def __call__(self, *parts: Any) -> None:
        counts = len(parts) > 1
        finished = counts and parts[0] == parts[1]
        if counts and not finished and time.monotonic() - self.last < self.every_seconds:
            return

        self.last = time.monotonic()
        line = str(parts[0])
        if counts:
            line = " ".join(map(str, (parts[0], "of", *parts[1:])))
        seconds = f"{self.last - self.started:.0f} s"
        self.output.show(HTML(f"<code>{escape(line.strip())} &nbsp; {seconds}</code>"))


class LiveCurves:
    """One figure of a running phase, redrawn in place; the listener of `train_phase`.

    Args:
        draw: (all metric rows so far, title) -> figure
    """

    def __init__(
        self,
        draw: Callable[[Sequence[Mapping[str, Any]], str], Figure],
        title: str,
        every_seconds: float = 3.0,
    ):
        self.draw, self.title, self.every_seconds = draw, title, every_seconds
        self.last = 0.0
        self.output = InPlace()

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        recent = time.monotonic() - self.last < self.every_seconds
        if recent and rows[-1]["kind"] == "train":  # evaluations are always drawn
            return

        self.last = time.monotonic()
        self.output.show(HTML(html.image_tag(self.draw(rows, self.title))))


class InPlace:
    """An output of a cell that each `show` replaces."""

    def __init__(self):
        self._handle = None

    def show(self, content: Any) -> None:
        if self._handle is None:
            self._handle = ipython_display(content, display_id=True)
        else:
            self._handle.update(content)


# The kernel

INTERRUPTED = (
    "interrupted: what finished cells have written is kept; run this cell again to continue"
)

RELEASED = (VagoError, KeyboardInterrupt, MemoryError)  # see `_release`

_failed: set[int] = set()  # execution counts of cells that raised, of those that were watched


def watch_cells() -> None:
    """From now on remember which cells raise an exception, for `executed_cells`.

    A cell that is interrupted shows a sentence instead of a traceback, like a VagoError.
    """
    shell = get_ipython()
    if shell and _note_failure not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _note_failure)
        shell.set_custom_exc((KeyboardInterrupt,), _show_interrupt)


def _show_interrupt(shell: Any, kind: type, error: BaseException, trace: Any, tb_offset=None):
    shell.showtraceback((VagoError, VagoError(INTERRUPTED), trace))


def _note_failure(result: Any) -> None:
    if not result.success:
        _failed.add(result.execution_count)
        _release(result.error_in_exec)


def _release(error: BaseException | None) -> None:
    """Let go of what a stopped cell's functions held: a model that is trained, say.

    IPython keeps the last error, and with it every local variable on its way. When the cell is run
    again, the model would be in memory twice.
    """
    while error is not None:
        name = type(error).__name__
        if isinstance(error, RELEASED) or name == "OutOfMemoryError":
            _clear_frames(error)
        error = error.__cause__ or error.__context__


def _clear_frames(error: BaseException) -> None:
    traceback.clear_frames(error.__traceback__)
    for frame, _ in traceback.walk_tb(error.__traceback__):
        _ = frame.f_locals  # up to Python 3.12 a copy of the variables; reading it empties it too


def free_gpu() -> None:
    """Give GPU memory that is not in use back, for the notebooks that follow in other kernels."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


def executed_cells() -> list[tuple[str, bool]]:
    """(source, whether it succeeded) of all that this kernel has executed, in order.

    The cell that is being executed is the last one and counts as a success.
    """
    shell = get_ipython()
    history = shell.history_manager.input_hist_raw if shell else []
    return [(source, count not in _failed) for count, source in enumerate(history) if source]


def is_interactive() -> bool:
    """Whether a person's editor asked for this cell: it names the cell, papermill does not."""
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is None or "cellId" in kernel.get_parent("shell").get("metadata", {})
