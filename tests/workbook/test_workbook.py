"""The real six notebooks, headless, on a small corpus: through the runner, through plain papermill, and with bad input."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap

import nbformat
import pandas as pd
import pytest
import yaml
from nbclient import NotebookClient

from helpers.projects import ROOT
from vago import VagoError
from vago.audio import io
from vago.corpus.params import CorpusParams
from vago.paths import Paths
from vago.workbook.runner import run

SMALL = {
    "01_prepare_dataset": dict(demo_voice=False, held_out_fraction=0.2, held_out_min_clips=4),
    "02_train_baseline": dict(epochs=4, batch_size=4, learning_rate="5e-4", eval_every=4, prompt_min_seconds=0.6),
    "03_train_combined": dict(epochs=2),
    "04_train_ultrafine": dict(epochs=1),
    "05_evaluate": dict(speech_clips=1),
    "06_generate_samples": dict(script="categories", prompt_seconds=2.0),
}  # fmt: skip


@pytest.fixture(scope="module")
def workbook(tmp_path_factory, recordings_folder, tiny_base):
    """A project with the real notebooks and scripts and a profile `small`, run once: (paths, outcomes)."""
    root = tmp_path_factory.mktemp("workbook")
    shutil.copytree(
        ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints")
    )
    shutil.copytree(ROOT / "params", root / "params")
    shutil.copytree(root / "params" / "demo", root / "params" / "small")
    home = root / "outputs" / "small"
    home.mkdir(parents=True)
    shutil.copytree(recordings_folder, home / "recordings")
    shutil.copytree(tiny_base, home / "base")
    for stem, changes in SMALL.items():
        path = root / "params" / "small" / f"{stem}.yaml"
        path.write_text(
            yaml.safe_dump(yaml.safe_load(path.read_text()) | {"profile": "small"} | changes)
        )
    return Paths.of(CorpusParams(profile="small"), root), run("small", root=root)


def test_every_notebook_ran_and_left_its_pages(workbook):
    paths, outcomes = workbook
    assert [path.name for path in sorted(paths.executed.glob("*.html"))] == [
        f"{stem}.html" for stem in SMALL
    ]
    for stem in SMALL:
        notebook = nbformat.read(paths.executed / f"{stem}.ipynb", as_version=4)
        kinds = {
            kind
            for cell in notebook.cells
            for out in cell.get("outputs", [])
            for kind in out.get("data", {})
        }
        assert "image/png" in kinds or "text/html" in kinds, stem


def test_the_pages_hold_players_figures_and_no_input(workbook):
    paths, _ = workbook
    for stem in ("01_prepare_dataset", "05_evaluate", "06_generate_samples"):
        page = (paths.executed / f"{stem}.html").read_text(encoding="utf-8")
        assert page.count("data:audio/flac") >= 2 and page.count("data:image/png") >= 1, stem
        assert "from_notebook" not in page
    assert (paths.executed / "03_train_combined.html").read_text(encoding="utf-8").count(
        "data:image/png"
    ) >= 2, "live curve and final curve"


def test_the_samples_are_there_and_audible(workbook):
    paths, _ = workbook
    table = pd.read_csv(paths.samples("categories") / "samples.csv")
    assert list(table.file) == ["01_question.wav", "02_long.wav", "03_medium.wav", "04_short.wav"]
    for file in table.file:
        wav, rate = io.load(paths.samples("categories") / file)
        assert (
            rate == 24000
            and len(wav) > 2400
            and io.loudest_dbfs(wav, rate) > -40
            and io.clipped_fraction(wav) == 0
        )


def test_a_second_run_does_nothing(workbook):
    paths, _ = workbook
    before = {path: path.stat().st_mtime_ns for path in paths.home.rglob("*") if path.is_file()}
    outcomes = run("small", root=paths.root)
    assert [outcome.why for outcome in outcomes] == [None] * 6
    after = {path: path.stat().st_mtime_ns for path in paths.home.rglob("*") if path.is_file()}
    assert {p for p in before if before[p] != after[p]} <= {paths.run_record}


def test_the_clip_browser_in_its_notebook(workbook, tmp_path):
    """Step through notebook 1 by hand, then use its widgets as a person would, in a real kernel."""
    paths, _ = workbook
    notebook = nbformat.read(paths.executed / "01_prepare_dataset.ipynb", as_version=4)
    keep = {"parameters", "imports", "open-base", "prepare", "clip-browser"}
    notebook.cells = [
        c
        for c in notebook.cells
        if c.id in keep or "injected-parameters" in c.metadata.get("tags", [])
    ]
    use = """
        table.filters["source"].value = "interview"
        table.filters["text"].value = "zene"
        print(table.count.value, "|", table.rows.candidate[table.chosen])
        print("data:audio" in table.heard.value)"""
    notebook.cells.append(nbformat.v4.new_code_cell(textwrap.dedent(use)))
    folder = {"metadata": {"path": str(paths.root / "notebooks")}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()
    told = "".join(out["text"] for out in notebook.cells[-1].outputs)
    assert re.match(
        r"page 1 of 1: 1 candidates, 1 kept, 0\.\d min \| interview-one-0009\nTrue", told
    ), told


def test_plain_papermill_runs_a_notebook_alone(workbook, tmp_path):
    paths, _ = workbook
    stem = "03_train_combined"
    target = tmp_path / "out.ipynb"
    command = [
        sys.executable,
        "-m",
        "papermill",
        f"notebooks/{stem}.ipynb",
        str(target),
        "-f",
        f"params/small/{stem}.yaml",
    ]
    done = subprocess.run(command, cwd=paths.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    text = "".join(
        o.get("text", "")
        for c in nbformat.read(target, as_version=4).cells
        for o in c.get("outputs", [])
    )
    assert "combined is complete already" in text


def test_plain_papermill_refuses_a_misspelt_parameter(workbook, tmp_path):
    paths, _ = workbook
    command = [
        sys.executable,
        "-m",
        "papermill",
        "notebooks/01_prepare_dataset.ipynb",
        str(tmp_path / "out.ipynb"),
    ]
    done = subprocess.run(
        [*command, "-p", "profile", "small", "-p", "sede", "4"],
        cwd=paths.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode and re.search(r"no setting 'sede'; did you mean 'seed'", done.stderr)


def test_the_real_profile_without_recordings_says_what_to_put_where(workbook):
    paths, _ = workbook
    with pytest.raises(VagoError) as error:
        run("vago", root=paths.root)
    sentence = str(error.value)
    assert "recordings/milliomos" in sentence and "transcript" in sentence and "\n" not in sentence
    assert not (paths.root / "outputs" / "vago" / "notebooks").exists(), "no kernel was started"
