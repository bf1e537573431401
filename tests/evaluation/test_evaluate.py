import json

import numpy as np
import pytest

from vago import VagoError
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.evaluation import evaluate, metrics
from vago.evaluation.params import EvaluateParams
from vago.model import phases
from vago.synthesis import samples
from vago.synthesis.params import SampleParams


def test_distortion_is_zero_for_the_same_and_grows_with_difference(session_project):
    corpus = Corpus.load(session_project.corpus)
    wav = corpus.audio(corpus.clips.clip_id[0])[0]
    other = corpus.audio(corpus.clips.clip_id[5])[0]
    noisy = wav + np.random.default_rng(0).normal(scale=0.02, size=len(wav)).astype(np.float32)
    same, louder, near, far = (
        metrics.mel_cepstral_distortion(wav, w) for w in (wav, wav * 0.5, noisy, other)
    )
    assert same == pytest.approx(0, abs=1e-4)
    assert louder < 1.0, "loudness is left out (but for the floor of the logarithm)"
    assert louder < near < far and 3 < far < 20


def test_distortion_forgives_tempo(session_project):
    corpus = Corpus.load(session_project.corpus)
    wav = corpus.audio(corpus.clips.clip_id[0])[0]
    paused = np.concatenate(
        [wav[: len(wav) // 2], np.zeros(2048, np.float32), wav[len(wav) // 2 :]]
    )
    other = corpus.audio(corpus.clips.clip_id[5])[0]
    assert metrics.mel_cepstral_distortion(wav, paused) < 0.5 * metrics.mel_cepstral_distortion(
        wav, other
    )


def test_speech_clips_are_spread_and_fixed(session_project):
    held_out = Corpus.load(session_project.corpus).held_out_clips
    chosen = evaluate.speech_clips(held_out, 3)
    assert len(chosen) == 3 and chosen.source.nunique() == 2
    assert list(chosen.clip_id) == list(
        evaluate.speech_clips(held_out.sample(frac=1, random_state=1), 3).clip_id
    )
    assert len(evaluate.speech_clips(held_out, 0)) == 0 and len(
        evaluate.speech_clips(held_out, 99)
    ) == len(held_out)


def test_the_base_alone_can_be_evaluated(project):
    stale = project.evaluation / "speech" / "of-an-earlier-run.wav"
    stale.parent.mkdir(parents=True)
    stale.touch()
    report = evaluate.evaluate(
        EvaluateParams(profile="mini", phases=[], speech_clips=2, max_seconds_per_char=0.05),
        project,
    )
    assert report["best"] == "base" and report["held_out_clips"] == len(
        Corpus.load(project.corpus).held_out_clips
    )
    held = report["phases"]["base"]["held_out"]
    assert 1 < held["mel_ce"]["value"] < 5, (
        "it has learned to speak: an untrained model has log(1026) = 6.9 nats per code"
    )
    assert report["phases"]["base"]["distance_to_target"] == pytest.approx(
        held["loss"]["value"] - 2.5
    )
    assert json.loads((project.evaluation / "report.json").read_text()) == report
    assert not stale.exists() and len(list(stale.parent.iterdir())) == 2
    heard = evaluate.heard(Corpus.load(project.corpus), project, 0)
    assert [title for title, *_ in heard] == ["recording", "base"]
    assert all(
        np.abs(wav).max() > 0.01 and rate in (io.SAMPLE_RATE, io.OUTPUT_RATE)
        for _, wav, rate in heard
    )
    assert list(evaluate.summary(report).index) == ["base (best)"]
    groups = evaluate.by_group(report)
    assert {"source quiz", "source interview"} < set(groups.index)
    sources, categories = (
        groups[groups.index.str.startswith("source")],
        groups[groups.index.str.startswith("category")],
    )
    assert sources.clips.sum() == categories.clips.sum() == report["held_out_clips"]
    assert groups.base.between(1, 5).all()


def test_a_phase_without_weights_is_named(project):
    with pytest.raises(VagoError, match="best.safetensors does not exist"):
        evaluate.evaluate(
            EvaluateParams(profile="mini", phases=["baseline"], speech_clips=0), project
        )


def test_the_best_phase_is_the_reports(project):
    with pytest.raises(VagoError, match="run 05_evaluate first"):
        phases.chosen_phase("best", project)
    project.evaluation.mkdir()
    (project.evaluation / "report.json").write_text('{"best": "combined"}')
    assert (
        phases.chosen_phase("best", project) == "combined"
        and phases.chosen_phase("base", project) == "base"
    )
    (project.evaluation / "report.json").write_text("{")
    with pytest.raises(VagoError, match="is not a report of 05_evaluate"):
        phases.chosen_phase("best", project)


@pytest.fixture
def script(project):
    path = project.script("short")
    path.parent.mkdir(parents=True)
    path.write_text(
        "title: rövid\nlines:\n- {name: one, text: Jó estét!}\n- {name: two, text: 'Ön nyert 40 000 Ft-ot!'}\n",
        encoding="utf-8",
    )
    return path


def test_a_script_becomes_files_and_a_table(project, script):
    p = SampleParams(
        profile="mini", script="short", phase="base", max_seconds_per_char=0.06, prompt_seconds=2
    )
    table = samples.speak_script(p, project)
    folder = project.samples("short")
    assert [path.name for path in sorted(folder.iterdir())] == [
        "01_one.wav",
        "02_two.wav",
        "samples.csv",
    ]
    for row in table.itertuples():
        wav, rate = io.load(folder / row.file)
        assert rate == 24000 and len(wav) / rate == pytest.approx(row.seconds, abs=0.01)
        assert 0.02 < np.abs(wav).max() < 1.0 and io.clipped_fraction(wav) == 0
    first = [(folder / file).read_bytes() for file in table.file]
    script.write_text(script.read_text(encoding="utf-8").replace("two", "zwei"), encoding="utf-8")
    samples.speak_script(p, project)
    assert [path.name for path in sorted(folder.iterdir())] == [
        "01_one.wav",
        "02_zwei.wav",
        "samples.csv",
    ]
    assert [(folder / f).read_bytes() for f in ("01_one.wav", "02_zwei.wav")] == first, (
        "same seed, same samples"
    )


def test_the_script_table_shows_what_is_spoken(project, script):
    from vago.synthesis.params import Script

    assert "negyvenezer forintot" in samples.spoken_as(Script.load(script), 224).spoken["two"]
