"""The small workbook on which most tests of this folder run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers.workbooks import make_workbook


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """The folder of a workbook of six tiny notebooks with one profile, `demo`."""
    return make_workbook(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
