"""The small workbook on which most tests of this folder run."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.workbooks import make_workbook


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The folder of a workbook of six tiny notebooks with one profile, `demo`."""
    return make_workbook(tmp_path, monkeypatch)
