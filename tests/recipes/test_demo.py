"""The embedded voice and the recordings it makes."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from helpers.projects import drawn_lines
from vago import VagoError
from vago.audio import espeak
from vago.recipes.demo import recordings
from vago.recipes.demo.sentences import interview_clip, quiz_clip
from vago.recipes.demo.words import QUIZ_CATEGORIES, WORDS

SENTENCE = "Jó estét kívánok, kedves nézőink, kezdődik a mai játék!"


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    recordings.make_recordings(folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def quiz(recorded) -> pd.DataFrame:
    return pd.concat(
        pd.read_csv(path).assign(file=path.stem) for path in sorted(recorded.glob("quiz/*.csv"))
    )


@pytest.fixture(scope="session")
def interview(recorded) -> pd.DataFrame:
    """The interview's cues that are to be kept; those to be refused are told by their start."""
    refused = {
        (cue["recording"], round(cue["start"], 3)) for cue in _manifest(recordings)["planted"]
    }
    rows = []
    for path in sorted(recorded.glob("interview/*.srt")):
        for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
            _, times, text = block.split("\n")
            start, end = (_seconds(time) for time in times.split(" --> "))
            rows.append(
                (
                    f"interview/{path.stem}",
                    start,
                    end,
                    text,
                    (f"interview/{path.stem}", round(start, 3)) in refused,
                )
            )
    return pd.DataFrame(rows, columns=["recording", "start", "end", "text", "refused"])


def _seconds(stamp: str) -> float:
    hours, minutes, seconds = stamp.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _manifest(folder: Path) -> dict:
    return json.loads((folder / recordings.MANIFEST).read_text(encoding="utf-8"))


def _median_pitch(samples: np.ndarray) -> float:
    f0 = librosa.yin(samples, fmin=50, fmax=300, sr=espeak.RATE)
    loud = librosa.feature.rms(y=samples)[0][: len(f0)]
    return float(np.median(f0[loud > loud.max() / 4]))


def test_quiz_has_the_real_sets_shape(quiz):
    assert len(quiz) == 80 and set(quiz.category) == set(QUIZ_CATEGORIES)
    assert quiz.category.value_counts().between(11, 12).all()
    clips = quiz.end - quiz.start + 0.2  # with the cutter's padding
    assert clips.sum() / 60 == pytest.approx(14.8, abs=0.15)
    assert clips.between(10.85 - 0.2, 11.35 + 0.2).all()
    assert quiz.text.str.len().between(90, 200).all() and quiz.text.is_unique
    assert quiz.text.str.contains("000 Ft").any() and quiz.text.str.contains("millió").any()


def test_interview_has_the_real_sets_shape(interview):
    kept = interview[~interview.refused]
    seconds = kept.end - kept.start + 0.2
    assert len(kept) == 231 and seconds.sum() / 60 == pytest.approx(24.9, abs=0.3)
    # Clear of the borders: 0.25 s, of which the transcript's jitter may hide 0.16.
    kinds = {"long": (7.25, 10), "medium": (4.25, 6.95), "short": (2.25, 3.95)}
    counts = {
        kind: int(seconds.between(low - 0.16, high + 0.16).sum())
        for kind, (low, high) in kinds.items()
    }
    assert counts == {"long": 110, "medium": 67, "short": 54}
    assert kept.text.str.endswith("?").sum() == 9
    assert kept.text.is_unique and kept.text.str.len().max() <= 200


