"""The command line as a user meets it: exit codes, sentences, speed of the start, Ctrl-C, and the status table."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.projects import ROOT
from vago import __version__
from vago.cli import main
from vago.model.xtts import FILES

FIXTURES = ROOT / "tests" / "fixtures" / "notebooks"
PHASES = {
    "02_train_baseline": "baseline",
    "03_train_combined": "combined",
    "04_train_ultrafine": "ultrafine",
}
HEAVY = {
    "torch",
    "TTS",
    "pandas",
    "papermill",
    "nbconvert",
    "nbformat",
    "librosa",
    "transformers",
    "IPython",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The fixture notebooks with a profile that names no more than the phases."""
    shutil.copytree(FIXTURES, tmp_path / "notebooks")
    (tmp_path / "params/demo").mkdir(parents=True)
    for file in FIXTURES.glob("*.ipynb"):
        phase = PHASES.get(file.stem)
        (tmp_path / f"params/demo/{file.stem}.yaml").write_text(
            f"phase: {phase}\n" if phase else "seed: 1\n"
        )
    (tmp_path / "params/scripts").mkdir()
    (tmp_path / "params/scripts/quiz_show.yaml").write_text(
        "title: Show\nlines: [{name: opening, text: Jó estét!}]\n"
    )
    monkeypatch.setenv("VAGO_HOME", str(tmp_path))
    return tmp_path


def loaded_after(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}}, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_starts_without_anything_heavy():
    loaded = loaded_after("import vago.cli as m\ntry: m.main(['--help'])\nexcept SystemExit: pass")
    assert not loaded & (HEAVY | {"pydantic", "yaml"})


def test_run_and_status_import_neither_torch_nor_papermill_before_a_kernel(project):
    assert (
        not loaded_after(
            "from vago.cli import main\nmain(['status', 'demo']); main(['run', 'nobody'])"
        )
        & HEAVY
    )


def test_help_starts_in_under_half_a_second():
    def once() -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "vago", "--help"], capture_output=True, check=True)
        return time.perf_counter() - started

    assert min(once() for _ in range(3)) < 0.5


def test_version_and_wrong_usage(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0 and capsys.readouterr().out == f"vago {__version__}\n"
    for wrong in (
        [],
        ["fly"],
        ["run"],
        ["run", "demo", "--from", "2", "--only", "3"],
        ["run", "demo", "-p", "epochs"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(wrong)
        assert stopped.value.code == 2, wrong
    assert "usage: vago" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["run"], ["status"]])
def test_help_has_examples_and_no_stray_signs(command, capsys):
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    shown = capsys.readouterr().out
    assert f"vago {command[0]} demo" in shown and "%%" not in shown


def test_errors_are_one_line_on_stderr(project, capsys):
    assert main(["run", "nobody"]) == 1
    assert main(["run", "demo", "-p", "epoch", "3"]) == 1
    assert main(["status", "nobody"]) == 1
    shown = capsys.readouterr()
    assert (
        shown.out == "" and [line.split(":")[0] for line in shown.err.splitlines()] == ["vago"] * 3
    )
    assert "did you mean 'epochs'?" in shown.err


def test_outside_a_project(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("VAGO_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "demo"]) == 1
    assert "no vago project at or above" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_interrupts_the_notebook_and_says_how_to_go_on(project, stop):
    """The fixture's training sleeps, and on KeyboardInterrupt saves: what a real training does with its checkpoint."""
    for file in ("corpus/clips.csv", *(f"base/{name}" for name in FILES)):
        write(project / "outputs/demo" / file, "a")
    phase = project / "outputs/demo/phases/baseline"
    command = [sys.executable, "-m", "vago", "run", "demo", "--only", "02", "-p", "epochs", "1000"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    ) as running:
        deadline = time.monotonic() + 60
        while (
            not (phase / "progress.json").exists()
            and running.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        time.sleep(0.5)
        running.send_signal(stop)
        out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert err.startswith("vago: stopped; what is done is kept") and err.count("\n") == 1
    assert "02_train_baseline  stopped after" in out
    assert (phase / "interrupted").read_text() == "saved"
    assert not (project / "outputs/demo/run.json").exists()


def test_status(project, capsys):
    phases = project / "outputs/demo/phases"
    write(phases / "baseline/best.safetensors", "x" * 1500)
    write(phases / "baseline/phase.json", record("baseline", 5.0))
    write(phases / "combined/phase.json", record("combined", 4.0))
    write(
        phases / "ultrafine/progress.json",
        {"step": 12, "steps": 240, "loss": 4.0, "eta_seconds": 30},
    )
    done = {"seconds": 112.4, "finished": "2026-01-02T03:04:05+00:00"}
    write(project / "outputs/demo/run.json", {"format": 1, "steps": {"02_train_baseline": done}})

    assert main(["status", "demo", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    baseline, combined, ultrafine = found["phases"]
    assert baseline["state"] == "done" and baseline["mel_ce"] == {
        "value": 5.0,
        "low": 4.8,
        "high": 5.2,
    }
    assert baseline["change_percent"] == {"mel_ce": 0, "text_ce": 0} and baseline["bytes"] > 1500
    assert combined["change_percent"]["mel_ce"] == pytest.approx(-20)
    assert ultrafine["state"] == "running or interrupted" and ultrafine["step"] == 12
    assert ultrafine["mel_ce"] is None and ultrafine["change_percent"] == {
        "mel_ce": None,
        "text_ce": None,
    }
    assert [step["done"] for step in found["steps"]] == [False, True, False, False, False, False]
    assert found["bytes"] > sum(phase["bytes"] for phase in found["phases"])

    assert main(["status", "demo"]) == 0
    shown = capsys.readouterr().out
    for expected in (
        "done 02_train_baseline  2026-01-02 03:04 UTC, 1 min 52 s",
        "-    03_train_combined",
        "5.000 [4.800, 5.200]",
        "-20.0 %, -20.0 %",
        "12 of 240, running or interrupted",
    ):
        assert expected in shown


def test_status_before_any_run(project, capsys):
    assert main(["status", "demo"]) == 0
    assert capsys.readouterr().out.count("not trained yet") == 3
    assert not (project / "outputs").exists()


def write(file: Path, content: dict | str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def record(phase: str, mel: float) -> dict:
    scores = {
        name: {"value": v, "low": v - 0.2, "high": v + 0.2}
        for name, v in (("mel_ce", mel), ("text_ce", mel * 2))
    }
    return {
        "phase": phase,
        "complete": True,
        "step": 240,
        "steps": 240,
        "best_step": 200,
        "held_out": scores,
    }
