"""A trained baseline, once for all tests of this folder."""

from __future__ import annotations

import shutil

import pytest

from helpers.projects import train_params
from helpers.training import silent
from vago.paths import Paths
from vago.training.train import train_phase


@pytest.fixture(scope="session")
def baseline(tmp_path_factory, session_project):
    """An uninterrupted baseline: (paths, phase.json). Read only: see `after_baseline`."""
    root = tmp_path_factory.mktemp("trained") / "project"
    shutil.copytree(session_project.root, root, symlinks=True)
    paths = Paths.of(train_params(), root)
    return paths, train_phase(train_params(), paths, log=silent)


@pytest.fixture
def after_baseline(baseline, tmp_path) -> Paths:
    """A copy of the project with its trained baseline, for the next phase."""
    root = tmp_path / "project"
    shutil.copytree(baseline[0].root, root, symlinks=True)
    return Paths.of(train_params(), root)
