"""Notebook 05: the base and the phases scored on test clips."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from helpers.recognition import FixedRecogniser
from vago import VagoError
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.evaluation import evaluate, tables
from vago.evaluation.params import EvaluateParams
from vago.files import write_json
from vago.model import checkpoint, xtts
from vago.paths import Paths


def test_speech_clips_are_spread_and_fixed(session_project):
    clips = Corpus.load(session_project.corpus).test_clips
    shuffled = clips.sample(frac=1, random_state=1)
    chosen = evaluate.speech_clips(clips, 3)

    assert len(chosen) == 3
    assert chosen.source.nunique() == 2
    assert list(chosen.clip_id) == list(evaluate.speech_clips(shuffled, 3).clip_id)
    assert len(evaluate.speech_clips(clips, 0)) == 0
    assert len(evaluate.speech_clips(clips, 99)) == len(clips)


@pytest.mark.slow
def test_the_base_alone_can_be_evaluated(project):
    stale = project.evaluation / "speech" / "of-an-earlier-run.wav"
    stale.parent.mkdir(parents=True)
    stale.touch()
    settings = {"speech_clips": 2, "max_seconds_per_char": 0.05}
    p = EvaluateParams(profile="mini", phases=[], **settings)
    corpus = Corpus.load(project.corpus)

    heard = FixedRecogniser("ezt hallom")
    report = evaluate.evaluate(p, project, recogniser=heard)
    assert report["best"] == "base"
    assert report["test_clips"] == len(corpus.test_clips)
    scored = report["phases"]["base"]
    mel_ce = scored["test"]["mel_ce"]["value"]
    assert 1 < mel_ce < 5, "an untrained model has log(1026) = 6.9 nats per code"
    loss = scored["test"]["loss"]["value"]
    assert scored["distance_to_target"] == pytest.approx(loss - 2.5)
    assert json.loads((project.evaluation / "report.json").read_text()) == report

    # the sentences: files, and the notebook's players
    assert not stale.exists()
    assert len(list(stale.parent.iterdir())) == 2
    spoken = evaluate.side_by_side(corpus, project)
    assert [text for text, _ in spoken] == list(pd.read_csv(project.evaluation / "speech.csv").text)
    sounds = spoken[0][1]
    assert [title for title, *_ in sounds] == ["recording", "base"]
    assert [rate for *_, rate in sounds] == [io.SAMPLE_RATE, io.OUTPUT_RATE]
    assert all(np.abs(wav).max() > 0.01 for _, wav, _ in sounds)

    # what ASR heard
    assert heard.asked == 2 and report["not_transcribed"] == ""
    assert report["understood"]["lines"] == "2 test sentences"
    assert 0.3 < report["understood"]["phases"]["base"]["value"] < 2
    assert list(tables.heard_table(project).sentence)[1::2] == ["ezt hallom"] * 2
    assert "character error rate" in tables.score_table(report)

    # the tables
    assert list(tables.score_table(report).index) == ["base (best)"]
    groups = tables.group_table(report)
    assert {"source quiz", "source interview"} < set(groups.index)
    by_source = groups[groups.index.str.startswith("source")]
    by_category = groups[groups.index.str.startswith("category")]
    assert by_source.clips.sum() == by_category.clips.sum() == report["test_clips"]
    assert groups.base.between(1, 5).all()


@pytest.mark.slow
def test_the_validation_set_chooses_and_the_test_set_reports(project):
    """The phase with the lower validation loss is the best, though the test set says otherwise."""
    gpt = xtts.open_base(project.base).gpt.state_dict()
    blurred = {name: 0.5 * weights for name, weights in gpt.items()}
    for phase, weights, loss in (("baseline", blurred, 2.0), ("combined", gpt, 2.1)):
        folder = project.phase(phase)
        folder.mkdir(parents=True)
        checkpoint.save_tensors(folder / "best.safetensors", weights, {})
        write_json(folder / "phase.json", {"validation": {"loss": {"value": loss}}})

    p = EvaluateParams(profile="mini", phases=["baseline", "combined"], speech_clips=0)
    report = evaluate.evaluate(p, project)
    losses = {name: phase["test"]["loss"]["value"] for name, phase in report["phases"].items()}
    assert losses["combined"] < losses["baseline"] - 0.1
    assert report["best"] == "baseline"
    assert report["validation_loss"] == {"baseline": 2.0, "combined": 2.1}
    assert list(report["paired"]) == ["baseline - base", "combined - baseline"]
    assert report["understood"] is None and "speech_clips is 0" in report["not_transcribed"]

    scored = set(pd.read_csv(project.evaluation / "clips.csv").clip_id)
    assert scored == set(Corpus.load(project.corpus).test_clips.clip_id)
    shown = tables.score_table(report)["validation loss"]
    assert list(shown) == ["", "2.000", "2.100"]


def test_asr_is_asked_for_only_where_it_is_installed(project, monkeypatch):
    def missing(model):
        raise VagoError("no recogniser is installed to write transcripts: pip install it")

    monkeypatch.setattr(evaluate, "check_model", missing)
    p = EvaluateParams(profile="mini", phases=[], speech_clips=1, transcribe=True)
    with pytest.raises(VagoError, match="no recogniser is installed"):
        evaluate.evaluate(p, project)

    report = evaluate.evaluate(p.model_copy(update={"transcribe": None}), project)
    assert report["understood"] is None
    assert report["not_transcribed"].startswith("no recogniser is installed")
    assert "character error rate" not in tables.score_table(report)
    assert tables.heard_table(project).empty


def test_a_phase_without_a_validation_loss_is_named(project):
    project.phase("baseline").mkdir(parents=True)
    with pytest.raises(VagoError, match="no validation loss of baseline: run that phase's"):
        evaluate.validation_losses(["baseline"], project)


def test_what_each_phase_was_trained_on(tmp_path):
    paths = Paths.of(EvaluateParams(profile="mini"), tmp_path)
    paths.phase("combined").mkdir(parents=True)
    lineage = {"parent": "baseline", "settings": {"sources": ["podcast", "radio"]}}
    write_json(paths.phase("combined") / "phase.json", {"lineage": lineage})
    assert tables.trained_on(paths, ["baseline", "combined"]).splitlines() == [
        "baseline was trained on unknown sources",
        "combined was trained on podcast, radio, after baseline",
    ]


def test_a_difference_has_a_verdict():
    def paired(low: float, high: float) -> dict:
        score = {"value": (low + high) / 2, "low": low, "high": high}
        return {"mel_ce": score, "loss": score}

    pairs = {"b - a": paired(-0.3, -0.1), "c - b": paired(0.1, 0.3), "d - c": paired(-0.1, 0.2)}
    table = tables.difference_table({"paired": pairs})
    assert list(table.verdict) == ["lower", "higher", "no clear difference"]
    assert table.loss["b - a"] == "-0.200 [-0.300, -0.100]"


def test_a_phase_without_weights_is_named(project):
    p = EvaluateParams(profile="mini", phases=["baseline"], speech_clips=0)
    with pytest.raises(VagoError, match="best.safetensors does not exist"):
        evaluate.evaluate(p, project)
