"""The house rules: arrows point one way, the environments agree, the notebooks are what machines and people expect."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers.projects import ROOT
from vago.recipes.benchmark.params import BenchmarkParams
from vago.recipes.pretrain.params import PretrainParams
from vago.workbook.pipeline import NOTEBOOKS

MODULES = sorted((ROOT / "vago").rglob("*.py"))
PAGES = sorted((ROOT / "notebooks").glob("*.ipynb"))
SIX = [path for path in PAGES if path.stem[0] == "0"]
# page -> its model and the profile whose values its cell holds
MODELS = {stem: (model, "demo") for stem, model in NOTEBOOKS.items()} | {
    "90_pretrain_base": (PretrainParams, "pretrain"),
    "91_benchmark": (BenchmarkParams, "benchmark"),
}

# what the command line may need before a command is known to train or speak
WITHOUT_TORCH = "import vago.cli, vago.workbook.runner, vago.workbook.status, vago.model.download"


def test_imports_point_one_way():
    """The layers stand in pyproject.toml, under [tool.importlinter]."""
    command = [sys.executable, "-m", "importlinter.cli", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_modules_stay_small():
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in MODULES}
    assert not {path: lines for path, lines in lengths.items() if lines > 300}


def test_readme_has_one_row_per_room():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rooms = {path.name for path in (ROOT / "vago").iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^\| `(\w+)/` \|", readme, re.MULTILINE)) == rooms


def test_conda_environment_installs_the_project_under_the_constraints():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    plain = {entry for entry in conda["dependencies"] if isinstance(entry, str)}
    (pip,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-c constraints.txt", "-e .[test]"] and "ffmpeg" in plain
    (python,) = [entry for entry in plain if entry.startswith("python=")]
    low, high = re.findall(r"3\.(\d+)", project["requires-python"])
    assert int(low) <= int(python.split(".")[1]) < int(high)


def test_constraints_pin_every_dependency_and_satisfy_it():
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "constraints.txt").read_text().split()
    pins = {
        name.lower().replace("_", "-"): version
        for name, version in (line.split("==") for line in lines)
    }
    extras = project["optional-dependencies"].values()
    for needed in map(
        Requirement, [*project["dependencies"], *(text for extra in extras for text in extra)]
    ):
        if needed.name != project["name"]:
            assert needed.specifier.contains(pins[needed.name.lower().replace("_", "-")]), needed


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "constraints.txt", "environment.yml", "Makefile", ".ci/run"]
)
def test_installation_names_no_address(name):
    """Packages come from wherever the user's pip and conda are set to look."""
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_nothing_names_a_folder_of_one_machine():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    folder = re.compile(r"(^|[\s\"'=(])/(work|root|home|farm|tmp)/")
    texts = (".py", ".md", ".yml", ".yaml", ".txt", ".toml", ".ipynb", "")
    for path in (ROOT / name for name in filter(None, tracked.stdout.split("\0"))):
        if path.suffix in texts and path.is_file():
            found = folder.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found.group()}"


def test_the_six_notebooks_are_there():
    assert [p.stem for p in SIX] == list(NOTEBOOKS) and {p.stem for p in PAGES} == set(MODELS)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_notebook_is_stripped(path):
    check = [
        sys.executable,
        "-m",
        "nbstripout",
        "--verify",
        "--keep-id",
        "--extra-keys",
        "metadata.papermill cell.metadata.papermill",
        path,
    ]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, f"run nbstripout --keep-id {path}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_notebook_only_tells(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3" and "papermill" not in notebook.metadata
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in code) == 1
    for cell in code:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 15, cell.id
        forbidden = [
            n
            for n in ast.walk(ast.parse(cell.source))
            if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Try | ast.For | ast.While)
        ]
        assert not forbidden and not cell.outputs and cell.execution_count is None, cell.id
    assert all(re.fullmatch(r"[a-z-]+", cell.id) for cell in notebook.cells), (
        "cell ids are names, so that they stay"
    )


def parameters_cell(path: Path) -> dict:
    (cell,) = [
        c
        for c in nbformat.read(path, as_version=4).cells
        if "parameters" in c.metadata.get("tags", [])
    ]
    return {
        node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(cell.source).body
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_notebook_defaults_are_the_demo(path):
    """Stepping through by hand, with no parameter file, is the demo (or the one profile an appendix has)."""
    model, profile = MODELS[path.stem]
    demo = model.load(ROOT / "params" / profile / f"{path.stem}.yaml")
    assert model.checked(parameters_cell(path), path.stem) == demo


@pytest.mark.parametrize("path", SIX, ids=lambda p: p.stem)
def test_no_setting_of_the_demo_leaks_into_the_real_profile(path):
    """Papermill lays the file over the notebook's cell: what the cell sets and the file does not would be the demo's."""
    model, file = NOTEBOOKS[path.stem], ROOT / "params" / "vago" / f"{path.stem}.yaml"
    laid_over = model.checked(
        {**parameters_cell(path), **yaml.safe_load(file.read_text())}, path.stem
    )
    assert laid_over == model.load(file)
