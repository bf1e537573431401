"""Shared fixtures: one small real project per session (recordings, tiny base, corpus), copied where a test changes it."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from vago.paths import Paths
from vago.settings import CorpusParams, TrainParams

ROOT = Path(__file__).resolve().parents[1]


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


QUIZ = [
    "Jó estét kívánok, hölgyeim és uraim!",
    "Íme a következő kérdés, figyeljen jól!",
    "Melyik folyó szeli ketté Budapestet?",
    "A helyes válasz a Duna, gratulálok!",
    "Ön ötszázezer forintot nyert ma este.",
    "Kérem a közönség segítségét, most!",
    "Biztos benne, hogy ez a végleges válasz?",
    "Sajnos ez a válasz nem volt helyes.",
    "Három, kettő, egy, lejárt az idő!",
    "Viszontlátásra, találkozunk jövő héten!",
    "Ki írta a Himnusz szövegét, kedves játékos?",
    "Negyvenmillió forint a főnyeremény!",
]
INTERVIEW = [
    "Gyerekkoromban sokat olvastam a kertben.",
    "Az első munkahelyem egy könyvtár volt.",
    "Mit tanácsolna a fiataloknak?",
    "Szeretem a csendes reggeleket a hegyekben.",
    "A tanítás mindig is fontos volt nekem.",
    "Azt hiszem, a kíváncsiság visz előre.",
    "Nagyapám asztalos volt egy kis faluban.",
    "Sokat utaztunk vonattal az országban.",
    "A zene segít, amikor fáradt vagyok.",
    "Minden nap tanulok valami újat.",
    "Hogyan kezdődött ez az egész történet?",
    "Végül mindig hazatalál az ember.",
]


@pytest.fixture(scope="session")
def recordings_folder(tmp_path_factory) -> Path:
    """Two sources, one recording each: quiz with a CSV transcript and categories, interview with SRT."""
    from vago.recipes.demo.recordings import Voice

    folder = tmp_path_factory.mktemp("recordings")
    for source, lines, voice in (
        ("quiz", QUIZ, Voice("m3", words_per_minute=150, pitch=60, pitch_range=80)),
        ("interview", INTERVIEW, Voice("m3", words_per_minute=175, pitch=45, pitch_range=30)),
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
    prepare.prepare(p, paths, xtts.encoder(paths.base))
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


def train_params(**settings) -> TrainParams:
    """Settings for a phase of a few seconds."""
    given = dict(
        profile="mini", sources=["quiz"], epochs=3, learning_rate=1e-3, batch_size=3, accumulation=2, dropout=0.1, warmup_steps=1,
        eval_every=2, save_every=2, log_every=1, prompt_min_seconds=0.6, prompt_max_seconds=1.0,
    )  # fmt: skip
    return TrainParams(**{**given, **settings})


def drawn_lines(seed: int, rounds: int) -> list[str]:
    """Distinct sentences of the demo's both manners, `rounds` clips of every kind."""
    from vago.recipes.demo.sentences import interview_clip, quiz_clip
    from vago.recipes.demo.words import INTERVIEW_KINDS, QUIZ_CATEGORIES

    rng, clips = random.Random(seed), []
    for _ in range(rounds):
        clips += [quiz_clip(category, rng) for category in QUIZ_CATEGORIES]
        clips += [interview_clip(kind, rng) for kind in INTERVIEW_KINDS]
    return list(dict.fromkeys(sentence for clip in clips for sentence in clip))
