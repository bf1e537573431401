"""Notebooks run by hand in the real JupyterLab, through a browser, count as run."""

from __future__ import annotations

import io
import json
import subprocess

import pytest

from helpers.jupyterlab import LabPage, browser_page, needs_browser, running_lab, until
from helpers.workbooks import make_small_project
from vago.training import monitor
from vago.workbook.notebook import read_notebook
from vago.workbook.runner import run
from vago.workbook.status import status, status_table

pytestmark = [pytest.mark.slow, needs_browser]

CORPUS, BASELINE = "01_prepare_dataset", "02_train_baseline"


def git(root, *arguments: str) -> str:
    name = ("-c", "user.name=test", "-c", "user.email=test")
    command = ["git", *name, *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def entries(paths) -> dict:
    """The steps in run.json."""
    if not paths.run_record.exists():
        return {}
    return json.loads(paths.run_record.read_text(encoding="utf-8"))["steps"]


def steps_trained(paths) -> int:
    return max((row["step"] for row in metric_rows(paths)), default=0)


def metric_rows(paths) -> list[dict]:
    file = paths.phase("baseline") / "metrics.jsonl"
    return monitor.read_rows(file) if file.exists() else []


def printed(file) -> str:
    """All that a saved notebook shows as text, errors included."""
    shown = []
    for cell in read_notebook(file)["cells"]:
        for output in cell.get("outputs", []):
            shown += output.get("traceback", []) + ["".join(output.get("text", ""))]
    return "\n".join(shown)


def test_two_notebooks_by_hand_with_a_stop_and_a_restart(tmp_path, recordings_folder, tiny_base):
    changes = {BASELINE: {"epochs": 40, "eval_every": 40}}
    paths = make_small_project(tmp_path / "project", recordings_folder, tiny_base, changes)
    git(paths.root, "init", "-q")
    git(paths.root, "add", "-A")
    git(paths.root, "commit", "-q", "-m", "as cloned")

    with running_lab(paths.root, "small", tmp_path / "home") as lab, browser_page() as page:
        shown = LabPage(page, lab.address)

        # 01 from its first cell to its last
        shown.run_all()
        until(lambda: CORPUS in entries(paths), "01 is recorded")
        shown.wait_idle()
        shown.save(paths.by_hand / f"{CORPUS}.ipynb")

        # 02, stopped in the middle of the training
        copy = paths.by_hand / f"{BASELINE}.ipynb"
        shown.open(copy.name)
        shown.run_all()
        until(lambda: steps_trained(paths) >= 4, "some steps are trained")
        shown.stop()
        shown.wait_idle()
        shown.save(copy)
        stopped = steps_trained(paths)
        assert "all saved" in printed(copy) and "Traceback" not in printed(copy)
        assert "running or interrupted" in status_table(status("small", paths.root))
        assert BASELINE not in entries(paths)

        # and all of it again, in a new kernel
        shown.restart()
        shown.run_all()
        until(lambda: BASELINE in entries(paths), "02 is recorded")
        shown.wait_idle()
        shown.save(copy)
        assert f"resuming from step {stopped} of" in printed(copy)

        assert lab.ctrl_c() == 0 and "JupyterLab has ended" in lab.log

    for stem in (CORPUS, BASELINE):
        entry = entries(paths)[stem]
        assert entry["how"] == "by hand" and entry["caveat"] == "" and entry["seconds"] > 0.1
    table = status_table(status("small", paths.root))
    assert table.count(", by hand\n") == 2 and table.count("done     0") == 2

    output = io.StringIO()
    for only in ("01", "02"):
        run("small", only=only, root=paths.root, stream=output)
    assert output.getvalue().count("skipped: nothing changed since it was run by hand") == 2
    assert git(paths.root, "status", "--porcelain") == ""
