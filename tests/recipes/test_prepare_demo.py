"""The step before notebook 01: the demo's recordings and base."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vago.corpus.params import CorpusParams
from vago.model import bundled
from vago.paths import Paths
from vago.recipes.demo import prepare


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def prepared(tmp_path, monkeypatch, said):
    """`prepared(**settings)` runs prepare_demo and returns (the paths, the calls that it made)."""

    def run(**settings):
        calls = []
        monkeypatch.setattr(
            prepare, "make_recordings", lambda folder, seed, report: calls.append((folder, seed))
        )
        monkeypatch.setattr(bundled, "open_into", calls.append)
        p = CorpusParams(profile="demo", **settings)
        paths = Paths.of(p, tmp_path)
        prepare.prepare_demo(p, paths, lambda line: said.append(line))
        return paths, calls

    return run


def test_the_demo_gets_recordings_and_a_base(prepared):
    paths, calls = prepared(demo_voice=True, seed=3)
    assert calls == [(paths.home / "recordings", 3), paths.home / "base"]


def test_the_demo_leaves_a_base_of_yours_alone(prepared):
    paths, calls = prepared(demo_voice=True, recordings_dir="spoken", base_dir="models/own")
    assert calls == [(paths.root / "spoken", 1)]


def test_recordings_of_yours_may_use_the_bundled_base(prepared):
    paths, calls = prepared(bundled_base=True)
    assert calls == [paths.home / "base"]


def test_without_the_demo_nothing_is_prepared_or_said(prepared, said):
    assert prepared(demo_voice=False)[1] == [] and said == []


def test_it_says_what_is_synthetic_and_no_more(prepared, said):
    prepared(demo_voice=True)
    prepared(demo_voice=True, base_dir="models/own")
    prepared(bundled_base=True)
    both, voice, base = said
    assert voice.startswith("Demo: one synthetic voice") and base.startswith("The base comes with")
    assert both == f"{voice} {base}"


def test_importing_the_demo_needs_no_torch():
    code = (
        "import sys, vago.recipes.demo.prepare; "
        "sys.exit(bool({'torch', 'TTS', 'librosa', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
