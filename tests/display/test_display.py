"""Figures carry what they claim; sounds keep their volume."""

import base64
import io
import json

import numpy as np
import pytest
import soundfile

from vago.corpus.corpus import Corpus
from vago.corpus.review import plots as corpus_plots
from vago.display import figures, html, notebook
from vago.evaluation import plots as evaluation_plots
from vago.training import plots as training_plots


@pytest.fixture(scope="module")
def corpus(session_project):
    return Corpus.load(session_project.corpus)


def test_players_keep_the_volume(corpus):
    wav = (0.1 * np.sin(np.linspace(0, 2000, 24000))).astype(np.float32)
    tag = html.audio_tag(wav, 24000)
    data = base64.b64decode(tag.split("base64,")[1].split('"')[0])
    heard, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate == 24000 and np.allclose(heard, wav, atol=1e-4)


def test_corpus_figures_show_every_clip(corpus):
    kept = corpus_plots.fates(corpus.ledger).axes[0]
    widths = {
        tick.get_text(): bar.get_width() for tick, bar in zip(kept.get_yticklabels(), kept.patches)
    }
    assert widths["kept"] == len(corpus.clips) and sum(widths.values()) == len(corpus.ledger)
    minutes = sum(bar.get_width() for bar in corpus_plots.categories(corpus.clips).axes[0].patches)
    assert minutes == pytest.approx(corpus.clips.seconds.sum() / 60)


def test_training_figure_marks_the_best():
    rows = [
        {"kind": "eval", "step": s, "mel_ce": v, "best": b}
        for s, v, b in ((0, 6.0, True), (10, 5.0, True), (20, 5.5, False))
    ]
    rows += [
        {"kind": "train", "step": s, "mel_ce": 6 - s / 10, "learning_rate": 1e-3, "grad_norm": 1.0}
        for s in range(1, 21)
    ]
    loss = training_plots.training(rows, "baseline").axes[0]
    (star,) = [line for line in loss.lines if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (10, 5.0)
    assert len(loss.lines[0].get_xdata()) == 20
    assert training_plots.training([rows[0]]).axes, "one row is enough for a figure"


def test_live_curves_redraw_one_figure_in_place(monkeypatch):
    shown = []

    class Handle:
        def update(self, image):
            shown.append("update")

    monkeypatch.setattr(
        notebook, "ipython_display", lambda *a, **k: shown.append("new") or Handle()
    )
    live = notebook.LiveCurves(training_plots.training, "baseline", every_seconds=0)
    for step in range(3):
        live([{"kind": "eval", "step": step, "mel_ce": 5.0, "best": True}])
    assert shown == ["new", "update", "update"]


def test_scores_figure_has_each_phase_and_the_target():
    interval = {"loss": {"value": 5.0, "low": 4.5, "high": 5.6}}
    phase = {"held_out": interval, "per_source": {"quiz": interval}}
    figure = evaluation_plots.scores(
        {"phases": {"base": phase, "baseline": phase}, "target_loss": 2.5}
    )
    assert [axis.get_title() for axis in figure.axes] == ["all held-out clips", "quiz"]
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["base", "baseline"]
    assert any(list(line.get_ydata()) == [2.5, 2.5] for line in figure.axes[0].lines)


def test_spectrogram_puts_a_tone_where_it_is():
    tone = np.sin(2 * np.pi * 1000 * np.arange(22050) / 22050).astype(np.float32)
    image = figures.spectrogram(tone, 22050).axes[1].images[0].get_array()
    import librosa

    loudest = int(np.argmax(np.asarray(image).mean(axis=1)))
    assert librosa.mel_frequencies(80, fmin=0, fmax=8000)[loudest] == pytest.approx(1000, rel=0.15)


def test_table_says_when_it_is_cut(monkeypatch):
    pages = []
    monkeypatch.setattr(notebook, "ipython_display", lambda page: pages.append(page.data))
    import pandas as pd

    notebook.table(pd.DataFrame({"a": range(1000)}), "numbers")
    assert "first 400 of 1000 rows" in pages[0] and json.dumps(pages[0]).count("<tr") == 401
