"""Notebooks that a person runs, or plain papermill: what they show at first, and their record."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from jupyter_client.manager import start_new_kernel

from helpers.workbooks import ALL, in_process, reasons, write_settings
from vago.display import notebook
from vago.paths import Paths
from vago.workbook import session
from vago.workbook.freshness import BY_HAND, BY_PAPERMILL
from vago.workbook.notebook import RUN_BY_RUNNER
from vago.workbook.plans import make_plans

BASELINE = "02_train_baseline"


def entry_of(project, stem: str = BASELINE) -> dict:
    record = json.loads((project / "outputs/demo/run.json").read_text())
    return record["steps"].get(stem, {})


@pytest.fixture
def by_hand(project, monkeypatch, capsys):
    """Run a notebook's cells in this process as a person would: by_hand(between=...) -> printed.

    `page` holds what it showed at its top, `cells` what counts as executed, None: its own cells.
    """
    reasons(only="01")
    page: list[str] = []
    monkeypatch.setattr(notebook, "markup", page.append)

    def run(stem=BASELINE, between=lambda: None, cells=None, **settings) -> str:
        plan = make_plans("demo", ALL, {}, project)[stem]
        p = plan.p.model_copy(update=settings)
        paths = Paths.of(p, project)
        executed = [(source, True) for source in cells or plan.cells]
        monkeypatch.setattr(notebook, "executed_cells", lambda: executed)

        page.clear()
        session.begin(p, paths)
        in_process(plan.source, project / "outputs/by_hand.ipynb", plan.given | settings, project)
        between()
        capsys.readouterr()
        session.finish(p, paths)
        return capsys.readouterr().out

    run.page = page
    return run


def test_a_run_by_hand_counts_as_run(project, by_hand):
    printed = by_hand()
    assert printed.startswith(f"recorded in outputs/demo/run.json: {BASELINE}, run by hand in ")

    entry = entry_of(project)
    assert entry["how"] == BY_HAND and entry["caveat"] == "" and entry["pages"] == []
    assert 0 < entry["seconds"] < 60
    assert BASELINE not in reasons()
    assert entry_of(project) == entry, "the runner leaves it as it is"


def test_what_is_up_to_date_is_not_replaced(project, by_hand):
    reasons()
    before = entry_of(project)
    assert "is as it was" in by_hand()
    assert "is as it was" in by_hand(cells=["print(1)"])
    assert entry_of(project) == before and reasons() == {}


def test_inputs_that_change_meanwhile(project, by_hand):
    def change():
        (project / "outputs/demo/corpus/clips.csv").write_text("other clips")

    assert "not as up to date" in by_hand(between=change)
    expected = "run by hand, and meanwhile the corpus is newer: corpus/clips.csv changed"
    assert entry_of(project)["caveat"] == expected
    assert reasons(only="02") == {BASELINE: expected}
    assert entry_of(project)["how"] == "by vago run"


def test_edited_cells_and_other_settings(project, by_hand):
    assert "with an edited or added cell" in by_hand(cells=["result = 1"])
    assert reasons(only="02") == {BASELINE: "run by hand with an edited or added cell"}

    assert "not as up to date" not in by_hand(learning_rate=1e-3)
    assert entry_of(project)["parameters"]["learning_rate"] == 1e-3
    assert reasons(only="02") == {BASELINE: "parameters changed: learning_rate"}


def test_a_page_of_an_earlier_run_is_not_shown_as_its_own(project, by_hand):
    page = project / "outputs/demo/notebooks" / f"{BASELINE}.html"
    reasons(only="02")
    by_hand(learning_rate=1e-3)
    assert not page.exists()


def test_the_demo_makes_inputs_of_its_own(project, by_hand):
    quiz = project / "outputs/demo/recordings/quiz/new.txt"
    clips = project / "outputs/demo/corpus/clips.csv"
    clips.write_text("an older corpus")
    assert "not as up to date" not in by_hand(ALL[0], between=lambda: quiz.write_text("spoken"))
    assert reasons(only="01") == {}

    clips.write_text("an older corpus")
    corrections = project / "params/demo/corrections.csv"
    printed = by_hand(ALL[0], between=lambda: corrections.write_text("source,recording\n"))
    assert "corrections.csv is new" in printed


def test_recording_never_stops_a_notebook(project, by_hand):
    home = project / "outputs/demo"
    with FileLock(home / ".run.lock"):
        session.LOCK_SECONDS, seconds = 0.0, session.LOCK_SECONDS
        printed = by_hand()
        session.LOCK_SECONDS = seconds
    assert "not recorded in outputs/demo/run.json: `vago run` is at work in outputs/demo" in printed

    printed = by_hand(between=lambda: (home / "run.json").write_text("{"))
    assert "not recorded" in printed and "not a record that vago wrote" in printed
    assert (home / "run.json").read_text() == "{"


def test_another_run_of_the_step_meanwhile(project, by_hand):
    assert "was run by another process" in by_hand(between=lambda: reasons(only="02", force=True))
    assert entry_of(project)["how"] == "by vago run"


def test_under_vago_run_the_runner_records(project, by_hand, monkeypatch):
    monkeypatch.setenv(RUN_BY_RUNNER, "1")
    assert by_hand() == ""
    assert entry_of(project) == {}


def test_the_top_shows_settings_and_what_is_stale(project, by_hand):
    by_hand()
    table, stale = by_hand.page
    assert "learning_rate" in table and "5e-06" in table and "<details>" in table
    assert stale == ""

    (project / "outputs/demo/recordings/quiz/a.txt").write_text("another take")
    by_hand()
    assert "The corpus is not up to date (recordings/quiz/a.txt changed)" in by_hand.page[1]


def test_a_profile_without_files_still_begins(project, by_hand, capsys):
    plan = make_plans("demo", ALL, {}, project)[BASELINE]
    p = plan.p.model_copy(update={"profile": "unknown"})
    session.begin(p, Paths.of(p, project))
    assert "no profile 'unknown'" in capsys.readouterr().out


# --- in real kernels ---


def add_session(project, stem: str = BASELINE) -> Path:
    """Put the two calls into a notebook of the fixture's, as the real ones have them."""
    path = project / "notebooks" / f"{stem}.ipynb"
    page = nbformat.read(path, as_version=4)
    (imports,) = [cell for cell in page.cells if "from_notebook" in cell.source]
    imports.source = f"from vago.workbook import session\n{imports.source}\nsession.begin(p, paths)"
    page.cells.append(nbformat.v4.new_code_cell("session.finish(p, paths)", id="finish"))
    nbformat.write(page, path)
    return path


