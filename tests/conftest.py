"""Shared fixtures: one small real project per session (recordings, tiny base, corpus), copied where a test changes it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from helpers.projects import INTERVIEW, QUIZ
from vago.corpus.params import CorpusParams
from vago.paths import Paths


@pytest.fixture(autouse=True, scope="module")
def as_many_threads_as_before():
    """Importing stock's dataset sets torch to one thread for the whole process, and other threads give other bits."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def small_disk(request, tmp_path):
    """A tmpfs of as many bytes as the parameter says."""
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
    """Two sources, one recording each: quiz with a CSV transcript and categories, interview with SRT."""
    from vago.audio.espeak import EspeakVoice

    folder = tmp_path_factory.mktemp("recordings")
    for source, lines, voice in (
        ("quiz", QUIZ, EspeakVoice("m3", words_per_minute=150, pitch=60, pitch_range=80)),
        ("interview", INTERVIEW, EspeakVoice("m3", words_per_minute=175, pitch=45, pitch_range=30)),
    ):
        (folder / source).mkdir()
        track, cues = [np.zeros(11025, np.float32)], []
        for line in lines:
            start = sum(map(len, track)) / 22050
            track += [voice.speak(line), np.zeros(17640, np.float32)]
            cues.append((start, sum(map(len, track[:-1])) / 22050, line))
        rng = np.random.default_rng(1)
        whole = np.concatenate(track)
        soundfile.write(
            folder / source / "one.wav",
            whole + rng.normal(scale=3e-4, size=len(whole)),
            22050,
            subtype="PCM_16",
        )
        if source == "quiz":
            rows = [
                f'{a:.3f},{b:.3f},"{text}",{"question" if text.endswith("?") else "show"}'
                for a, b, text in cues
            ]
            (folder / source / "one.csv").write_text(
                "start,end,text,category\n" + "\n".join(rows) + "\n", encoding="utf-8"
            )
        else:
            stamp = lambda t: f"00:{int(t // 60):02d}:{int(t % 60):02d},{int(t * 1000 % 1000):03d}"  # noqa: E731
            blocks = [
                f"{i}\n{stamp(a)} --> {stamp(b)}\n{text}\n"
                for i, (a, b, text) in enumerate(cues, start=1)
            ]
            (folder / source / "one.srt").write_text("\n".join(blocks), encoding="utf-8")
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
    p = CorpusParams(profile="mini", held_out_fraction=0.2, held_out_min_clips=4, stretch_seconds=3)
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
    clips = features.compute(
        corpus, list(corpus.clips.clip_id), session_project.base, session_project.features
    )
    return clips, list(corpus.training(["quiz", "interview"]).clip_id)
