"""The line that shows how far a notebook is."""

from __future__ import annotations

import io
import re

import pytest

from vago.workbook.progress import ProgressLine, duration


def test_progress_line_shows_the_training_but_not_an_earlier_one(tmp_path):
    file, stream = tmp_path / "progress.json", io.StringIO()
    file.write_text('{"step": 240, "steps": 240, "loss": 1, "eta_seconds": 0}')

    with ProgressLine("02_train_baseline", "never run", file, stream, every=0.02) as line:
        assert line.text() == "02_train_baseline  running 0.0 s  (never run)"
        newer = tmp_path / "new"
        newer.write_text('{"step": 7, "steps": 240, "loss": 5.125, "eta_seconds": 90}')
        newer.replace(file)
        assert line.text().endswith("step 7 of 240, loss 5.125, about 1 min 30 s left")
        line.over.wait(0.2)

    lines = stream.getvalue().splitlines()
    assert any("step 7 of 240" in shown for shown in lines)
    assert re.fullmatch(r"02_train_baseline  done in 0\.\d s  \(never run\)", lines[-1])


def test_progress_line_stays_one_line_on_a_terminal(tmp_path, monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setenv("COLUMNS", "40")

    with pytest.raises(ValueError):
        with ProgressLine("05_evaluate", "why " * 40, None, stream, every=0.02) as line:
            line.over.wait(0.1)
            raise ValueError

    _, *running, last = stream.getvalue().split("\r\033[K")
    assert len(running) > 2
    assert all(len(shown) < 40 and "\n" not in shown for shown in running)
    assert last.startswith("05_evaluate  failed after") and last.endswith("\n")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (4.21, "4.2 s"),
        (52, "52 s"),
        (59.9, "1 min 0 s"),
        (112, "1 min 52 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds, shown):
    assert duration(seconds) == shown
