"""`vago status`: steps, phases with their scores, and disk use, as JSON and as a table."""

from __future__ import annotations

import json

import pytest

from helpers.workbooks import reasons, write_file, write_settings
from vago.cli import main


def finished_phase(phase: str, mel: float) -> dict:
    """phase.json of a finished phase with this validation mel CE."""
    scores = {}
    for name, value in (("mel_ce", mel), ("text_ce", mel * 2)):
        scores[name] = {"value": value, "low": value - 0.2, "high": value + 0.2}
    return {
        "phase": phase,
        "complete": True,
        "step": 240,
        "steps": 240,
        "best_step": 200,
        "validation": scores,
    }


@pytest.fixture
def half_done(project):
    """Two phases are done, the third has a progress file, two steps are recorded, one changed."""
    reasons(only="01")
    phases = project / "outputs/demo/phases"
    write_file(phases / "baseline/metrics.jsonl", "x" * 1500)
    write_file(phases / "baseline/phase.json", finished_phase("baseline", 5.0))
    write_file(phases / "combined/phase.json", finished_phase("combined", 4.0))
    progress = {"step": 12, "steps": 240, "loss": 4.0, "eta_seconds": 30}
    write_file(phases / "ultrafine/progress.json", progress)

    file = project / "outputs/demo/run.json"
    record = json.loads(file.read_text())
    record["steps"]["01_prepare_dataset"] |= {
        "seconds": 112.4,
        "finished": "2026-01-02T03:04:05+00:00",
    }
    write_file(file, record)
    reasons(only="02", overrides=[("learning_rate", "1e-3")])
    write_file(phases / "baseline/metrics.jsonl", "x" * 1500)
    write_file(phases / "baseline/phase.json", finished_phase("baseline", 5.0))


def test_status_as_json(half_done, capsys):
    assert main(["status", "demo", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    baseline, combined, ultrafine = found["phases"]

    assert baseline["state"] == "done"
    assert baseline["mel_ce"] == {"value": 5.0, "low": 4.8, "high": 5.2}
    assert baseline["change_percent"] == {"mel_ce": 0, "text_ce": 0}
    assert combined["change_percent"]["mel_ce"] == pytest.approx(-20)
    assert ultrafine["state"] == "running or interrupted" and ultrafine["step"] == 12
    assert ultrafine["mel_ce"] is None
    assert ultrafine["change_percent"] == {"mel_ce": None, "text_ce": None}

    assert [step["done"] for step in found["steps"]] == [True, False, False, False, False, False]
    states = [step["state"] for step in found["steps"]]
    assert states == ["done", "stale", "not run", "not run", "not run", "not run"]
    assert found["steps"][0]["why"] is None and found["steps"][0]["how"] == "by vago run"
    assert found["steps"][1]["why"] == "parameters changed: learning_rate"
    assert found["steps"][2]["why"] == "its results have no record of a run"
    assert found["steps"][2]["after"] == ["02_train_baseline"]
    assert baseline["bytes"] > 1500
    assert found["bytes"] > sum(phase["bytes"] for phase in found["phases"])


def test_status_as_a_table(half_done, capsys):
    assert main(["status", "demo"]) == 0
    shown = capsys.readouterr().out
    for expected in (
        "done     01_prepare_dataset  2026-01-02 03:04 UTC, 1 min 52 s\n",
        "stale    02_train_baseline  ",
        " s: parameters changed: learning_rate\n",
        "not run  03_train_combined: its results have no record of a run\n",
        "not run  04_train_ultrafine\n",
        "5.000 [4.800, 5.200]",
        "-20.0 %, -20.0 %",
        "12 of 240, running or interrupted",
    ):
        assert expected in shown


def test_status_before_any_run(project, capsys):
    assert main(["status", "demo"]) == 0
    assert capsys.readouterr().out.count("not trained yet") == 3
    assert not (project / "outputs").exists()


def test_what_was_run_by_hand_and_what_follows_something_stale(project, capsys):
    reasons()
    file = project / "outputs/demo/run.json"
    record = json.loads(file.read_text())
    record["steps"]["02_train_baseline"] |= {"how": "by hand"}
    record["steps"]["01_prepare_dataset"] |= {"caveat": "run by hand with 2 edited or added cells"}
    write_file(file, record)
    capsys.readouterr()

    assert main(["status", "demo"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:7]
    assert lines[0].endswith(" s: run by hand with 2 edited or added cells")
    assert lines[1].startswith("  done     02_train_baseline  ")
    assert lines[1].endswith(" s, by hand: but 01_prepare_dataset is not up to date")


def test_phases_that_the_profile_does_without_are_left_out(project, capsys):
    write_settings(project, "05_evaluate", phases=["baseline", "combined"])
    assert main(["status", "demo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  not run  03_train_combined" in lines and "  left out 04_train_ultrafine" in lines
    assert lines[-1] == "ultrafine  left out"


def test_takes_of_scripts_are_counted(project, capsys):
    reasons()
    reasons(only="06", overrides=[("seed", "7")])
    capsys.readouterr()

    assert main(["status", "demo", "--json"]) == 0
    newest, first = json.loads(capsys.readouterr().out)["takes"]
    assert "_seed7_" in newest["take"] and "_seed1_" in first["take"]

    assert main(["status", "demo"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "2 takes of quiz_show: outputs/demo/samples/index.html"
