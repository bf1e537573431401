"""`vago params`: every setting, its value, where it is set."""

from __future__ import annotations

import json

import pytest

from vago.cli import main
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.settings_list import settings_list


@pytest.fixture
def mine(project):
    """A profile that extends the demo's."""
    file = project / "params/mine/profile.yaml"
    file.parent.mkdir()
    file.write_text("extends: demo\nepochs: 9\n")
    (project / "params/mine/02_train_baseline.yaml").write_text("dropout: 0.2\n")
    return project


def test_every_setting_of_every_notebook_with_its_origin(mine):
    found = settings_list("mine")
    listed = {(row["notebook"], row["setting"]) for row in found}
    assert listed == {(s, name) for s, model in NOTEBOOKS.items() for name in model.model_fields}
    assert all(row["meaning"] for row in found)

    rows = {row["setting"]: row for row in settings_list("mine", "2")}
    assert (rows["dropout"]["value"], rows["dropout"]["from"]) == (
        0.2,
        "params/mine/02_train_baseline.yaml",
    )
    assert rows["epochs"]["from"] == "params/mine/profile.yaml"
    assert (rows["weight_decay"]["value"], rows["weight_decay"]["from"]) == (0.01, "default")

    rows = {row["setting"]: row for row in settings_list("mine", "3")}
    assert rows["phase"]["from"] == "params/demo/03_train_combined.yaml"
    assert (rows["dropout"]["value"], rows["dropout"]["from"]) == (None, "phase baseline")


def test_the_command_prints_a_table_or_json(mine, capsys):
    assert main(["params", "mine", "02"]) == 0
    shown = capsys.readouterr().out
    (epochs,) = [line.split() for line in shown.splitlines() if line.startswith("  epochs")]
    assert epochs[:4] == ["epochs", "9", "params/mine/profile.yaml", "passes"]
    assert "03_train" not in shown

    assert main(["params", "mine", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == settings_list("mine")
