"""Copies of the notebooks that a person runs by hand."""

from __future__ import annotations

import ast
import json
import shutil

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.projects import ROOT
from helpers.workbooks import ALL, reasons, write_settings
from vago.paths import Paths
from vago.settings import SETTINGS_FROM
from vago.workbook.copies import _literal, copy_of, make_copies, put_aside
from vago.workbook.notebook import read_notebook
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.plans import make_plans

BASELINE = "02_train_baseline"


def copies(root, profile: str = "demo"):
    """Make the copies once more: (paths, {notebook that stayed: what has changed since})."""
    plans = make_plans(profile, ALL, {}, root)
    paths = Paths.of(plans[BASELINE].p, root)
    return paths, {one.path.stem: one.change for one in make_copies(paths, plans)}


def edit(path, source: str = "print('mine')") -> bytes:
    """Change a copy's last cell as a person would; the file's bytes after it."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][-1]["source"] = source
    path.write_text(json.dumps(content), encoding="utf-8")
    return path.read_bytes()


def settings_in(cells) -> dict:
    """What the cells that only set settings leave in a kernel."""
    namespace: dict = {}
    for cell in cells:
        if "parameters" in cell["metadata"].get("tags", []) or cell["id"] == "settings-from":
            exec(cell["source"], namespace)
    return {name: value for name, value in namespace.items() if name != "__builtins__"}


@pytest.mark.parametrize("profile", ["demo", "vago", "klara"])
def test_a_real_copy_holds_the_profiles_settings(profile, tmp_path):
    """klara extends vago, so that its settings are in several files."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    shutil.copytree(ROOT / "params", tmp_path / "params")
    (tmp_path / "params" / "klara").mkdir()
    (tmp_path / "params/klara/profile.yaml").write_text("extends: vago\nseed: 3\n")

    plans = make_plans(profile, ALL, {}, tmp_path)
    for stem, plan in plans.items():
        made = copy_of(read_notebook(tmp_path / "notebooks" / f"{stem}.ipynb"), plan)
        nbformat.validate(nbformat.from_dict(made))
        namespace = settings_in(made["cells"])
        assert NOTEBOOKS[stem].from_notebook(namespace).model_dump() == plan.p.model_dump()
        assert (SETTINGS_FROM in namespace) == (profile == "klara")


def test_the_demos_cell_is_copied_with_its_comments(tmp_path):
    original = read_notebook(ROOT / "notebooks" / f"{BASELINE}.ipynb")
    plan = make_plans("demo", ALL, {}, ROOT)[BASELINE]
    cells = {cell["id"]: cell["source"] for cell in copy_of(original, plan)["cells"]}
    before = {cell["id"]: cell["source"] for cell in original["cells"]}
    note = cells.pop("your-copy")
    assert cells == before and "params/demo/" in note


@given(st.recursive(st.none() | st.booleans() | st.floats(0, 1e9) | st.text(), st.lists))
def test_any_value_is_written_as_python(value):
    assert ast.literal_eval(_literal(value)) == value


def test_a_copy_that_nobody_touched_follows_the_profile(project):
    paths, kept = copies(project)
    assert kept == {}
    assert {path.stem for path in paths.by_hand.iterdir()} == set(ALL)

    write_settings(project, BASELINE, learning_rate=0.25)
    assert copies(project)[1] == {}
    assert "learning_rate = 0.25" in (paths.by_hand / f"{BASELINE}.ipynb").read_text()


def test_an_edited_copy_stays_and_what_changed_is_said(project):
    paths, _ = copies(project)
    copy = paths.by_hand / f"{BASELINE}.ipynb"
    mine = edit(copy)
    assert copies(project)[1] == {BASELINE: ""}

    write_settings(project, BASELINE, learning_rate=0.25)
    assert copies(project)[1] == {BASELINE: "settings changed: learning_rate"}

    edit(project / "notebooks" / f"{BASELINE}.ipynb")
    expected = f"notebooks/{BASELINE}.ipynb changed, settings changed: learning_rate"
    assert copies(project)[1] == {BASELINE: expected}
    assert copy.read_bytes() == mine


def test_a_copy_that_was_run_stays(project):
    paths, _ = copies(project)
    copy = paths.by_hand / f"{BASELINE}.ipynb"
    content = json.loads(copy.read_text())
    code = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    copy.write_text(json.dumps(content))
    write_settings(project, BASELINE, epochs=7)
    assert copies(project)[1] == {BASELINE: "settings changed: epochs"}


@pytest.mark.parametrize(
    ("content", "change"),
    [("{", "it is not a notebook"), ('{"cells": []}', "an earlier version of vago made it")],
)
def test_what_vago_did_not_make_stays(project, content, change):
    paths, _ = copies(project)
    copy = paths.by_hand / f"{BASELINE}.ipynb"
    copy.write_text(content)
    assert copies(project)[1] == {BASELINE: change}
    assert copy.read_text() == content


def test_old_copies_are_put_aside_not_lost(project):
    paths, _ = copies(project)
    copy, own = paths.by_hand / f"{BASELINE}.ipynb", paths.by_hand / "mine.ipynb"
    assert put_aside(paths) is None

    folders = []
    for n in range(2):
        mine = edit(copy, f"print({n})")
        own.write_text("own")
        folders.append(put_aside(paths))
        assert [path.name for path in folders[-1].iterdir()] == [copy.name]
        assert (folders[-1] / copy.name).read_bytes() == mine
        assert copies(project)[1] == {} and copy.exists() and own.read_text() == "own"
    assert folders[0] != folders[1]


def test_copies_are_in_the_project_wherever_the_outputs_are(project, tmp_path_factory):
    elsewhere = str(tmp_path_factory.mktemp("disk"))
    for stem in ALL:
        write_settings(project, stem, outputs_root=elsewhere)
    paths, _ = copies(project)
    assert paths.by_hand == project / "outputs/demo/by_hand"


def test_copies_are_no_part_of_a_run(project):
    reasons()
    copies(project)
    assert reasons() == {}