def test_one_of_each_kind_is_there_to_be_refused(recorded, interview):
    planted = {cue["reason"]: cue for cue in _manifest(recordings)["planted"]}
    assert set(planted) == {
        "too long",
        "too short",
        "unknown token",
        "clipped",
        "silent",
        "duplicate",
    }
    assert interview.refused.sum() == 6

    def samples(reason: str) -> np.ndarray:
        cue = planted[reason]
        row = interview[
            (interview.recording == cue["recording"])
            & ((interview.start - cue["start"]).abs() < 0.001)
        ].iloc[0]
        first, last = round((row.start + 0.08) * espeak.RATE), round((row.end - 0.08) * espeak.RATE)
        return sf.read(recorded / f"{cue['recording']}.wav", start=first, stop=last)[0]

    assert 12.3 < len(samples("too long")) / espeak.RATE < 14
    assert len(samples("too short")) / espeak.RATE < 0.25
    assert "☺" in planted["unknown token"]["text"]
    assert np.mean(np.abs(samples("clipped")) > 0.999) > 0.005
    assert np.abs(samples("silent")).max() < 10 ** (-45 / 20)
    seconds = round(5.5 * espeak.RATE)
    first, second = (sf.read(recorded / f"interview/part_{n}.wav", stop=seconds)[0] for n in (1, 2))
    assert np.array_equal(first, second), (
        "the opening clip of part 1 comes again in part 2, sample by sample"
    )
    starts = interview[interview.text == planted["duplicate"]["text"]]
    assert len(starts) == 2 and starts.start.nunique() == starts.end.nunique() == 1


def test_speech_is_where_the_transcript_says(recorded, quiz):
    samples, rate = sf.read(recorded / "quiz/episode_2.wav")
    assert rate == 44_100 and samples.ndim == 1
    assert 0.15 < np.abs(samples).max() < 0.99
    episode = quiz[quiz.file == "episode_2"].reset_index(drop=True)
    for row in episode.itertuples():
        inside = samples[round((row.start + 0.1) * rate) : round((row.end - 0.1) * rate)]
        assert np.sqrt(np.mean(inside**2)) > 0.01
    for before, after in zip(episode.end, episode.start[1:]):
        assert after - before > 0.7 - 0.16
        gap = samples[round((before + 0.1) * rate) : round((after - 0.1) * rate)]
        assert 0 < np.sqrt(np.mean(gap**2)) < 10 ** (-58 / 20), "only room noise between clips"


def test_what_lies_there_is_left_alone_and_what_is_damaged_made_again(recorded, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(recordings, folder)
    said: list[str] = []
    paths = recordings.make_recordings(folder, seed=1, on_progress=said.append)
    assert said == [] and len(paths) == 10 and all(path.is_file() for path in paths)

    with (folder / "quiz/episode_3.wav").open("r+b") as file:
        file.truncate(100_000)
    (folder / "interview/part_5.srt").unlink()
    untouched = (folder / "quiz/episode_1.wav").stat().st_mtime_ns
    recordings.make_recordings(folder, seed=1, on_progress=said.append)
    assert (
        said[1] == "quiz episode 2 of 4" and said[-1] == "interview part 6 of 6" and len(said) == 10
    )
    assert (folder / "quiz/episode_1.wav").stat().st_mtime_ns == untouched
    # Made again in another run, they are the same to the byte: so is everything of one seed.
    for name in _manifest(recordings)["files"]:
        assert (folder / name).read_bytes() == (recorded / name).read_bytes(), name
    assert _manifest(folder) == _manifest(recordings)


def test_another_seed_or_a_torn_manifest_means_making_them_again(tmp_path):
    manifest = tmp_path / recordings.MANIFEST
    manifest.write_text(
        json.dumps(dict(recipe=recordings.RECIPE, seed=1, files={"a": "b"})), encoding="utf-8"
    )
    assert (
        recordings._known_files(manifest, 1) == {"a": "b"}
        and recordings._known_files(manifest, 2) == {}
    )
    manifest.write_text('{"recipe": 1, "se', encoding="utf-8")
    assert recordings._known_files(manifest, 1) == {}


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path, monkeypatch):
    track = recordings.Track(np.zeros(100, np.float32), 22_050, [])
    monkeypatch.setattr(recordings, "quiz_episodes", lambda seed, said: iter([track]))
    (tmp_path / "quiz").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(VagoError, match="could not be written to"):
        recordings.make_recordings(tmp_path)


def test_seed_decides_what_is_said(tmp_path):
    def first_clip(seed: int) -> tuple[np.ndarray, str]:
        rng = random.Random(seed)
        return recordings.compose(
            espeak.Voice(),
            partial(interview_clip, "short", rng),
            (2.3, 3.7),
            (0.2, 0.5),
            rng,
            set(),
        )

    (a, text), (b, same), (_, other) = first_clip(1), first_clip(1), first_clip(2)
    assert text == same != other and np.array_equal(a, b)
    assert 2.3 <= len(a) / espeak.RATE <= 3.7


