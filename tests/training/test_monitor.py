"""metrics.jsonl, progress.json and the warnings of a run."""

import json

import pytest

from vago.training import monitor
from vago.training.monitor import Monitor


def evaluation(step, loss):
    return {"kind": "eval", "step": step, "loss": loss, "mel_ce": loss, "text_ce": 1.0}


def training(step, loss):
    row = {"kind": "train", "step": step, "loss": loss, "mel_ce": loss, "text_ce": 1.0}
    return row | {"learning_rate": 1e-3}


@pytest.fixture
def new_monitor(tmp_path):
    """Makes monitors of 100 steps in the test's folder; they are closed at its end."""
    made = []

    def make(**options):
        made.append(Monitor(tmp_path, 100, log=lambda line: None, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def warnings_after(watch, losses):
    """What the warnings are about, after a (training, validation) loss every ten steps."""
    for number, (train, validation) in enumerate(losses):
        watch.add(training(number * 10 - 1, train))
        watch.add(evaluation(number * 10, validation))
    return [row["about"] for row in watch.rows if row["kind"] == "warning"]


def test_rows_progress_and_listener(tmp_path, new_monitor):
    counts = []
    watch = new_monitor(listener=lambda rows: counts.append(len(rows)))
    rows = [evaluation(0, 5.0), training(1, 4.5)]
    for row in rows:
        watch.add(row)
    assert monitor.read_rows(tmp_path / "metrics.jsonl") == rows
    assert counts == [1, 2]

    watch.progress(1, 4.5, force=True)
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress.keys() == {"step", "steps", "loss", "eta_seconds"}
    assert (progress["step"], progress["steps"], progress["loss"]) == (1, 100, 4.5)


def test_progress_is_written_at_most_once_a_second(tmp_path, new_monitor):
    watch = new_monitor()
    watch.progress(1, 4.5, force=True)
    watch.progress(2, 4.4)
    assert json.loads((tmp_path / "progress.json").read_text())["step"] == 1


def test_a_resume_drops_later_rows_and_a_torn_line(tmp_path, new_monitor):
    first = new_monitor()
    for step in range(5):
        first.add(training(step, 4.0))
    first.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')

    resumed = new_monitor(resumed_at=2)
    resumed.add(training(3, 3.0))

    rows = monitor.read_rows(tmp_path / "metrics.jsonl")
    assert [(row["step"], row["loss"]) for row in rows] == [(0, 4.0), (1, 4.0), (2, 4.0), (3, 3.0)]


def test_overfitting_is_reported_once(new_monitor):
    losses = [(5.0, 5.0), (4.0, 5.1), (3.0, 5.2), (2.0, 5.3)]
    assert warnings_after(new_monitor(), losses) == ["overfitting"]


def test_a_loss_that_does_not_fall_is_reported(new_monitor):
    losses = [(loss, loss) for loss in (5.0, 5.0, 5.5, 6.0)]
    assert warnings_after(new_monitor(), losses) == ["not falling"]


def test_a_healthy_run_has_no_warnings(new_monitor):
    losses = [(loss, loss + 0.1) for loss in (5.0, 4.5, 4.2, 4.1)]
    assert warnings_after(new_monitor(), losses) == []
