"""`vago evaluate-speech` with a stand-in recogniser and a real model that speaks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers.recognition import FixedRecogniser, SpectrumEncoder
from vago import VagoError
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.evaluation import target
from vago.evaluation.intelligibility import Report, evaluate_speech
from vago.model import checkpoint, phases, xtts


def test_a_report_is_saved_and_shown_as_a_table(tmp_path):
    line = {"line": "one", "text": "Jó.", "heard": "jó", "cer": 0.0}
    base = {
        "row": "base",
        "title": "base",
        "cer": {"value": 0.3275, "low": 0.2, "high": 0.454},
        "similarity": {"value": 0.91, "low": 0.9, "high": 0.92},
        "nearest_other": {"voice": "f2", "similarity": 0.7},
        "duration_outliers": 1,
        "seconds": 119.6,
        "real_time_factor": 0.512,
        "lines": [line] * 30,
    }
    real = {"row": "target", "title": "target (test recordings)", "real_time_factor": None}
    report = Report("demo", "a recogniser", "an encoder", [base | real, base])

    header, rule, first, second = report.markdown().splitlines()
    assert {row.count("|") for row in (header, rule, first, second)} == {8}
    scores = "0.33 [0.20, 0.45] | 0.91 [0.90, 0.92] | 0.70 (f2) | 1 of 30 | 120 s"
    assert first == f"| target (test recordings) | {scores} |  |"
    assert second == f"| base | {scores} | 0.51 |"

    report.save(tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == vars(report)
    assert len((tmp_path / "lines.csv").read_text(encoding="utf-8").splitlines()) == 61


@pytest.fixture
def settings(project):
    """params/mini/06_generate_samples.yaml of the small project, which has the demo's voice."""
    folder = project.root / "params" / "mini"
    folder.mkdir(parents=True)
    (folder / "01_prepare_dataset.yaml").write_text("profile: mini\ndemo_voice: true\n")
    path = folder / "06_generate_samples.yaml"
    path.write_text("profile: mini\nprompt_seconds: 2\nmax_seconds_per_char: 0.05\n")
    return path


@pytest.fixture
def evaluated(project, settings, monkeypatch):
    """(report, progress) of `evaluate_speech` with three lines and two other voices."""
    lines = "".join(
        f"- {{name: l{k}, text: '{line}'}}\n"
        for k, line in enumerate(("Jó estét!", "Kérek 10 almát.", "Miért ne?"))
    )
    project.script("unheard").parent.mkdir(parents=True)
    project.script("unheard").write_text(f"title: three\nlines:\n{lines}", encoding="utf-8")
    monkeypatch.setattr(target, "OTHERS", ["f2", "m1"])

    def call(recogniser=None, **options):
        progress = []
        models = (recogniser or FixedRecogniser(), SpectrumEncoder())
        options |= dict(zip(("recogniser", "speaker_encoder"), models))
        report = evaluate_speech("mini", project.root, on_progress=progress.append, **options)
        return report, progress

    return call


def finish(project, name: str, shift: float = 0.0) -> None:
    """Leave a finished phase: the base's GPT, its weights shifted."""
    gpt = xtts.open_base(project.base).gpt.state_dict()
    gpt = {key: t + shift if t.is_floating_point() else t for key, t in gpt.items()}
    folder = project.phase(name)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save_tensors(folder / phases.BEST, gpt, {})
    (folder / phases.RECORD).write_text('{"complete": true}')


@pytest.mark.slow
def test_target_and_base_are_measured(project, evaluated):
    with pytest.raises(VagoError, match="phase combined has no finished result"):
        evaluated(phases=["combined"])

    recogniser = FixedRecogniser("jó estét", "kérek tíz almát", "miért")
    report, progress = evaluated(recogniser)
    assert recogniser.asked == 6
    assert [row["row"] for row in report.rows] == ["target", "base"]
    assert progress[0] == "target: speaking and measuring"
    assert progress[-1].startswith("base: character error rate")

    spoken, base = report.rows
    rates = [line["cer"] for line in spoken["lines"]]
    assert spoken["title"] == "target (espeak-ng m3)"
    assert rates == pytest.approx([0, 0, 3 / 8]), "10 is read out before it is compared"
    assert base["weights_sha256"] == xtts.fingerprint(project.base)
    assert base["real_time_factor"] > 0

    folder = project.home / "listening"
    for line in spoken["lines"] + base["lines"]:
        assert np.abs(io.load(folder / line["file"])[0]).max() > 0.01
    assert json.loads((folder / "report.json").read_text())["rows"] == report.rows
    assert json.loads((folder / "base" / "row.json").read_text()) == base


@pytest.mark.slow
def test_a_row_is_measured_again_only_when_something_changed(project, evaluated, settings):
    def asked(recogniser=None, **options) -> int:
        recogniser = recogniser or FixedRecogniser()
        evaluated(recogniser, **options)
        return recogniser.asked

    first, _ = evaluated()
    again, progress = evaluated(recogniser := FixedRecogniser())
    assert recogniser.asked == 0
    assert again == first
    assert not [line for line in progress if "speaking" in line]

    # a phase is finished; its weights are the base's, so it speaks the same
    finish(project, "baseline")
    report, _ = evaluated(recogniser)
    assert recogniser.asked == 3
    assert [row["row"] for row in report.rows] == ["target", "base", "baseline"]
    durations = [[line["seconds"] for line in row["lines"]] for row in report.rows]
    assert durations[1] == durations[2]

    finish(project, "baseline", shift=0.01)
    (project.home / "listening" / "base" / "02_l1.wav").unlink()
    assert asked() == 6, "new weights, and a missing WAV"
    assert asked(FixedRecogniser(name="another"), phases=[]) == 6, "another recogniser"


@pytest.mark.slow
def test_the_gpts_precision_and_the_reference_are_settings_that_count(evaluated, settings):
    evaluated(phases=[])
    settings.write_text(settings.read_text() + "precision: bf16\n")
    report, _ = evaluated(recogniser := FixedRecogniser(), phases=[])
    assert recogniser.asked == 3, "the base speaks again, the target does not depend on it"
    assert [row["row"] for row in report.rows] == ["target", "base"]

    settings.write_text(settings.read_text() + "reference: interview-one-0001\n")
    evaluated(recogniser := FixedRecogniser(), phases=[])
    assert recogniser.asked == 3, "another prompt"


@pytest.mark.slow
def test_a_real_voice_is_measured_on_its_own_recordings(project, evaluated, settings):
    settings.with_name("01_prepare_dataset.yaml").write_text("profile: mini\n")
    report, _ = evaluated(phases=[])

    test_clips = Corpus.load(project.corpus).test_clips
    row = report.rows[0]
    assert row["title"] == "target (test recordings)"
    assert row["real_time_factor"] is None
    assert [line["text"] for line in row["lines"]] == list(test_clips.text)
    assert row["seconds"] == pytest.approx(test_clips.seconds.sum(), abs=0.05)


def test_an_unknown_profile_and_an_unprepared_one_are_named(project, evaluated):
    with pytest.raises(VagoError, match="no profile 'nobody'"):
        evaluate_speech("nobody", project.root)
    (project.corpus / "corpus.json").unlink()
    with pytest.raises(VagoError, match="run 01_prepare_dataset first"):
        evaluated()
