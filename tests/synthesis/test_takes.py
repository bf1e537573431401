"""Takes: what decides on a take's name, which takes there are, which of them a step has made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from helpers.takes import write_take
from vago.paths import Paths
from vago.synthesis import takes
from vago.synthesis.params import SampleParams
from vago.synthesis.takes import earlier_samples, newest_folder, read_takes, take_name, take_record

P = SampleParams(phase="base", temperature=0.4)
MADE = {
    "phase": "base",
    "texts": ["Jó estét!", "Ön nyert!"],
    "prompt": {"quiz-0001": "ab", "quiz-0002": "cd"},
    "made_by": {"weights_sha256": "ef"},
}


@pytest.fixture
def paths(tmp_path) -> Paths:
    return Paths.of(P, tmp_path)


def write(paths: Paths, p: SampleParams = P, made: str = "", **changes) -> Path:
    """The folder of a new take."""
    return write_take(paths, p, made=made, **{**MADE, **changes}).folder


def changed(**values) -> SampleParams:
    return P.model_copy(update=values)


def test_the_name_says_phase_temperature_and_seed(paths):
    folder = write(paths)
    assert folder.parent == paths.home / "samples" / "quiz_show"
    assert folder.name.startswith("base_t0.4_seed1_")
    assert len(folder.name.rpartition("_")[2]) == 8
    assert sorted(path.name for path in folder.iterdir()) == [
        "01_line.wav",
        "02_line.wav",
        "samples.csv",
        "take.json",
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"p": changed(temperature=0.7)},
        {"p": changed(seed=2)},
        {"p": changed(top_k=3)},
        {"p": changed(loudness_lufs=-23.0)},
        {"p": changed(pause_seconds=1.0)},
        {"texts": ["Jó estét!", "Ön vesztett!"]},
        {"texts": ["Ön nyert!", "Jó estét!"]},
        {"prompt": {"quiz-0002": "cd", "quiz-0001": "ab"}},
        {"made_by": {"weights_sha256": "f0"}},
        {"phase": "baseline"},
    ],
    ids=str,
)
def test_whatever_changes_the_sound_gets_a_take_of_its_own(paths, other):
    first = write(paths)
    before = (first / takes.RECORD).read_bytes()

    second = write(paths, **other)
    assert second != first
    assert (first / takes.RECORD).read_bytes() == before


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"p": changed(profile="another", outputs_root="elsewhere")},
        {"p": changed(reference="a/copy.wav"), "prompt": {"copy.wav": "ab", "b": "cd"}},
        {"title": "a new title"},
    ],
    ids=str,
)
def test_the_same_sound_is_the_same_take(same):
    p = same.pop("p", P)
    assert take_name(take_record(p, **{**MADE, **same})) == take_name(take_record(P, **MADE))


def test_a_take_written_again_holds_nothing_of_the_earlier_one(paths):
    folder = write(paths)
    (folder / "03_gone.wav").touch()
    assert write(paths) == folder
    assert not (folder / "03_gone.wav").exists()


def test_takes_are_listed_newest_first_and_read_as_they_were_written(paths):
    old = write(paths, changed(temperature=0.7), made="2026-01-02T03:04:05.000+00:00")
    new = write(paths, changed(script="extra"), texts=["NA"], made="2026-02-01T00:00:00.000+00:00")
    found = read_takes(paths)
    assert [(take.folder, take.script) for take in found] == [(new, "extra"), (old, "quiz_show")]

    row = found[0].table().iloc[0]
    assert (row.line, row.text, row.seconds) == ("1", "NA", 1.0), "texts stay texts"

    shutil.rmtree(new)
    assert [take.folder for take in read_takes(paths)] == [old]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 2}', '{"format": 1, "made": 3}'])
def test_folders_without_a_valid_record_are_no_takes(paths, content):
    folder = write(paths)
    (folder / takes.RECORD).write_text(content)
    assert read_takes(paths) == []


def test_what_a_killed_run_has_left_is_no_take(paths):
    folder = write(paths)
    folder.rename(folder.with_name(f".{folder.name}.partial"))
    assert read_takes(paths) == []


def test_the_newest_take_of_the_same_settings_is_a_steps_output(paths):
    assert not newest_folder(P, paths).exists()
    old = write(paths, made="2026-01-02T03:04:05.000+00:00")
    assert newest_folder(P, paths) == old

    new = write(paths, made_by={"weights_sha256": "f0"})
    write(paths, changed(seed=2))
    write(paths, changed(script="extra"))
    write(paths, phase="combined")
    assert newest_folder(P, paths) == new


def test_the_best_phase_is_looked_up(paths):
    best = changed(phase="best")
    assert not newest_folder(best, paths).exists(), "nothing was evaluated"

    paths.evaluation.mkdir(parents=True)
    (paths.evaluation / "report.json").write_text(json.dumps({"best": "base"}))
    written = write(paths)
    assert newest_folder(best, paths) == written


def test_files_from_before_takes_were_kept_are_named_and_stay(paths):
    loose = paths.all_samples / "quiz_show" / "01_opening.wav"
    loose.parent.mkdir(parents=True)
    loose.touch()
    write(paths)
    assert earlier_samples(paths) == [loose.parent] and loose.exists()
    assert len(read_takes(paths)) == 1
