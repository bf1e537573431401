"""Which notebooks the runner runs, which it skips, and why."""

from __future__ import annotations

import io
import json
import shutil
import types

import pytest
from filelock import FileLock

from helpers.workbooks import (
    ALL,
    in_process,
    reasons,
    refused,
    use_own_recordings,
    write_settings,
)
from vago import VagoError, files
from vago.model.xtts import FILES
from vago.workbook.notebook import NotebookFailed
from vago.workbook.pipeline import files_under
from vago.workbook.runner import run


def test_first_run_takes_all_in_order_and_second_none(project):
    assert list(reasons().items()) == [(stem, "never run") for stem in ALL]

    record = json.loads((project / "outputs/demo/run.json").read_text())
    assert record["format"] == 1 and list(record["steps"]) == ALL
    step = record["steps"]["03_train_combined"]
    parent = {"phases/baseline/best.safetensors", "phases/baseline/phase.json"}
    base = {f"base/{name}" for name in FILES}
    assert {"corpus/clips.csv"} | base | parent == set(step["inputs"])
    assert {"key", "outputs", "seconds", "finished", "vago"} <= set(step)

    assert not list((project / "outputs/demo").glob(".*.partial*"))
    assert reasons() == {}


# --- what has changed ---


def test_time_stamps_alone_rerun_nothing(project):
    reasons()
    for file in files_under(project / "outputs"):
        file.touch()
    assert reasons() == {}


def test_changed_parameter_reruns_what_it_touches(project):
    reasons()
    write_settings(project, "03_train_combined", learning_rate=1e-5)
    ran = reasons()
    assert ran["03_train_combined"] == "parameters changed: learning_rate"
    newer = "phase combined is newer: phases/combined/best.safetensors changed"
    assert ran["04_train_ultrafine"] == newer
    assert list(ran) == ALL[2:]


def test_identical_outputs_end_the_chain_early(project):
    reasons()
    expected = {"02_train_baseline": "parameters changed: seed"}
    assert reasons(overrides=[("seed", "7")], only="02") == expected

    write_settings(project, "02_train_baseline", seed=7)
    assert reasons() == {}


def test_changed_input_is_named(project):
    reasons()
    (project / "outputs/demo/phases/combined/best.safetensors").write_text("other weights")
    ran = reasons(start="04")
    newer = "phase combined is newer: phases/combined/best.safetensors changed"
    assert ran["04_train_ultrafine"] == newer
    assert reasons()["03_train_combined"] == "output changed: phases/combined/best.safetensors"


@pytest.mark.parametrize(
    ("lost", "stem"),
    [("corpus/clips.csv", "01_prepare_dataset"), ("notebooks/05_evaluate.html", "05_evaluate")],
)
def test_lost_output_is_made_again(project, lost, stem):
    reasons()
    (project / "outputs/demo" / lost).unlink()
    assert reasons() == {stem: f"output missing: {lost}"}


def test_changed_code_reruns_but_prose_does_not(project):
    reasons()
    file = project / "notebooks/05_evaluate.ipynb"
    source = file.read_text()

    source = source.replace("# How the phases compare", "# How do the phases compare?")
    file.write_text(source)
    assert reasons() == {}

    file.write_text(source.replace("a result to be read", "a result"))
    assert reasons() == {"05_evaluate": "code changed: notebook"}


def test_recordings_given_by_the_user_are_inputs(project, monkeypatch):
    use_own_recordings(project, monkeypatch)
    assert list(reasons()) == ALL
    (project / "mine/quiz/a.txt").write_text("another take")
    assert reasons()["01_prepare_dataset"] == "mine/quiz/a.txt changed"
    (project / "mine/quiz/b.txt").write_text("one more")
    assert reasons() == {"01_prepare_dataset": "mine/quiz/b.txt is new"}


def test_a_failed_or_empty_step_is_not_done(project):
    def breaks(source, target, given, root):
        in_process(source, target, given, root)
        if source.stem == "03_train_combined":
            raise NotebookFailed("broke")

    with pytest.raises(NotebookFailed):
        run("demo", execute=breaks, stream=io.StringIO())
    assert reasons()["03_train_combined"] == "did not finish last time"

    shutil.rmtree(project / "outputs/demo/samples")
    message = "06_generate_samples ran to its end but left no outputs/demo/samples/quiz_show"
    with pytest.raises(VagoError, match=message):
        run("demo", execute=lambda *_: None, stream=io.StringIO())
    assert list(reasons()) == ["06_generate_samples"]


