"""A phase from start to end, on real clips with a tiny real model and a few steps."""

from __future__ import annotations

import subprocess
import sys

import pytest
from filelock import FileLock

from helpers.projects import train_params
from helpers.training import rows_of, silent
from vago import VagoError, files
from vago.corpus.corpus import Corpus
from vago.model import checkpoint, xtts
from vago.training import features, train
from vago.training.params import TrainParams
from vago.training.train import train_phase

# a second phase that can only make things worse
HARMFUL = dict(
    phase="combined",
    parent="baseline",
    learning_rate=0.1,
    warmup_steps=0,
    eval_every=1,
    schedule="constant",
)


def test_a_phase_learns_and_leaves_its_files(baseline):
    paths, result = baseline
    folder = paths.phase("baseline")

    evals = [row for row in rows_of(paths) if row["kind"] == "eval"]
    assert [row["step"] for row in evals] == [0, 2, 4, 6]
    assert evals[-1]["mel_ce"] < evals[0]["mel_ce"] - 0.1
    assert {"mel_ce_quiz", "mel_ce_interview"} <= evals[0].keys()

    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == [
        "best.safetensors",
        "metrics.jsonl",
        "phase.json",
        "progress.json",
        "tensorboard",
    ]
    assert list((folder / "tensorboard").iterdir())

    assert result["complete"] and result["step"] == result["steps"] == 6
    mel_ce = result["validation"]["mel_ce"]
    assert mel_ce["low"] < mel_ce["value"] < mel_ce["high"]
    assert mel_ce["value"] == pytest.approx(min(row["mel_ce"] for row in evals), abs=1e-4)


def test_training_never_opens_a_test_clip(project, monkeypatch):
    opened = set()
    compute = features.compute

    def spied(corpus, clip_ids, *args, **kwargs):
        opened.update(clip_ids)
        return compute(corpus, clip_ids, *args, **kwargs)

    monkeypatch.setattr(features, "compute", spied)
    train_phase(train_params(epochs=1), project, log=silent)

    corpus = Corpus.load(project.corpus)
    assert opened >= set(corpus.validation_clips.clip_id)
    assert opened & set(corpus.test_clips.clip_id) == set()


def test_stock_loads_the_best_weights_as_they_are(baseline):
    paths, result = baseline
    tensors, meta = checkpoint.load_tensors(paths.phase("baseline") / "best.safetensors")
    xtts.open_base(paths.base).gpt.load_state_dict(tensors, strict=True)

    lineage = meta["lineage"]
    assert lineage["base_sha256"] == xtts.fingerprint(paths.base)
    assert lineage["settings"]["learning_rate"] == 1e-3
    assert lineage["versions"]["torch"].startswith("2.")
    assert meta["content_sha256"] == result["best_sha256"]


def test_a_finished_phase_is_not_trained_again(baseline):
    paths, result = baseline
    lines = []
    assert train_phase(train_params(), paths, log=lines.append) == result
    assert lines == ["baseline is complete already (6 steps): nothing to do"]


def test_the_next_phase_starts_from_the_best_and_inherits(baseline, after_baseline):
    result = baseline[1]
    p = TrainParams(
        profile="mini",
        phase="combined",
        parent="baseline",
        sources=["quiz", "interview"],
        epochs=1,
        learning_rate=5e-4,
    )
    combined = train_phase(p, after_baseline, log=silent)

    settings = combined["lineage"]["settings"]
    inherited = (settings["batch_size"], settings["accumulation"])
    assert inherited == (3, 2) and settings["learning_rate"] == 5e-4
    assert combined["lineage"]["parent_sha256"] == result["best_sha256"]
    assert combined["training_clips"] > result["training_clips"]

    evals = [row for row in rows_of(after_baseline, "combined") if row["kind"] == "eval"]
    end_of_baseline = result["validation"]["mel_ce"]["value"]
    assert evals[0]["mel_ce"] == pytest.approx(end_of_baseline, abs=1e-4), "the curves join"


def test_a_phase_that_only_makes_things_worse_gives_back_its_start(baseline, after_baseline):
    result = train_phase(train_params(epochs=1, **HARMFUL), after_baseline, log=silent)
    assert result["best_step"] == 0
    assert result["best_sha256"] == baseline[1]["best_sha256"]


def test_patience_stops_early(after_baseline):
    p = train_params(epochs=30, patience=2, **HARMFUL)
    result = train_phase(p, after_baseline, log=silent)
    assert result["step"] == 2 < result["steps"] and result["best_step"] == 0


@pytest.mark.slow
def test_weights_that_go_to_infinity_never_become_the_best(after_baseline):
    p = train_params(epochs=30, **{**HARMFUL, "learning_rate": 1.0})
    with pytest.raises(VagoError, match="non-finite losses in a row"):
        train_phase(p, after_baseline, log=silent)

    rows = rows_of(after_baseline, "combined")
    assert [row["step"] for row in rows if row["kind"] == "eval" and row["best"]] == [0]
    warnings = [row["message"] for row in rows if row["kind"] == "warning"]
    assert any("validation loss at step" in message for message in warnings)


def test_two_runs_in_one_folder_are_refused(project):
    folder = project.phase("baseline")
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"), pytest.raises(VagoError, match="another run is training in"):
        train_phase(train_params(), project, log=silent)


def test_a_full_disk_is_reported_before_the_first_step(project, monkeypatch):
    usage = type("Usage", (), {"free": 80 * 2**20})
    monkeypatch.setattr(files.shutil, "disk_usage", lambda folder: usage)

    with pytest.raises(VagoError, match="training baseline needs .* MiB in .*: free some space"):
        train_phase(train_params(), project, log=silent)
    assert not (project.phase("baseline") / "best.safetensors").exists()


def test_a_missing_parent_is_named(project):
    p = TrainParams(profile="mini", phase="combined", parent="baseline", sources=["quiz"])
    with pytest.raises(VagoError, match="combined starts from baseline, which has no result"):
        train_phase(p, project, log=silent)


def test_unknown_source_is_named(project):
    with pytest.raises(VagoError, match="radio"):
        train_phase(train_params(sources=["radio"]), project, log=silent)


@pytest.mark.slow
def test_results_that_arrive_one_step_late_change_nothing(project, monkeypatch):
    """As on a GPU, where a step's numbers are read while the next one runs."""
    p = train_params(epochs=2, eval_every=4, save_every=10, log_every=2)
    result = train_phase(p, project, log=silent)
    rows = rows_of(project)
    (project.phase("baseline") / "best.safetensors").unlink()

    set_up = train.set_up

    def lagging(*arguments):
        phase = set_up(*arguments)
        phase.lag = 1
        return phase

    monkeypatch.setattr(train, "set_up", lagging)
    assert train_phase(p, project, log=silent)["best_sha256"] == result["best_sha256"]
    assert rows_of(project) == rows


@pytest.mark.slow
def test_training_does_not_import_the_module_that_sets_one_thread():
    """Importing stock's dataset sets torch to one thread for the whole process."""
    dataset = "TTS.tts.layers.xtts.trainer.dataset"
    code = (
        "import sys, vago.training.train, vago.training.state; "
        f"sys.exit({dataset!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
