"""A phase from start to end, and everything that can go wrong on the way. Real clips, a tiny real model, a few steps."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pandas as pd
import pytest
import yaml
from filelock import FileLock

from helpers.projects import ROOT, train_params
from vago import VagoError, files
from vago.corpus import corpus
from vago.model import checkpoint, xtts
from vago.training import monitor
from vago.training.loss import GPTLoss
from vago.training.optim import learning_rate, parameter_groups
from vago.training.params import TrainParams
from vago.training.processes import Interrupted
from vago.training.train import train_phase


def silent(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def baseline(tmp_path_factory, session_project):
    """An uninterrupted baseline: (paths, phase.json)."""
    root = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(session_project.root, root, symlinks=True)
    paths = type(session_project)(
        root, root / "outputs" / "mini", root / "outputs" / "mini" / "base"
    )
    return paths, train_phase(train_params(), paths, log=silent)


@pytest.fixture
def after_baseline(baseline, tmp_path):
    """A copy of the project with its trained baseline, and the settings of a second phase that can only do harm."""
    root = tmp_path / "project"
    shutil.copytree(baseline[0].root, root, symlinks=True)
    shutil.rmtree(root / "outputs" / "mini" / "phases" / "combined", ignore_errors=True)
    harmful = dict(
        phase="combined",
        parent="baseline",
        learning_rate=0.1,
        warmup_steps=0,
        eval_every=1,
        schedule="constant",
    )
    return type(baseline[0])(
        root, root / "outputs" / "mini", root / "outputs" / "mini" / "base"
    ), harmful


def rows_of(paths, phase="baseline"):
    """The metric rows without what depends on the clock."""
    return [
        {k: v for k, v in row.items() if k != "seconds"}
        for row in monitor.read_rows(paths.phase(phase) / "metrics.jsonl")
    ]


def test_it_learns_and_leaves_what_it_promises(baseline):
    paths, result = baseline
    evals = [row for row in rows_of(paths) if row["kind"] == "eval"]
    assert [row["step"] for row in evals] == [0, 2, 4, 6]
    assert evals[-1]["mel_ce"] < evals[0]["mel_ce"] - 0.1
    assert {"mel_ce_quiz", "mel_ce_interview"} <= evals[0].keys()
    assert sorted(
        p.name for p in paths.phase("baseline").iterdir() if not p.name.startswith(".")
    ) == [
        "best.safetensors",
        "metrics.jsonl",
        "phase.json",
        "progress.json",
        "tensorboard",
    ]
    assert result["complete"] and result["step"] == result["steps"] == 6
    held = result["held_out"]["mel_ce"]
    assert held["low"] < held["value"] < held["high"]
    assert held["value"] == pytest.approx(min(row["mel_ce"] for row in evals), abs=1e-4)
    assert list((paths.phase("baseline") / "tensorboard").iterdir())


def test_weights_go_into_stock_unchanged(baseline):
    paths, result = baseline
    tensors, meta = checkpoint.load_tensors(paths.phase("baseline") / "best.safetensors")
    xtts.open_base(paths.base).gpt.load_state_dict(tensors, strict=True)
    lineage = meta["lineage"]
    assert lineage["base_sha256"] == xtts.fingerprint(paths.base)
    assert lineage["settings"]["learning_rate"] == 1e-3 and lineage["versions"]["torch"].startswith(
        "2."
    )
    assert meta["content_sha256"] == result["best_sha256"]


def test_a_finished_phase_is_not_trained_again(baseline):
    paths, result = baseline
    told = []
    assert train_phase(train_params(), paths, log=told.append) == result
    assert told == ["baseline is complete already (6 steps): nothing to do"]


def test_the_next_phase_starts_from_the_best_and_inherits(baseline, tmp_path):
    paths, result = baseline
    p = TrainParams(
        profile="mini",
        phase="combined",
        parent="baseline",
        sources=["quiz", "interview"],
        epochs=1,
        learning_rate=5e-4,
    )
    combined = train_phase(p, paths, log=silent)
    settings = combined["lineage"]["settings"]
    assert (
        settings["batch_size"] == 3
        and settings["accumulation"] == 2
        and settings["learning_rate"] == 5e-4
    )
    assert combined["lineage"]["parent_sha256"] == result["best_sha256"]
    first = [row for row in rows_of(paths, "combined") if row["kind"] == "eval"][0]
    assert first["mel_ce"] == pytest.approx(result["held_out"]["mel_ce"]["value"], abs=1e-4), (
        "the phases' numbers join"
    )
    assert combined["training_clips"] > result["training_clips"]


def test_a_phase_that_only_makes_things_worse_gives_back_its_start(baseline, after_baseline):
    paths, harmful = after_baseline
    result = train_phase(train_params(epochs=1, **harmful), paths, log=silent)
    assert result["best_step"] == 0
    assert result["best_sha256"] == baseline[1]["best_sha256"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_inside_an_accumulation_group_loses_nothing(
    baseline, project, monkeypatch, number
):
    forward, calls = GPTLoss.forward, []

    def interrupting(self, batch):
        if self.training:
            calls.append(1)
            if (
                len(calls) == 6
            ):  # steps of 2 + 1 micro-batches (9 clips by 3): the first of the two in step 4
                os.kill(os.getpid(), number)
        return forward(self, batch)

    monkeypatch.setattr(GPTLoss, "forward", interrupting)
    p = train_params()
    with pytest.raises(Interrupted, match=r"stopped after step [34] of 6, all saved"):
        train_phase(p, project, log=silent)
    assert (project.phase("baseline") / "last.safetensors").exists()
    result = train_phase(p, project, log=silent)
    assert result["best_sha256"] == baseline[1]["best_sha256"]
    assert rows_of(project) == rows_of(baseline[0])
    assert not (project.phase("baseline") / "last.safetensors").exists()


def test_a_stop_before_the_first_step_is_gone_on_from(baseline, project):
    with pytest.raises(Interrupted, match="stopped after step 0 of 6"):
        train_phase(train_params(), project, log=stop_at(0))
    assert (
        train_phase(train_params(), project, log=silent)["best_sha256"]
        == baseline[1]["best_sha256"]
    )
    assert rows_of(project) == rows_of(baseline[0])


def test_sigkill_and_again_gives_the_same_bits(baseline, project):
    script = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from helpers.projects import train_params
from pathlib import Path
from vago.paths import Paths
from vago.training.train import train_phase
root = Path({str(project.root)!r})
def log(line):
    if line.startswith("step 5/"):
        os.kill(os.getpid(), signal.SIGKILL)
train_phase(train_params(), Paths.of(train_params(), root), log=log)
"""
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (
        checkpoint.read_meta(project.phase("baseline") / "last.safetensors")["position"]["step"]
        == 4
    )
    told = []
    result = train_phase(train_params(), project, log=told.append)
    assert "resuming from step 4 of 6" in told
    assert result["best_sha256"] == baseline[1]["best_sha256"]
    assert rows_of(project) == rows_of(baseline[0])


