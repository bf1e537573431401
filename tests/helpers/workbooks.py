"""A workbook of six tiny notebooks, and runs of it without kernels: milliseconds each."""

from __future__ import annotations

import io
import json
import shutil
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.projects import FIXTURES, ROOT
from vago import VagoError
from vago.corpus.params import CorpusParams
from vago.model.xtts import FILES
from vago.paths import Paths
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.runner import run

ALL = list(NOTEBOOKS)

# what the profile `small` has otherwise than the demo, so that its six notebooks take a minute
SMALL = {
    "01_prepare_dataset": dict(
        demo_voice=False,
        held_out_fraction=0.2,
        held_out_min_clips=4,
        verify_transcripts="off",
    ),
    "02_train_baseline": dict(
        epochs=4,
        batch_size=4,
        learning_rate="5e-4",
        eval_every=4,
        prompt_min_seconds=0.6,
    ),
    "03_train_combined": dict(epochs=2),
    "04_train_ultrafine": dict(epochs=1),
    "05_evaluate": dict(speech_clips=1),
    "06_generate_samples": dict(script="categories", prompt_seconds=2.0),
}


def make_workbook(root: Path, monkeypatch) -> Path:
    """The notebooks of tests/fixtures with one profile, `demo`; VAGO_HOME leads to them."""
    shutil.copytree(FIXTURES / "notebooks", root / "notebooks")
    (root / "params" / "scripts").mkdir(parents=True)
    (root / "params" / "scripts" / "quiz_show.yaml").write_text(
        "title: Show\nlines:\n- {name: opening, text: Jó estét!}\n"
    )

    for stem in ALL:
        write_settings(root, stem)
    write_settings(root, "01_prepare_dataset", demo_voice=True)
    write_settings(root, "03_train_combined", phase="combined", parent="baseline")
    write_settings(root, "04_train_ultrafine", phase="ultrafine", parent="combined")

    monkeypatch.setenv("VAGO_HOME", str(root))
    monkeypatch.setattr("vago.recipes.demo.prepare.prepare_demo", small_demo)
    return root


def write_settings(root: Path, stem: str, profile: str = "demo", **values) -> None:
    """Add settings to a notebook's parameter file."""
    file = root / "params" / profile / f"{stem}.yaml"
    file.parent.mkdir(exist_ok=True)

    known = yaml.safe_load(file.read_text()) if file.exists() else {}
    file.write_text(yaml.safe_dump({**known, "profile": profile, **values}))


def small_demo(p, paths, on_progress) -> None:
    """Stands in for the demo's recordings and base: a few bytes per source, an empty base."""
    for source in p.sources:
        folder = paths.recordings(p.recordings_dir) / source
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.txt").write_text(source)
        (folder / "a.wav").touch()
        (folder / "a.csv").write_text("start,end,text\n0,1,Jó estét!\n")

    paths.base.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (paths.base / name).touch()


def use_own_recordings(root: Path, monkeypatch) -> list[Path]:
    """Give the profile the user's recordings and base instead of the demo's.

    Stand-ins check them.

    Returns:
        the folders that were checked; it grows with each check.
    """
    for source in ("quiz", "interview"):
        folder = root / "mine" / source
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text(source)
    (root / "xtts").mkdir()
    (root / "xtts/config.json").write_text("{}")

    for stem in ALL:
        write_settings(root, stem, base_dir="xtts")
    write_settings(root, "01_prepare_dataset", demo_voice=False, recordings_dir="mine")

    checked: list[Path] = []

    def find_recordings(folder, names, shown):
        checked.append(folder)
        gone = [name for name in names if not (folder / name).is_dir()]
        if gone:
            raise VagoError(f"no recordings of {gone[0]} in {shown(folder)}: put them there")
        return []

    stand_in = types.SimpleNamespace(find_recordings=find_recordings)
    monkeypatch.setitem(sys.modules, "vago.corpus.sources", stand_in)
    monkeypatch.setattr("vago.model.xtts.check_files", checked.append)
    return checked


def in_process(source: Path, target: Path, given: dict[str, Any], root: Path) -> None:
    """What papermill does, without a kernel.

    The code cells run in order; the given parameters follow the cell tagged `parameters`.
    """
    namespace: dict[str, Any] = {}
    for cell in json.loads(source.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        exec("".join(cell["source"]), namespace)
        if "parameters" in cell["metadata"].get("tags", []):
            namespace.update(given)

    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("{}")
    target.with_suffix(".html").write_text("")


def reasons(**options) -> dict[str, str]:
    """Run once more: {notebook that ran: its reason}."""
    outcomes = run("demo", execute=in_process, stream=io.StringIO(), **options)
    return {outcome.stem: outcome.why for outcome in outcomes if outcome.why}


def never(*_) -> None:
    """Stands in for `execute` where no notebook may start."""
    raise AssertionError("a kernel was started")


def refused(profile: str = "demo", **options) -> str:
    """The message of a run that must not start a kernel."""
    with pytest.raises(VagoError) as caught:
        run(profile, execute=never, stream=io.StringIO(), **options)
    return str(caught.value)


def write_file(file: Path, content: dict[str, Any] | str) -> None:
    """Write text, or a dict as JSON, into a file whose folder may be missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def make_small_project(
    root: Path, recordings: Path, base: Path, changes: dict[str, dict[str, Any]] | None = None
) -> Paths:
    """A project with the real notebooks and a profile `small` on a few clips; nothing is run yet.

    Args:
        changes: {notebook: further settings}.
    """
    checkpoints = shutil.ignore_patterns(".ipynb_checkpoints")
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=checkpoints)
    shutil.copytree(ROOT / "params", root / "params")
    shutil.copytree(root / "params" / "demo", root / "params" / "small")
    shutil.copy(ROOT / ".gitignore", root)

    home = root / "outputs" / "small"
    home.mkdir(parents=True)
    shutil.copytree(recordings, home / "recordings")
    shutil.copytree(base, home / "base")

    for stem in ALL:
        settings = SMALL[stem] | (changes or {}).get(stem, {})
        write_settings(root, stem, "small", **settings)
    return Paths.of(CorpusParams(profile="small"), root)
