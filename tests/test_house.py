"""The house rules for imports, modules, environments and notebooks."""

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
WIDGETS = {"corpus/review/browser.py", "corpus/review/clip_table.py"}
NOTEBOOK_ROOMS = WIDGETS | {"display/notebook.py"}
STRIP = "--verify --keep-id --extra-keys".split()
FORBIDDEN = ast.FunctionDef | ast.ClassDef | ast.Try | ast.For | ast.While
PAPERMILL_KEYS = "metadata.papermill cell.metadata.papermill"
# page -> its model and the profile whose values its cell holds
MODELS = {stem: (model, "demo") for stem, model in NOTEBOOKS.items()} | {
    "90_pretrain_base": (PretrainParams, "pretrain"),
    "91_benchmark": (BenchmarkParams, "benchmark"),
}


def test_imports_point_one_way():
    """The layers stand in pyproject.toml, under [tool.importlinter]."""
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", lint, "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_few_modules_know_the_notebook():
    for path in MODULES:
        nodes = list(ast.walk(syntax(path)))
        names = {alias.name for n in nodes if isinstance(n, ast.Import) for alias in n.names}
        names |= {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom)}

        if names & {"IPython", "IPython.display", "ipywidgets"}:
            assert path.relative_to(ROOT / "vago").as_posix() in NOTEBOOK_ROOMS


def test_modules_stay_small_and_lines_short():
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 300, path
        assert not [line for line in lines if len(line) > 100], path


def test_functions_have_air():
    """A blank line between the stages of a function: under 35 % of the longer ones are without."""
    longer, dense = 0, 0
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(syntax(path)):
            if not isinstance(node, ast.FunctionDef) or node.end_lineno - node.lineno < 11:
                continue

            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            start = first.end_lineno if documented else node.lineno
            longer += 1
            dense += all(line.strip() for line in lines[start : node.end_lineno])

    assert dense < 0.35 * longer


def test_no_name_means_two_things():
    """Names of classes and public functions are unique in the package; `main` starts a program."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in syntax(path).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())

    places.pop("main")
    assert not {name: where for name, where in places.items() if len(where) > 1}


def test_developers_page_has_one_row_per_room():
    readme = (ROOT / "vago" / "README.md").read_text(encoding="utf-8")
    rooms = {path.name for path in (ROOT / "vago").iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^\| `(\w+)/` \|", readme, re.MULTILINE)) == rooms


def read_project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_conda_environment_installs_the_project_under_the_constraints():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    plain = {entry for entry in conda["dependencies"] if isinstance(entry, str)}
    (pip,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-c constraints.txt", "-e .[test]"] and "ffmpeg" in plain

    (python,) = [entry for entry in plain if entry.startswith("python=")]
    low, high = re.findall(r"3\.(\d+)", read_project()["requires-python"])
    assert int(low) <= int(python.split(".")[1]) < int(high)


def package_key(name: str) -> str:
    return name.lower().replace("_", "-")


def test_constraints_pin_every_dependency_and_satisfy_it():
    from packaging.requirements import Requirement

    pins = {}
    for line in (ROOT / "constraints.txt").read_text().split():
        name, version = line.split("==")
        pins[package_key(name)] = version

    project = read_project()
    needed = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        needed += extra

    for requirement in map(Requirement, needed):
        if requirement.name != project["name"]:
            pin = pins[package_key(requirement.name)]
            assert requirement.specifier.contains(pin), requirement


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "constraints.txt", "environment.yml", "Makefile", ".ci/run"]
)
def test_installation_names_no_address(name):
    """Packages come from the indexes that the user's pip and conda are configured with."""
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_nothing_names_a_folder_of_one_machine():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")

    folder = re.compile(r"(^|[\s\"'=(])/(work|root|home|farm|tmp)/")
    texts = (".py", ".md", ".yml", ".yaml", ".txt", ".toml", ".ipynb", "")
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in texts and path.is_file():
            found = folder.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path}: {found.group()}"


def test_the_six_notebooks_are_there():
    assert [path.stem for path in SIX] == list(NOTEBOOKS)
    assert {path.stem for path in PAGES} == set(MODELS)


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_notebook_is_stripped(path):
    check = [sys.executable, "-m", "nbstripout", *STRIP, PAPERMILL_KEYS, path]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, f"run nbstripout --keep-id {path}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_notebook_cells_only_call(path):
    """At most 15 lines a cell, without definitions, loops and outputs; one cell of parameters."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "papermill" not in notebook.metadata

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert sum(is_parameters(cell) for cell in code) == 1
    for cell in code:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 15, cell.id
        nodes = ast.walk(ast.parse(cell.source))
        assert not any(isinstance(node, FORBIDDEN) for node in nodes), cell.id
        assert not cell.outputs and cell.execution_count is None, cell.id

    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z-]+", cell.id), "cell ids are names, so that they stay"


@pytest.mark.parametrize("path", SIX, ids=lambda p: p.stem)
def test_prose_names_no_source_of_the_demo(path):
    """It is true of every profile; what is the demo's alone is shown where `demo_voice` is set."""
    cells = nbformat.read(path, as_version=4).cells
    prose = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    named = re.findall(r"quiz.show|interview|fifteen|both sources", prose, re.IGNORECASE)
    assert not named


def test_the_three_trainings_have_the_same_code():
    """Apart from their settings, so that a change in one is a change in all."""
    trainings = []
    for path in SIX[1:4]:
        cells = nbformat.read(path, as_version=4).cells
        code = [c for c in cells if c.cell_type == "code" and not is_parameters(c)]
        trainings.append({cell.id: cell.source for cell in code})

    assert trainings[0] == trainings[1] == trainings[2]


def is_parameters(cell) -> bool:
    return "parameters" in cell.metadata.get("tags", [])


def parameters_cell(path: Path) -> dict:
    """{name: value} of the assignments in a notebook's `parameters` cell."""
    (cell,) = filter(is_parameters, nbformat.read(path, as_version=4).cells)
    assignments = ast.parse(cell.source).body
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assignments}


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_notebook_defaults_are_the_demo(path):
    """Without a parameter file a notebook runs the demo, or its one profile in an appendix."""
    model, profile = MODELS[path.stem]
    demo = model.load(ROOT / "params" / profile / f"{path.stem}.yaml")
    assert model.checked(parameters_cell(path), path.stem) == demo


@pytest.mark.parametrize("path", SIX, ids=lambda p: p.stem)
def test_no_setting_of_the_demo_leaks_into_the_real_profile(path):
    """Papermill overrides the notebook's cell with the file, so the file names what differs."""
    model, file = NOTEBOOKS[path.stem], ROOT / "params" / "vago" / f"{path.stem}.yaml"
    overridden = parameters_cell(path) | yaml.safe_load(file.read_text())
    assert model.checked(overridden, path.stem) == model.load(file)