@pytest.mark.slow
def test_plain_papermill_counts_as_run(project, tmp_path):
    reasons(only="01")
    path = add_session(project)
    write_settings(project, BASELINE, epochs=2)

    target, settings = tmp_path / "out.ipynb", project / "params/demo" / f"{BASELINE}.yaml"
    command = [sys.executable, "-m", "papermill", path, target, "-f", settings]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr[-2000:]

    entry = entry_of(project)
    assert entry["how"] == BY_PAPERMILL and entry["caveat"] == ""
    assert BASELINE not in reasons()
    assert "run by papermill in" in target.read_text()


@pytest.mark.slow
def test_a_kernel_in_which_a_cell_is_added(project):
    """As JupyterLab asks for cells: with their ids."""
    reasons(only="01")
    page = nbformat.read(add_session(project), as_version=4)
    code = [cell.source for cell in page.cells if cell.cell_type == "code"]

    sources = [*code[:-1], "1 / 0", code[-1], "session.notebook.executed_cells()"]
    replies = []
    manager, client = start_new_kernel(cwd=str(project / "notebooks"))
    try:
        for source in sources:
            content = {
                "code": source,
                "silent": False,
                "store_history": True,
                "user_expressions": {"succeeded": "[ok for _, ok in Out[max(Out)]]"},
                "allow_stdin": False,
                "stop_on_error": False,
            }
            message = client.session.msg("execute_request", content, metadata={"cellId": "a"})
            client.shell_channel.send(message)
            replies.append(client.get_shell_msg(timeout=60)["content"])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    expected = [source != "1 / 0" for source in sources]
    assert [reply["status"] == "ok" for reply in replies] == expected
    succeeded = replies[-1]["user_expressions"]["succeeded"]["data"]["text/plain"]
    assert succeeded == str(expected)

    entry = entry_of(project)
    assert entry["how"] == BY_HAND
    assert entry["caveat"] == "run by hand with an edited or added cell"


@pytest.mark.slow
def test_errors_and_interrupts_are_one_sentence(project):
    """In the first cells too, before `begin`."""
    page = nbformat.read(add_session(project), as_version=4)
    code = [cell.source for cell in page.cells if cell.cell_type == "code"]
    interrupt = """
import os, signal, time, weakref
class Model: pass
def train():
    global held
    model = Model()
    held = weakref.ref(model)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(20)
train()
"""
    released = "assert held() is None, 'what the stopped cell held is still in memory'"

    errors: list[dict] = []

    def note(message):
        if message["msg_type"] == "error":
            errors.append(message["content"])

    manager, client = start_new_kernel(cwd=str(project / "notebooks"))
    try:
        for source in ("epochz = 3", *code[:2], "del epochz", *code[:2], interrupt, released):
            client.execute_interactive(source, timeout=60, output_hook=note)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    shown = [error["traceback"] for error in errors]
    misspelt = "the notebook's parameters cell: TrainParams has no setting 'epochz'; "
    assert shown == [[misspelt + "did you mean 'epochs'?"], [notebook.INTERRUPTED]]


def test_a_box_only_where_something_is_stale():
    assert session.stale_html([]) == ""
    assert session.stale_html(["a < b"]).count("<p>a &lt; b</p>") == 1