def test_a_second_temperature_leaves_a_second_take_and_either_may_be_deleted(project):
    reasons()
    folder = project / "outputs/demo/samples/quiz_show"
    (first,) = folder.iterdir()
    before = (first / "take.json").read_bytes()

    warm = {"only": "06", "overrides": [("temperature", "0.9")]}
    assert reasons(**warm) == {"06_generate_samples": "parameters changed: temperature"}
    (second,) = set(folder.iterdir()) - {first}
    assert "_t0.75_" in first.name and "_t0.9_" in second.name
    assert (first / "take.json").read_bytes() == before

    # what another run has left is not missed; what this one has is
    shutil.rmtree(first)
    assert reasons(**warm) == {}
    shutil.rmtree(second)
    assert "output missing" in reasons(**warm)["06_generate_samples"]


def test_a_reference_that_is_not_there_is_said_before_a_kernel_starts(project):
    write_settings(project, "06_generate_samples", reference="mine/me.wav")
    assert "06_generate_samples needs mine/me.wav, which is missing or empty" in refused()

    (project / "mine").mkdir()
    (project / "mine/me.wav").write_text("a voice")
    assert list(reasons()) == ALL
    (project / "mine/me.wav").write_text("another")
    assert reasons() == {"06_generate_samples": "mine/me.wav changed"}


# --- what is selected ---


def test_from_only_and_force(project):
    message = refused(start="03")
    assert "03_train_combined needs outputs/demo/corpus" in message
    assert "01_prepare_dataset makes it" in message

    assert list(reasons(only="01_prepare_dataset")) == ["01_prepare_dataset"]
    assert "outputs/demo/phases/baseline/best.safetensors" in refused(only="5")
    assert list(reasons(only="2")) == ["02_train_baseline"]
    assert list(reasons(start="03_train")) == ALL[2:]

    assert reasons(only="05", force=True) == {"05_evaluate": "forced"}
    assert list(reasons(force=True)) == ALL


def test_a_phase_that_the_profile_does_without_is_not_trained(project):
    write_settings(project, "05_evaluate", phases=["baseline"])
    stream = io.StringIO()
    outcomes = run("demo", execute=in_process, stream=stream)
    assert [one.stem for one in outcomes if one.why] == [*ALL[:2], *ALL[4:]]
    assert "03_train_combined  skipped: `phases` does not name combined" in stream.getvalue()

    assert reasons() == {}
    assert list(reasons(only="03")) == ["03_train_combined"]


# --- what is reported before any kernel starts ---


def test_missing_recordings_are_reported_before_any_kernel(project, monkeypatch):
    checked = use_own_recordings(project, monkeypatch)
    shutil.rmtree(project / "mine/interview")
    assert refused() == "no recordings of interview in mine: put them there"
    assert checked == [project / "mine", project / "mine", project / "xtts"]


def test_all_that_is_missing_is_said_at_once(project, monkeypatch):
    use_own_recordings(project, monkeypatch)
    shutil.rmtree(project / "mine")
    write_settings(project, "01_prepare_dataset", speaker_sample="mine/me.wav")
    lines = refused().splitlines()
    assert lines[:3] == [
        "3 things are missing:",
        "  - no recordings of quiz in mine: put them there",
        "  - no recordings of interview in mine: put them there",
    ]
    assert "speaker_sample is mine/me.wav, which does not exist" in lines[3] and len(lines) == 4


def test_base_is_checked_before_any_kernel_and_not_when_all_is_done(project, monkeypatch):
    checked = use_own_recordings(project, monkeypatch)
    reasons()
    count = len(checked)
    assert project / "xtts" in checked
    assert reasons() == {} and project / "xtts" not in checked[count:]


def test_two_runs_in_one_folder_are_refused(project):
    (project / "outputs/demo").mkdir(parents=True)
    with FileLock(project / "outputs/demo/.run.lock"):
        assert "another `vago run` is at work in outputs/demo" in refused()


def test_too_little_space_is_reported_before_any_kernel(project, monkeypatch):
    usage = types.SimpleNamespace(free=4 * 10**8)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage)
    assert "only 0.40 GB are free where outputs/demo lies" in refused()
