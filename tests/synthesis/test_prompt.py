"""Which reference audio conditions the model: training clips, a clip by its id, a file."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from helpers.tones import tone
from vago import VagoError
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.synthesis.params import SampleParams, SpeechParams
from vago.synthesis.prompt import READ_SECONDS, chosen_prompt, corpus_prompt, reference_clips
from vago.workbook.pipeline import sample_inputs


@pytest.fixture(scope="module")
def corpus(session_project):
    return Corpus.load(session_project.corpus)


def prompt_of(reference: str, corpus, paths):
    return chosen_prompt(SampleParams(reference=reference, phase="base"), corpus, paths)


def test_reference_clips_are_training_clips_of_the_first_source(corpus):
    prompt = reference_clips(corpus, SpeechParams(prompt_seconds=4))
    chosen = corpus.clips.set_index("clip_id").loc[prompt]

    assert set(chosen.part) == {"training"}
    assert set(chosen.source) == {corpus.clips.source[0]}
    assert chosen.seconds.sum() >= 4 > chosen.seconds.iloc[:-1].sum()


def test_without_a_reference_the_corpus_has_the_prompt(corpus, session_project):
    p = SampleParams(prompt_seconds=4)
    prompt = chosen_prompt(p, corpus, session_project)
    assert prompt.names == reference_clips(corpus, p)
    assert prompt.sha256 == corpus_prompt(corpus, p).sha256 == list(map(io.sha256, prompt.wavs))


def test_a_clip_of_the_corpus(corpus, session_project):
    clip = corpus.clips.iloc[-1]
    prompt = prompt_of(clip.clip_id, corpus, session_project)
    assert (prompt.names, prompt.sha256) == ([clip.clip_id], [clip.sha256])

    ((name, wav, rate),) = prompt.sounds()
    assert (name, rate) == (clip.clip_id, 22_050)
    assert len(wav) / rate == pytest.approx(clip.seconds, abs=0.01)


def test_a_file_is_read_at_the_models_rate_and_as_loud_as_the_corpus(
    corpus, project, tmp_path, monkeypatch
):
    quiet = tone(READ_SECONDS + 5, level=0.01, rate=48_000)
    io.write(project.root / "mine/me.wav", quiet, 48_000)
    prompt = prompt_of("mine/me.wav", corpus, project)

    (wav,) = prompt.wavs
    assert prompt.names == ["me.wav"]
    assert len(wav) == pytest.approx(READ_SECONDS * 22_050, abs=2)
    assert io.loudness(wav, 22_050) == pytest.approx(-23, abs=0.2)

    # the same file by another name has the same hash; ~ is the home folder
    monkeypatch.setenv("HOME", str(tmp_path))
    shutil.copy(project.root / "mine/me.wav", tmp_path / "again.wav")
    again = prompt_of("~/again.wav", corpus, project)
    assert again.names == ["again.wav"] and again.sha256 == prompt.sha256
    assert np.array_equal(again.wavs[0], wav)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("quiz-on-0001", r"'quiz-on-0001', which is neither a clip .*did you mean 'quiz-"),
        ("mine/gone.wav", "'mine/gone.wav', which is neither a clip of the corpus nor a file"),
        ("~nobody_here/me.wav", "clip_id out of outputs/mini/corpus/clips.csv, or the path"),
        ("params", "'params', which is neither"),
        ("notes.txt", "notes.txt cannot be read as audio"),
    ],
)
def test_an_unknown_reference_is_said_in_one_sentence(corpus, project, reference, expected):
    (project.root / "notes.txt").write_text("no sound")
    with pytest.raises(VagoError, match=expected):
        prompt_of(reference, corpus, project)


def test_a_file_is_an_input_of_the_notebook_and_a_clip_is_not(project):
    def inputs(reference: str | None) -> list[str]:
        p = SampleParams(profile="mini", phase="base", reference=reference)
        return [project.shown(path) for path in sample_inputs(project, p)]

    assert inputs("quiz-one-0001") == inputs(None)
    assert inputs("mine/gone.wav") == [*inputs(None), "mine/gone.wav"]
