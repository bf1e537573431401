"""The demo's recordings: what they hold, that they are kept, and made again when they must be."""

from __future__ import annotations

import json
import random
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from vago import VagoError
from vago.audio.espeak import RATE, EspeakVoice
from vago.recipes.demo import composition, recordings
from vago.recipes.demo.sentences import interview_clip
from vago.recipes.demo.templates import QUIZ_CATEGORIES

SENTENCE = "Jó estét kívánok, kedves nézőink, kezdődik a mai játék!"
PADDING = 0.2  # seconds that segmentation adds to a clip
JITTER = 2 * composition.JITTER  # seconds that a transcript may add to a clip or take from it


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    recordings.make_recordings(folder, seed=1)
    return folder


@pytest.fixture(scope="module")
def quiz(recorded) -> pd.DataFrame:
    paths = sorted(recorded.glob("quiz/*.csv"))
    return pd.concat(pd.read_csv(path).assign(file=path.stem) for path in paths)


@pytest.fixture(scope="module")
def interview(recorded) -> pd.DataFrame:
    """All cues; `rejected` marks those that corpus preparation must reject."""
    planted = {(cue["recording"], round(cue["start"], 3)) for cue in manifest(recorded)["planted"]}
    rows = []
    for path in sorted(recorded.glob("interview/*.srt")):
        name = f"interview/{path.stem}"
        for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
            _, times, text = block.split("\n")
            start, end = (seconds_of(time) for time in times.split(" --> "))
            rows.append((name, start, end, text, (name, round(start, 3)) in planted))

    return pd.DataFrame(rows, columns=["recording", "start", "end", "text", "rejected"])


def seconds_of(stamp: str) -> float:
    hours, minutes, seconds = stamp.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def manifest(folder: Path) -> dict:
    return json.loads((folder / recordings.MANIFEST).read_text(encoding="utf-8"))


# --- what they hold ---


@pytest.mark.slow
def test_quiz_has_the_shape_of_the_real_set(quiz):
    assert len(quiz) == 80 and set(quiz.category) == set(QUIZ_CATEGORIES)
    assert quiz.category.value_counts().between(11, 12).all()

    seconds = quiz.end - quiz.start + PADDING
    assert seconds.sum() / 60 == pytest.approx(14.8, abs=0.15)
    assert seconds.between(10.85 - 0.2, 11.35 + 0.2).all()

    assert quiz.text.str.len().between(90, 200).all() and quiz.text.is_unique
    assert quiz.text.str.contains("000 Ft").any() and quiz.text.str.contains("millió").any()


@pytest.mark.slow
def test_interview_has_the_shape_of_the_real_set(interview):
    kept = interview[~interview.rejected]
    seconds = kept.end - kept.start + PADDING
    assert len(kept) == 231 and seconds.sum() / 60 == pytest.approx(24.9, abs=0.3)

    # 0.25 s clear of the limits between the kinds, apart from the jitter
    kinds = {"long": (7.25, 10), "medium": (4.25, 6.95), "short": (2.25, 3.95)}
    counts = {
        kind: int(seconds.between(low - JITTER, high + JITTER).sum())
        for kind, (low, high) in kinds.items()
    }
    assert counts == {"long": 110, "medium": 67, "short": 54}

    assert kept.text.str.endswith("?").sum() == 9
    assert kept.text.is_unique and kept.text.str.len().max() <= 200


@pytest.mark.slow
def test_one_cue_of_each_kind_must_be_rejected(recorded, interview):
    planted = {cue["reason"]: cue for cue in manifest(recorded)["planted"]}
    reasons = {"too long", "too short", "unknown token", "clipped", "silent", "duplicate"}
    assert set(planted) == reasons and interview.rejected.sum() == 6

    def samples(reason: str) -> np.ndarray:
        cue = planted[reason]
        near = (interview.start - cue["start"]).abs() < 0.001
        row = interview[(interview.recording == cue["recording"]) & near].iloc[0]
        first, last = round((row.start + 0.08) * RATE), round((row.end - 0.08) * RATE)
        return sf.read(recorded / f"{cue['recording']}.wav", start=first, stop=last)[0]

    assert 12.3 < len(samples("too long")) / RATE < 14
    assert len(samples("too short")) / RATE < 0.25
    assert "☺" in planted["unknown token"]["text"]
    assert np.mean(np.abs(samples("clipped")) > 0.999) > 0.005
    assert np.abs(samples("silent")).max() < 10 ** (-45 / 20)

    # the opening clip of part 1 comes again in part 2, sample by sample
    count = round(5.5 * RATE)
    first, second = (sf.read(recorded / f"interview/part_{n}.wav", stop=count)[0] for n in (1, 2))
    assert np.array_equal(first, second)
    openings = interview[interview.text == planted["duplicate"]["text"]]
    assert len(openings) == 2 and openings.start.nunique() == openings.end.nunique() == 1


