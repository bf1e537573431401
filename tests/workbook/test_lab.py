"""`vago lab` without JupyterLab: what it says, and with which options JupyterLab is started."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from helpers.workbooks import write_settings
from vago.cli import main
from vago.workbook import lab
from vago.workbook.notebook import RUN_BY_RUNNER

BASELINE = "outputs/demo/by_hand/02_train_baseline.ipynb"


@pytest.fixture
def served(project, monkeypatch) -> list:
    """The calls of `serve`, which starts nothing: [(options, browser)]."""
    calls: list = []
    monkeypatch.setattr(lab, "serve", lambda *call: calls.append(call))
    monkeypatch.setenv(RUN_BY_RUNNER, "1")
    return calls


def test_the_root_is_the_project_opened_at_the_first_notebook(project, served, capsys):
    assert main(["lab"]) == 0
    ((options, browser),) = served
    assert options["ServerApp.root_dir"] == str(project) and browser
    opened = "/lab/tree/outputs/demo/by_hand/01_prepare_dataset.ipynb"
    assert options["LabApp.default_url"] == opened
    assert options["ServerApp.answer_yes"] and "ServerApp.port" not in options
    assert os.environ["VAGO_HOME"] == str(project) and RUN_BY_RUNNER not in os.environ
    assert "are in outputs/demo/by_hand/; Ctrl-C here ends it" in capsys.readouterr().out


def test_options_are_passed_on(project, served):
    assert main("lab demo --no-browser --port 9000 --ip 0.0.0.0".split()) == 0
    ((options, browser),) = served
    expected = {"ServerApp.port": 9000, "ServerApp.port_retries": 0, "ServerApp.ip": "0.0.0.0"}
    assert expected.items() <= options.items() and not browser


def test_every_option_is_one_that_jupyterlab_has(project, served):
    from jupyter_client.manager import KernelManager
    from jupyter_server.serverapp import ServerApp
    from jupyterlab.labapp import LabApp
    from traitlets.config import Application

    main("lab --port 9000 --ip localhost".split())
    known = {one.__name__: one for one in (Application, ServerApp, LabApp, KernelManager)}
    for option in served[0][0]:
        owner, name = option.split(".")
        assert name in known[owner].class_trait_names(config=True), option


def test_a_changed_copy_is_told_and_fresh_keeps_it(project, served, capsys):
    main(["lab"])
    copy = project / BASELINE
    copy.write_text("mine")
    capsys.readouterr()

    main(["lab"])
    shown = capsys.readouterr().out
    assert f"{BASELINE} stays as you left it (it is not a notebook)" in shown
    assert "`vago lab demo --fresh` makes new copies and keeps these under another name" in shown

    main(["lab", "--fresh"])
    assert "the copies that you have edited or run are now in outputs/demo/by_hand/earlier_" in (
        capsys.readouterr().out
    )
    (kept,) = copy.parent.glob(f"earlier_*/{copy.name}")
    assert kept.read_text() == "mine" and copy.read_text() != "mine"


def test_a_misspelt_profile_and_a_wrong_setting(project, served, capsys):
    assert main(["lab", "demmo"]) == 1
    assert "no profile 'demmo' in params/: did you mean 'demo'?" in capsys.readouterr().err

    write_settings(project, "02_train_baseline", epoch=3)
    assert main(["lab"]) == 1
    assert "did you mean 'epochs'?" in capsys.readouterr().err and served == []


def test_without_jupyterlab(project, served, capsys, monkeypatch):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    assert main(["lab"]) == 1
    assert "JupyterLab is not installed" in capsys.readouterr().err and served == []


def test_the_kernel_is_this_interpreter(project, tmp_path, monkeypatch):
    import sys

    from vago.workbook.kernelspec import OwnPython

    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["other"], "display_name": "other"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert OwnPython().get_kernel_spec("python3").argv[0] == sys.executable
    assert list(OwnPython().find_kernel_specs()) == ["python3"]


def test_the_defaults_are_settings_that_jupyterlab_has():
    import jupyterlab

    schemas = Path(jupyterlab.__file__).parent / "schemas"
    defaults = json.loads((lab.DEFAULTS / "overrides.json").read_text(encoding="utf-8"))
    for plugin, values in defaults.items():
        package, name = plugin.split(":")
        schema = json.loads((schemas / package / f"{name}.json").read_text(encoding="utf-8"))
        assert values.keys() <= schema["properties"].keys(), plugin
