"""Notebooks in real kernels: parameters, HTML pages, and failures with their place."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest

from helpers.workbooks import ALL, in_process, make_workbook, write_settings
from vago.workbook.notebook import NotebookFailed, execute, failure, kernel_manager_class
from vago.workbook.runner import run


def test_a_dead_kernel_is_not_reported_as_an_exception():
    class DeadKernelError(RuntimeError):
        pass

    running = {"papermill": {"status": "running"}}
    cells = [
        {"cell_type": "markdown", "source": "# Title\n\n## Training ##", "metadata": {}},
        {"cell_type": "code", "source": "", "metadata": running, "outputs": []},
        {"cell_type": "markdown", "source": "## Later", "metadata": {}},
    ]

    heading, sentence = failure({"cells": cells}, DeadKernelError("Kernel died"))
    assert heading == "Training" and "died, most often because memory ran out" in sentence


def test_the_kernel_is_given_one_log_level(tmp_path):
    """It does not start with two."""
    command = kernel_manager_class(tmp_path)().format_kernel_cmd()
    assert command[0] == sys.executable
    assert [one for one in command if "log_level" in one] == ["--IPKernelApp.log_level=CRITICAL"]


@pytest.mark.slow
def test_through_papermill_in_a_folder_with_braces(tmp_path, monkeypatch):
    """Checked parameters, this interpreter whatever kernelspec is installed, no code in pages."""
    spec = tmp_path / "jupyter/kernels/python3"
    spec.mkdir(parents=True)
    broken = {"argv": ["false", "{connection_file}"], "display_name": "x", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(broken))
    monkeypatch.setenv("JUPYTER_PATH", str(spec.parents[1]))

    root = tmp_path / "a {profile} {b} folder"
    root.mkdir()
    make_workbook(root, monkeypatch)
    write_settings(root, "02_train_baseline", learning_rate="5e-6")

    stream = io.StringIO()
    run("demo", only="01", force=True, stream=stream)
    run("demo", only="02", stream=stream)
    assert "01_prepare_dataset  done in" in stream.getvalue()
    assert "(forced)" in stream.getvalue()

    folder = root / "outputs/demo/notebooks"
    assert sys.executable in (folder / "01_prepare_dataset.ipynb").read_text()
    assert "learning rate 5e-06" in (folder / "02_train_baseline.ipynb").read_text()

    page = (folder / "02_train_baseline.html").read_text()
    assert "<title>Phase baseline</title>" in page and "learning rate 5e-06" in page
    assert "hashlib" not in page and "from_notebook" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)


@pytest.mark.slow
def test_a_failing_cell_is_reported_and_kept(project):
    for stem in ALL[:4]:
        run("demo", only=stem, execute=in_process, stream=io.StringIO())

    stream = io.StringIO()
    for target, exception in (
        ("13", "ZeroDivisionError: float division by zero"),
        ("14", "the test set in corpus/ is empty"),
    ):
        overrides = [("target_loss", target)]
        with pytest.raises(NotebookFailed) as caught:
            run("demo", only="05", overrides=overrides, execute=execute, stream=stream)

        lines = str(caught.value).splitlines()
        assert lines[0] == "05_evaluate failed"
        assert lines[1].endswith("Scores on the test set")
        assert lines[2].removeprefix("  with  ").startswith(exception)
        assert "outputs/demo/notebooks/05_evaluate.ipynb" in lines[3]

    page = (project / "outputs/demo/notebooks/05_evaluate.html").read_text()
    assert "<title>How the phases compare</title>" in page
    assert "the test set in corpus/ is empty" in page and "compared 3" in page
    assert "hidden_in_the_page" not in page

    assert "05_evaluate  failed after" in stream.getvalue()
    record = json.loads((project / "outputs/demo/run.json").read_text())
    assert "05_evaluate" not in record["steps"]