def test_compose_never_repeats_a_text_and_says_when_it_cannot():
    voice, said, rng = espeak.Voice(), set(), random.Random(1)
    once = partial(recordings.compose, voice, lambda: [SENTENCE], (2.0, 6.0), (0.2, 0.5), rng, said)
    assert once()[1] == SENTENCE
    with pytest.raises(RuntimeError, match="attempts"):
        once(attempts=3)


def test_rate_pitch_and_range_change_the_speech():
    slow, fast = espeak.Voice(words_per_minute=110), espeak.Voice(words_per_minute=220)
    assert len(slow.speak(SENTENCE)) > 1.5 * len(fast.speak(SENTENCE))
    low, high = espeak.Voice(pitch=20).speak(SENTENCE), espeak.Voice(pitch=80).speak(SENTENCE)
    assert _median_pitch(high) > 1.25 * _median_pitch(low)
    other = espeak.Voice(variant="f2").speak(SENTENCE)
    assert _median_pitch(other) > 1.25 * _median_pitch(espeak.Voice().speak(SENTENCE))


def test_voices_do_not_disturb_one_another():
    alone = espeak.Voice(words_per_minute=120).speak(SENTENCE)
    first, second = (
        espeak.Voice(words_per_minute=120),
        espeak.Voice("f2", words_per_minute=240, pitch=90),
    )
    second.speak("Egészen más szöveg, hogy a könyvtár állapota is más legyen.")
    spoken = first.speak(SENTENCE)
    assert np.array_equal(alone, spoken)
    assert spoken.dtype == np.float32 and 0.1 < np.abs(spoken).max() < 1
    assert not first.speak("").any()


def test_missing_voice_and_missing_library_are_said_in_a_sentence(monkeypatch, tmp_path):
    with pytest.raises(VagoError, match="no voice variant 'nobody'.*m3"):
        espeak.Voice("nobody")
    import espeakng_loader

    broken = tmp_path / "libespeak-ng.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(broken))
    with pytest.raises(VagoError, match="could not be loaded .*: reinstall"):
        espeak.Voice()


def test_data_under_a_long_path_is_found(monkeypatch, tmp_path):
    """espeak-ng cuts its data's path off after 160 characters, and ends the process over it."""
    import espeakng_loader

    deep = tmp_path / ("long" * 20) / ("path" * 30) / "espeak-ng-data"
    deep.parent.mkdir(parents=True)
    deep.symlink_to(espeakng_loader.get_data_path(), target_is_directory=True)
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep))
    assert len(espeak.Voice().speak(SENTENCE)) > espeak.RATE


def test_sentences_are_many_and_fixed_by_the_seed():
    texts = drawn_lines(seed=1, rounds=150)
    assert len(texts) > 1000
    assert texts == drawn_lines(seed=1, rounds=150) != drawn_lines(seed=2, rounds=150)
    everything = "".join(texts).lower()
    assert not set(everything) - set("aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz0123456789 ,.?!:-")
    assert all(
        text[0] == text[0].upper() and text[-1] in ".!?" and "  " not in text for text in texts
    )


@pytest.mark.parametrize("category", QUIZ_CATEGORIES)
def test_quiz_texts_leave_no_slot_open(category):
    rng = random.Random(5)
    for _ in range(200):
        assert "{" not in " ".join(quiz_clip(category, rng))


def test_articles_agree_with_what_follows():
    """Never 'a' before a vowel, also where a slot is filled; 'az' may be the pronoun ('aki siet, az kétszer dolgozik')."""
    for text in drawn_lines(seed=4, rounds=300):
        assert not re.search(r"\ba [aáeéiíoóöőuúüű15]", text, re.IGNORECASE), text
        assert not re.search(r"(?<!, )\baz [bcdfghjklmnprstvz]", text, re.IGNORECASE), text
    assert all(len(set(words)) == len(words) > 1 for words in WORDS.values())


def test_importing_the_demo_needs_no_torch():
    code = "import sys, vago.recipes.demo.recordings; sys.exit(bool({'torch', 'TTS'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
