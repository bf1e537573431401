"""The real six notebooks, headless, on a small corpus: through the runner and plain papermill."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from helpers.pages import check_page, check_players
from helpers.workbooks import SMALL, make_small_project
from vago import VagoError
from vago.audio import io
from vago.paths import Paths
from vago.synthesis.takes import read_takes
from vago.workbook.runner import run

pytestmark = pytest.mark.slow

BY_HAND = {"parameters", "imports", "open-base", "prepare", "clip-browser"}
USE_BROWSER = """
    table.table.filters["source"].value = "interview"
    table.table.filters["text"].value = "zene"
    print(table.table.count.value, "|", table.rows.candidate[table.chosen])
    print("data:audio" in table.player.value)
"""


@pytest.fixture(scope="module")
def workbook(tmp_path_factory, recordings_folder, tiny_base):
    """A project with the real notebooks and a profile `small`, run once: (paths, outcomes)."""
    root = tmp_path_factory.mktemp("workbook")
    return make_small_project(root, recordings_folder, tiny_base), run("small", root=root)


def page_of(paths: Paths, stem: str) -> str:
    return (paths.executed / f"{stem}.html").read_text(encoding="utf-8")


def outputs_of(file) -> list:
    """Every output of an executed notebook."""
    notebook = nbformat.read(file, as_version=4)
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def papermill(root, *arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "papermill", *map(str, arguments)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_every_notebook_ran_and_left_its_pages(workbook):
    paths, _ = workbook
    pages = sorted(path.name for path in paths.executed.glob("*.html"))
    assert pages == [f"{stem}.html" for stem in SMALL]

    for stem in SMALL:
        outputs = outputs_of(paths.executed / f"{stem}.ipynb")
        kinds = {kind for output in outputs for kind in output.get("data", {})}
        assert "image/png" in kinds or "text/html" in kinds, stem


def test_the_pages_hold_players_figures_and_no_input(workbook):
    paths, _ = workbook
    for stem in ("01_prepare_dataset", "05_evaluate", "06_generate_samples"):
        page = page_of(paths, stem)
        assert page.count("data:audio/flac") >= 2, stem
        assert page.count("data:image/png") >= 1, stem
        assert "from_notebook" not in page

    figures = page_of(paths, "03_train_combined").count("data:image/png")
    assert figures >= 2, "live curve and final curve"


def test_the_pages_in_a_browser(workbook, browser):
    """At 390 pixels nothing overflows; images and players are described, links lead somewhere."""
    paths, _ = workbook
    for stem in SMALL:
        check_page(browser, paths.executed / f"{stem}.html")
    for stem in ("01_prepare_dataset", "05_evaluate", "06_generate_samples"):
        check_players(browser, paths.executed / f"{stem}.html")
    check_page(browser, paths.takes_page)
    check_players(browser, paths.takes_page)


def test_the_samples_are_there_and_audible(workbook):
    paths, _ = workbook
    folder = read_takes(paths)[0].folder
    table = pd.read_csv(folder / "samples.csv")
    assert list(table.file) == ["01_question.wav", "02_long.wav", "03_medium.wav", "04_short.wav"]

    for file in table.file:
        wav, rate = io.load(folder / file)
        assert rate == 24000 and len(wav) > 2400
        assert io.loudest_dbfs(wav, rate) > -40
        assert io.clipped_fraction(wav) == 0


def test_a_second_run_does_nothing(workbook):
    paths, _ = workbook

    def modified() -> dict:
        return {path: path.stat().st_mtime_ns for path in paths.home.rglob("*") if path.is_file()}

    before = modified()
    outcomes = run("small", root=paths.root)
    assert [outcome.why for outcome in outcomes] == [None] * 6

    after = modified()
    assert {path for path in before if before[path] != after[path]} <= {
        paths.run_record,
        paths.digests,
    }


def test_the_clip_browser_in_its_notebook(workbook, tmp_path):
    """Step through notebook 1 by hand, then use its widgets as a person would, in a real kernel."""
    paths, _ = workbook
    notebook = nbformat.read(paths.executed / "01_prepare_dataset.ipynb", as_version=4)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.id in BY_HAND or "injected-parameters" in cell.metadata.get("tags", [])
    ]
    notebook.cells.append(nbformat.v4.new_code_cell(textwrap.dedent(USE_BROWSER)))

    folder = {"metadata": {"path": str(paths.root / "notebooks")}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=folder).execute()

    printed = "".join(output["text"] for output in notebook.cells[-1].outputs)
    shown = r"page 1 of 1: 1 candidates, 1 kept, 0\.\d min \| interview-one-0009\nTrue"
    assert re.match(shown, printed), printed


def test_plain_papermill_runs_a_notebook_alone(workbook, tmp_path):
    paths, _ = workbook
    stem = "03_train_combined"
    target = tmp_path / "out.ipynb"
    settings = f"params/small/{stem}.yaml"

    done = papermill(paths.root, f"notebooks/{stem}.ipynb", target, "-f", settings)
    assert done.returncode == 0, done.stderr[-2000:]
    printed = "".join(output.get("text", "") for output in outputs_of(target))
    assert "combined is complete already" in printed


def test_plain_papermill_refuses_a_misspelt_parameter(workbook, tmp_path):
    paths, _ = workbook
    notebook, target = "notebooks/01_prepare_dataset.ipynb", tmp_path / "out.ipynb"
    parameters = "-p profile small -p sede 4".split()

    done = papermill(paths.root, notebook, target, *parameters)
    assert done.returncode
    assert re.search(r"no setting 'sede'; did you mean 'seed'", done.stderr)


def test_the_real_profile_without_recordings_says_what_to_put_where(workbook):
    paths, _ = workbook
    with pytest.raises(VagoError) as error:
        run("vago", root=paths.root)

    message = str(error.value)
    assert message.startswith("3 things are missing:\n")
    for part in ("recordings/milliomos/", "recordings/blikk/", "models/xtts_v2 is incomplete"):
        assert part in message
    assert not (paths.root / "outputs" / "vago" / "notebooks").exists(), "no kernel was started"