def stop_at(step):
    """A log callback that asks for a stop once that step is logged."""

    def log(line):
        if line.startswith(f"step {step}/"):
            os.kill(os.getpid(), signal.SIGTERM)

    return log


def correct_a_text(root):
    """Change one clip's text as notebook 01 would: the corpus stays whole, its digest changes."""
    table = pd.read_csv(root / "clips.csv", dtype=str, keep_default_na=False)
    table.loc[0, "text"] += " Igen."
    table.to_csv(root / "clips.csv", index=False)
    summary = json.loads((root / "corpus.json").read_text())
    (root / "corpus.json").write_text(json.dumps(summary | {"sha256": corpus.digest(table)}))


def test_a_resume_with_other_settings_or_data_is_refused_by_name(project):
    p = train_params()
    with pytest.raises(Interrupted):
        train_phase(p, project, log=stop_at(2))
    before = (project.phase("baseline") / "last.safetensors").read_bytes()
    with pytest.raises(VagoError, match=r"learning_rate 0.001 \(now 0.0005\)"):
        train_phase(train_params(learning_rate=5e-4), project, log=silent)
    correct_a_text(project.corpus)
    with pytest.raises(
        VagoError, match=r"made with corpus [0-9a-f]{12} \(now [0-9a-f]{12}\): put that back"
    ):
        train_phase(p, project, log=silent)
    assert (project.phase("baseline") / "last.safetensors").read_bytes() == before


def test_settings_without_effect_may_change_on_resume(project):
    with pytest.raises(Interrupted):
        train_phase(train_params(epochs=1), project, log=stop_at(1))
    assert train_phase(train_params(epochs=1, log_every=2, save_every=5), project, log=silent)[
        "complete"
    ]


def test_two_runs_in_one_folder(project):
    folder = project.phase("baseline")
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"), pytest.raises(VagoError, match="another run is training in"):
        train_phase(train_params(), project, log=silent)


def test_a_torn_last_checkpoint_is_named_and_the_best_stays(project):
    with pytest.raises(Interrupted):
        train_phase(train_params(), project, log=stop_at(2))
    last = project.phase("baseline") / "last.safetensors"
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(VagoError, match="last.safetensors is torn"):
        train_phase(train_params(), project, log=silent)
    checkpoint.load_tensors(project.phase("baseline") / "best.safetensors")


def test_no_room_is_said_before_the_first_step(project, monkeypatch):
    monkeypatch.setattr(
        files.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 80 * 2**20})
    )
    with pytest.raises(VagoError, match="training baseline needs .* MiB in .*: free some space"):
        train_phase(train_params(), project, log=silent)
    assert not (project.phase("baseline") / "best.safetensors").exists()


def poison(monkeypatch, bad):
    """Make the loss of the n-th training micro-batch not a number where `bad(n)`."""
    forward, calls = GPTLoss.forward, []

    def poisoned(self, batch):
        mel, text = forward(self, batch)
        if self.training:
            calls.append(1)
            if bad(len(calls)):
                mel = mel * float("nan")
        return mel, text

    monkeypatch.setattr(GPTLoss, "forward", poisoned)


