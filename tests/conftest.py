"""Shared fixtures: one small project per session, with recordings, tiny base and corpus.

A test that changes the project works on a copy.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import torch

from helpers.projects import ROOT
from helpers.recordings import write_interview, write_quiz
from vago import fingerprint
from vago.corpus.params import CorpusParams
from vago.paths import Paths


def pytest_configure() -> None:
    """Heed Ctrl-C: the background job of a shell ignores it, and so would all that tests start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def restored_threads():
    """Restore torch's number of threads, on which the bits of a result depend.

    Importing stock's dataset sets one thread for the whole process.
    """
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small_disk(request, tmp_path):
    """A tmpfs whose size in bytes is the fixture's parameter."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True)

    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")

    yield folder

    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="session")
def recordings_folder(tmp_path_factory) -> Path:
    """Two sources with one recording each: quiz with CSV and categories, interview with SubRip."""
    folder = tmp_path_factory.mktemp("recordings")
    write_quiz(folder / "quiz")
    write_interview(folder / "interview")
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory) -> Path:
    """The base that comes with vago, opened into the stock layout."""
    from vago.model import bundled

    return bundled.open_into(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="session")
def session_project(tmp_path_factory, recordings_folder, tiny_base) -> Paths:
    """A project with a corpus, before any training. Read only: tests that write take `project`."""
    from vago.corpus import prepare
    from vago.model import xtts

    root = tmp_path_factory.mktemp("project")
    for folder in ("notebooks", "params"):
        (root / folder).mkdir()

    home = root / "outputs" / "mini"
    home.mkdir(parents=True)
    (home / "recordings").symlink_to(recordings_folder)
    (home / "base").symlink_to(tiny_base)

    p = CorpusParams(
        profile="mini",
        held_out_fraction=0.2,
        held_out_min_clips=4,
        stretch_seconds=3,
        verify_transcripts="off",  # ASR would take a minute
    )
    paths = Paths.of(p, root)
    prepare.prepare(p, paths, xtts.text_encoder(paths.base))
    return paths


@pytest.fixture
def project(tmp_path, session_project) -> Paths:
    """A copy of the session's project (the base by link) that a test may change."""
    root = tmp_path / "project"
    shutil.copytree(session_project.root, root, symlinks=True)
    return Paths.of(CorpusParams(profile="mini"), root)


@pytest.fixture(scope="session")
def mini_features(session_project):
    """Features of every clip of the session's corpus, and the ids of the training clips."""
    from vago.corpus.corpus import Corpus
    from vago.training import features

    corpus = Corpus.load(session_project.corpus)
    ids = list(corpus.clips.clip_id)
    clips = features.compute(corpus, ids, session_project.base, session_project.features)
    return clips, list(corpus.training(["quiz", "interview"]).clip_id)


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A copy of the package that a test may edit; code digests are taken of the copy."""
    copy = tmp_path / "copy" / "vago"
    shutil.copytree(ROOT / "vago", copy, ignore=shutil.ignore_patterns("assets", "__pycache__"))
    monkeypatch.setattr(fingerprint, "PACKAGE", copy)
    return copy