@pytest.mark.slow
def test_speech_is_where_the_transcript_says(recorded, quiz):
    samples, rate = sf.read(recorded / "quiz/episode_2.wav")
    assert rate == 44_100 and samples.ndim == 1
    assert 0.15 < np.abs(samples).max() < 0.99

    def rms(start: float, end: float) -> float:
        inside = samples[round((start + 0.1) * rate) : round((end - 0.1) * rate)]
        return np.sqrt(np.mean(inside**2))

    episode = quiz[quiz.file == "episode_2"].reset_index(drop=True)
    assert all(rms(cue.start, cue.end) > 0.01 for cue in episode.itertuples())
    for before, after in zip(episode.end, episode.start[1:]):
        assert after - before > composition.GAP[0] - JITTER
        assert 0 < rms(before, after) < 10 ** (-58 / 20), "only room noise between clips"


# --- kept, and made again ---


@pytest.mark.slow
def test_intact_files_are_kept_and_damaged_ones_made_again(recorded, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(recorded, folder)
    lines: list[str] = []
    paths = recordings.make_recordings(folder, seed=1, on_progress=lines.append)
    assert lines == [] and len(paths) == 10 and all(path.is_file() for path in paths)

    with (folder / "quiz/episode_3.wav").open("r+b") as file:
        file.truncate(100_000)
    (folder / "interview/part_5.srt").unlink()
    untouched = (folder / "quiz/episode_1.wav").stat().st_mtime_ns
    recordings.make_recordings(folder, seed=1, on_progress=lines.append)
    assert lines[1] == "quiz episode 2 of 4" and lines[-1] == "interview part 6 of 6"
    assert len(lines) == 10
    assert (folder / "quiz/episode_1.wav").stat().st_mtime_ns == untouched

    # the same to the byte, as everything of one seed is
    assert manifest(folder) == manifest(recorded)
    for name in manifest(recorded)["files"]:
        assert (folder / name).read_bytes() == (recorded / name).read_bytes(), name


def test_another_seed_another_code_or_a_torn_manifest_makes_them_again(tmp_path, monkeypatch):
    path = tmp_path / recordings.MANIFEST
    recordings.write_json(path, {"code": recordings._code(), "seed": 1, "files": {"a": "b"}})
    assert recordings._known_files(path, 1) == {"a": "b"}
    assert recordings._known_files(path, 2) == {}

    with monkeypatch.context() as changed:
        changed.setattr(recordings, "code_digests", lambda *args, **kwargs: {"other": "code"})
        assert recordings._known_files(path, 1) == {}

    path.write_text('{"code": "', encoding="utf-8")
    assert recordings._known_files(path, 1) == {}


def test_their_code_is_what_they_are_composed_of(monkeypatch):
    """Neither the base model nor the command that makes them is in it."""
    seen = []

    def digests(*args, **kwargs):
        seen.append(code_digests(*args, **kwargs))
        return seen[-1]

    code_digests = recordings.code_digests
    monkeypatch.setattr(recordings, "code_digests", digests)
    recordings._code()

    rooms = {name.rsplit("/", 1)[0] for name in seen[0]}
    assert rooms == {"vago", "vago/audio", "vago/recipes/demo"}
    assert "vago/recipes/demo/prepare.py" not in seen[0]
    assert "vago/recipes/demo/words.py" in seen[0]


def test_a_folder_that_cannot_be_written_is_reported(tmp_path, monkeypatch):
    track = composition.DemoTrack(np.zeros(100, np.float32), RATE, [])
    monkeypatch.setattr(recordings, "quiz_episodes", lambda seed, used: iter([track]))
    (tmp_path / "quiz").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(VagoError, match="could not be written to"):
        recordings.make_recordings(tmp_path)


def test_transcripts_have_the_times_and_texts():
    cues = [
        composition.DemoCue(0.5, 2.25, "Jó estét, mindenkinek!", "opening"),
        composition.DemoCue(3661.0, 3662.5, "Viszlát!", "farewell"),
    ]
    assert recordings.csv_transcript(cues) == (
        "start,end,text,category\r\n"
        '0.500,2.250,"Jó estét, mindenkinek!",opening\r\n'
        "3661.000,3662.500,Viszlát!,farewell\r\n"
    )
    assert recordings.srt_transcript(cues) == (
        "1\n00:00:00,500 --> 00:00:02,250\nJó estét, mindenkinek!\n\n"
        "2\n01:01:01,000 --> 01:01:02,500\nViszlát!\n"
    )


# --- composing a clip ---


def test_the_seed_decides_on_texts_and_samples():
    def first_clip(seed: int) -> tuple[np.ndarray, str]:
        rng = random.Random(seed)
        return composition.interview_speech(EspeakVoice(), "short", rng, set())

    (a, text), (b, same), (_, other) = first_clip(1), first_clip(1), first_clip(2)
    assert text == same != other and np.array_equal(a, b)
    assert 2.3 <= len(a) / RATE <= 3.7


def test_compose_repeats_no_text_and_raises_when_it_finds_none(monkeypatch):
    once = partial(
        composition.compose,
        EspeakVoice(),
        lambda: [SENTENCE],
        (2.0, 6.0),
        (0.2, 0.5),
        random.Random(1),
        set(),
    )
    assert once()[1] == SENTENCE

    monkeypatch.setattr(composition, "ATTEMPTS", 3)
    with pytest.raises(RuntimeError, match="3 attempts"):
        once()


def test_a_clip_that_asks_ends_with_a_question():
    rng = random.Random(3)
    assert all(interview_clip(kind, rng, asks=True)[-1].endswith("?") for kind in ("long", "short"))