def test_a_non_finite_loss_skips_its_step_only(project, monkeypatch):
    poison(monkeypatch, lambda n: n == 2)
    result = train_phase(train_params(), project, log=silent)
    warnings = [row for row in rows_of(project) if row["kind"] == "warning"]
    assert [w["step"] for w in warnings if w["about"] == "non-finite"] == [1]
    assert result["complete"] and result["best_step"] > 0


def test_three_in_a_row_go_back_to_the_last_good_state(project, monkeypatch):
    poison(monkeypatch, lambda n: 4 <= n <= 8)  # steps 3, 4 and 5
    result = train_phase(train_params(epochs=4), project, log=silent)
    warnings = [row for row in rows_of(project) if row["kind"] == "warning"]
    assert any(
        w["about"] == "rolled back" and "weights of step 2" in w["message"] for w in warnings
    )
    assert result["complete"] and result["step"] == 8


def test_endless_non_finite_losses_end_with_a_sentence(project, monkeypatch):
    poison(monkeypatch, lambda n: n > 3)
    with pytest.raises(VagoError, match="non-finite losses in a row.*lower learning_rate"):
        train_phase(train_params(epochs=12), project, log=silent)
    checkpoint.load_tensors(project.phase("baseline") / "best.safetensors")


def test_weights_that_go_to_infinity_never_become_the_best(after_baseline):
    paths, harmful = after_baseline
    with pytest.raises(VagoError, match="non-finite losses in a row"):
        train_phase(train_params(epochs=30, **{**harmful, "learning_rate": 1.0}), paths, log=silent)
    rows = rows_of(paths, "combined")
    assert [row["step"] for row in rows if row["kind"] == "eval" and row["best"]] == [0]
    assert any(
        "held-out loss at step" in row["message"] for row in rows if row["kind"] == "warning"
    )


def test_patience_stops_early(after_baseline):
    paths, harmful = after_baseline
    result = train_phase(train_params(epochs=30, patience=2, **harmful), paths, log=silent)
    assert result["step"] == 2 < result["steps"] and result["best_step"] == 0


def test_a_missing_parent_is_named(project):
    p = TrainParams(profile="mini", phase="combined", parent="baseline", sources=["quiz"])
    with pytest.raises(VagoError, match="combined starts from baseline, which has no result"):
        train_phase(p, project, log=silent)


def test_unknown_source_is_named(project):
    with pytest.raises(VagoError, match="radio"):
        train_phase(train_params(sources=["radio"]), project, log=silent)


def test_learning_rate_warms_up_and_falls():
    p = train_params(learning_rate=1e-3, warmup_steps=10).inherit(None)
    rates = [learning_rate(p, step, 200) for step in range(200)]
    assert rates[0] < 2e-4 and max(rates) == pytest.approx(1e-3) and rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(1e-4, rel=0.01) and rates[10:] == sorted(
        rates[10:], reverse=True
    )
    constant = p.model_copy(update={"schedule": "constant"})
    assert {learning_rate(constant, step, 200) for step in range(10, 200)} == {1e-3}


def test_only_matrices_decay(tiny_base):
    gpt = xtts.open_base(tiny_base).gpt
    groups, names = parameter_groups(gpt, 0.01)
    decayed, plain = names[: len(groups[0]["params"])], names[len(groups[0]["params"]) :]
    assert groups[1]["weight_decay"] == 0 and len(names) == len(dict(gpt.named_parameters()))
    assert "gpt.h.0.attn.c_attn.weight" in decayed and "mel_head.weight" in decayed
    for name in (
        "text_embedding.weight",
        "mel_pos_embedding.emb.weight",
        "final_norm.weight",
        "mel_head.bias",
        "conditioning_perceiver.latents",
    ):
        assert name in plain
    for parameter, name in zip([t for g in groups for t in g["params"]], names):
        assert parameter is gpt.get_parameter(name)


def test_two_processes_give_the_curve_of_twice_the_accumulation(baseline, project):
    """accelerate launch with gloo: 2 processes x 1 micro-batch are 1 process x 2, a partial last group among them."""
    settings = {k: v for k, v in train_params(accumulation=1).model_dump().items() if v is not None}
    (project.root / "phase.yaml").write_text(yaml.safe_dump(settings))
    launch = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    command = [
        *launch,
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
        "-m",
        "vago.training.train",
        "phase.yaml",
    ]
    env = os.environ | {
        "VAGO_HOME": str(project.root),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(command, cwd=project.root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]
    assert done.stdout.count("step 6/6  loss") == 1, "only the main process tells"
    alone, together = rows_of(baseline[0]), rows_of(project)
    assert [row["step"] for row in together] == [row["step"] for row in alone]
    for one, two in zip(alone, together):
        assert two["mel_ce"] == pytest.approx(one["mel_ce"], abs=1e-4) and two[
            "text_ce"
        ] == pytest.approx(one["text_ce"], abs=1e-4)


def test_training_does_not_import_what_sets_one_thread():
    """Importing stock's dataset sets torch to one thread for the whole process."""
    code = "import sys, vago.training.train, vago.training.state; sys.exit('TTS.tts.layers.xtts.trainer.dataset' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
