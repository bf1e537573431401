"""Figures show their data; players keep the volume; a notebook's outputs are redrawn in place."""

from __future__ import annotations

import base64
import io

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile

from vago.display import figures, html, notebook
from vago.display.intervals import with_interval


def test_players_keep_the_volume():
    wav = (0.1 * np.sin(np.linspace(0, 2000, 24000))).astype(np.float32)
    tag = html.audio_tag(wav, 24000)
    data = base64.b64decode(tag.split("base64,")[1].split('"')[0])
    heard, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == 24000 and np.allclose(heard, wav, atol=1e-4)


@pytest.fixture
def shown(monkeypatch):
    """What a cell shows: ("new" or "update", content) each."""
    outputs = []

    class Handle:
        def update(self, content):
            outputs.append(("update", content))

    def display(content, display_id=None):
        outputs.append(("new", content))
        return Handle()

    monkeypatch.setattr(notebook, "ipython_display", display)
    return outputs


def test_live_curves_redraw_one_figure_in_place(shown):
    def draw(rows, title):
        return figures.new_figure()[0]

    live = notebook.LiveCurves(draw, "baseline", every_seconds=0)
    for step in range(3):
        live([{"kind": "eval", "step": step, "mel_ce": 5.0, "best": True}])
    assert [kind for kind, _ in shown] == ["new", "update", "update"]


def test_progress_is_one_line_that_always_shows_its_end(shown):
    progress = notebook.NotebookProgress(every_seconds=60)
    progress("reading <one.wav>")
    for done in range(4):
        progress(done, 3, "clips")

    assert [kind for kind, _ in shown] == ["new", "update"]
    first, last = (content.data for _, content in shown)
    assert "reading &lt;one.wav&gt;" in first and "3 of 3 clips" in last


def test_a_mean_with_its_interval_is_written_in_one_format():
    value = {"value": 1.8, "low": 1.667, "high": 1.91}
    assert with_interval(value) == "1.80 [1.67, 1.91]"
    assert with_interval(value, "+.3f") == "+1.800 [+1.667, +1.910]"


def test_spectrogram_puts_a_tone_where_it_is():
    tone = np.sin(2 * np.pi * 1000 * np.arange(22050) / 22050).astype(np.float32)
    image = figures.spectrogram(tone, 22050).axes[1].images[0].get_array()
    loudest = int(np.argmax(np.asarray(image).mean(axis=1)))
    assert librosa.mel_frequencies(80, fmin=0, fmax=8000)[loudest] == pytest.approx(1000, rel=0.15)


def test_table_says_when_it_is_cut(shown):
    notebook.table(pd.DataFrame({"a": range(1000)}), "numbers")
    ((_, page),) = shown
    assert "first 400 of 1000 rows" in page.data and page.data.count("<tr") == 401


def test_a_column_has_equal_decimals():
    rows = pd.DataFrame(
        {"loss": [1.88, 1.805, np.nan], "start": [0.918, 1234.5, 2], "n": [1, 2, 3]}
    )
    page = html.table_html(rows)
    for cell in ("1.880", "1.805", "0.9", "1234.5", "2.0", "3"):
        assert f"<td>{cell}</td>" in page
    assert "<td></td>" in page and "nan" not in page


def test_a_table_without_rows_is_a_sentence():
    assert html.table_html(pd.DataFrame(columns=["a", "b"]), "Warnings") == (
        "<p><b>Warnings</b>: none</p>"
    )


def test_figures_are_described_in_words():
    tone = np.zeros(22050, dtype=np.float32)
    tag = html.image_tag(figures.spectrograms([("<one>", tone, 22050), ("two", tone, 22050)]))
    assert 'alt="Mel spectrograms on one time axis: &lt;one&gt; (1.0 s); two (1.0 s)"' in tag
