"""Where a run keeps things."""

import pytest

from helpers.tones import questions, write_recording
from vago import VagoError
from vago.audio import asr_model
from vago.corpus.params import CorpusParams
from vago.corpus.preflight import missing_things, not_read
from vago.corpus.sources import find_recordings
from vago.corpus.transcripts.clip_lists import read_list
from vago.model.download import fetch
from vago.paths import Paths, project_root
from vago.workbook.pipeline import corpus_inputs


def test_the_project_is_found_from_below_or_named(tmp_path, monkeypatch):
    monkeypatch.delenv("VAGO_HOME", raising=False)
    for name in ("notebooks", "params", "outputs/demo"):
        (tmp_path / name).mkdir(parents=True)
    assert project_root(tmp_path / "outputs" / "demo") == tmp_path
    with pytest.raises(VagoError, match="no vago project at or above"):
        project_root(tmp_path.parent)
    assert Paths.of(CorpusParams(), tmp_path).base == tmp_path / "outputs" / "demo" / "base"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The user's home folder, with one recording, a speaker's sample and a recogniser."""
    folder = tmp_path / "home"
    write_recording(folder / "audio" / "quiz", "a", *questions(2))
    (folder / "me.wav").touch()
    (folder / "whisper").mkdir()
    (folder / "whisper" / "model.bin").touch()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def test_a_tilde_in_a_setting_is_the_users_home(tmp_path, home):
    p = CorpusParams(
        outputs_root="~/results",
        base_dir="~/models/xtts",
        recordings_dir="~/audio",
        sources=["quiz"],
        speaker_sample="~/me.wav",
        recogniser="~/whisper",
    )
    paths = Paths.of(p, tmp_path)
    assert paths.home == home / "results" / "demo"
    assert paths.base == home / "models" / "xtts"
    assert paths.recordings(p.recordings_dir) == home / "audio"
    assert corpus_inputs(paths, p)[:2] == [home / "audio" / "quiz", home / "me.wav"]

    (missing,) = missing_things(p, paths)  # all is found, but the base that nobody has put there
    assert f"the base model in {home / 'models' / 'xtts'} is incomplete" in missing
    assert asr_model.open_place(p.recogniser) == str(home / "whisper")


def test_a_tilde_in_a_source_is_the_users_home(tmp_path, home):
    (found,) = find_recordings(tmp_path, ["~/audio/quiz"])
    assert found.path == home / "audio" / "quiz" / "a.wav"

    p = CorpusParams(sources=["~/audio/quiz"])
    paths = Paths.of(p, tmp_path)
    assert corpus_inputs(paths, p)[0] == home / "audio" / "quiz"
    (home / "audio" / "quiz" / "notes.docx").touch()
    assert "notes.docx" in not_read(p, paths)


def test_a_tilde_in_a_list_of_clips_is_the_users_home(tmp_path, home):
    (tmp_path / "metadata.csv").write_text("audio_file|text\n~/me.wav|Jó estét!\n")
    (clip,) = read_list(tmp_path / "metadata.csv")
    assert clip.path == home / "me.wav"


def test_a_tilde_of_nobody_is_part_of_a_name(tmp_path):
    paths = Paths.of(CorpusParams(), tmp_path)
    assert paths.given("~nobody_here/a.wav") == tmp_path / "~nobody_here/a.wav"
    assert paths.recordings("old~") == tmp_path / "old~"


def test_a_tilde_in_the_projects_place_is_the_users_home(home, monkeypatch):
    monkeypatch.setenv("VAGO_HOME", "~/vago")
    assert project_root() == home / "vago"


def test_a_tilde_on_the_command_line_is_the_users_home(home):
    """A shell leaves it alone in --to=~/models and in quotes."""
    with pytest.raises(VagoError, match="--from ~/gone: there is no such folder"):
        fetch("~/models/xtts", source="~/gone", accept=True)
    assert (home / "models" / "xtts").is_dir()
