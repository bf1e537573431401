"""The first hour with one's own voice: two recordings, `vago new`, `vago run`, spoken samples."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import soundfile

from helpers.projects import INTERVIEW, QUIZ, ROOT
from helpers.recordings import spoken
from helpers.speech import needs
from helpers.tones import write_recording
from vago.audio import asr_model, io
from vago.audio.espeak import RATE, EspeakVoice
from vago.cli import main
from vago.corpus.corpus import Corpus
from vago.corpus.params import CorpusParams
from vago.corpus.verification import TextComparison
from vago.paths import Paths
from vago.synthesis.takes import read_takes

pytestmark = [
    pytest.mark.slow,
    needs("faster_whisper", "rapidfuzz", *asr_model.WHEELS),
]

# What a person would write into profile.yaml to see the end of it soon
SHORT = """
epochs: 1
eval_every: 20
prompt_min_seconds: 0.6
held_out_min_clips: 4
script: categories
speech_clips: 1
prompt_seconds: 2.0
"""


def write_recordings(folder: Path) -> None:
    """Two recordings by one voice; only the first has a transcript."""
    voice = EspeakVoice("m3", words_per_minute=160)
    write_recording(folder, "első rész", *spoken(voice, INTERVIEW), RATE)
    _, wav = spoken(voice, QUIZ)
    soundfile.write(folder / "második.wav", wav, RATE, subtype="PCM_16")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A fresh project after both commands: .paths, .new and .run with .code and .said."""
    root = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    for folder in ("notebooks", "params"):
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    mine = tmp_path_factory.mktemp("home") / "az én hangom"
    write_recordings(mine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAGO_HOME", str(root))
        new = main(["new", "myvoice", "--recordings", str(mine), "--base", "vago", "--yes"])
        with open(root / "params/myvoice/profile.yaml", "a", encoding="utf-8") as file:
            file.write(SHORT)
        ran = main(["run", "myvoice"])

    paths = Paths.of(CorpusParams(profile="myvoice"), root)
    return SimpleNamespace(paths=paths, codes=(new, ran))


def test_both_commands_end_well(made):
    assert made.codes == (0, 0)
    assert len(list(made.paths.executed.glob("*.html"))) == 6


def test_both_recordings_give_clips_of_one_source(made):
    clips = Corpus.load(made.paths.corpus).clips
    assert set(clips.source) == {"az én hangom"}
    assert set(clips.recording) == {"első rész.wav", "második.wav"}
    assert 10 <= sum(~clips.transcribed) <= len(INTERVIEW)
    assert any(clips.transcribed)


def test_the_page_says_what_texts_by_asr_mean(made):
    page = (made.paths.executed / "01_prepare_dataset.html").read_text(encoding="utf-8")
    assert "texts were written by ASR (Whisper base)" in page
    assert "The least certain texts" in page


def test_the_page_shows_given_texts_beside_what_is_heard(made):
    compared = TextComparison.load(made.paths.comparison)
    assert len(compared.clips) == 10 and not any(clip.differs for clip in compared.clips)
    page = (made.paths.executed / "01_prepare_dataset.html").read_text(encoding="utf-8")
    assert "10 given texts compared with what ASR (whisper-base" in page
    assert all(clip.heard in page for clip in compared.clips)


def test_every_phase_is_there_and_the_samples_are_audible(made):
    for phase in ("baseline", "combined", "ultrafine"):
        assert (made.paths.phase(phase) / "best.safetensors").is_file()

    folder = read_takes(made.paths)[0].folder
    files = pd.read_csv(folder / "samples.csv").file
    assert len(files) == 4
    for file in files:
        wav, rate = io.load(folder / file)
        assert len(wav) > 2400 and io.loudest_dbfs(wav, rate) > -40
