"""The six steps, and the files that a folder stands for."""

from __future__ import annotations

from helpers.workbooks import ALL
from vago.workbook.pipeline import STEPS, files_under


def test_every_notebook_is_a_step():
    assert list(STEPS) == ALL


def test_files_under_follows_links_once_and_leaves_hidden_ones(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far/a.wav").touch()
    (tmp_path / "far/.hidden").touch()

    (tmp_path / "near").mkdir()
    (tmp_path / "near/linked").symlink_to(tmp_path / "far")
    (tmp_path / "far/loop").symlink_to(tmp_path / "near")

    assert [file.name for file in files_under(tmp_path / "near")] == ["a.wav"]
    assert files_under(tmp_path / "gone") == []
