"""The target's voice and the voices beside it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from helpers.projects import SCRIPTS
from helpers.recognition import SpectrumEncoder
from vago.audio.speakers import SpeakerEncoder
from vago.corpus.corpus import Corpus
from vago.evaluation import target
from vago.recipes.demo import composition
from vago.synthesis.script import Script


def test_the_target_speaks_as_the_demos_quiz_show_does(monkeypatch):
    class Seen(Exception):
        pass

    def voice(variant: str, **manner):
        raise Seen(variant, manner)

    monkeypatch.setattr(composition, "EspeakVoice", voice)
    with pytest.raises(Seen) as seen:
        next(composition.quiz_episodes(1, set()))
    assert seen.value.args == (composition.VARIANT, composition.QUIZ_MANNER)


def test_no_other_voice_is_the_target():
    assert len(set(target.OTHERS)) == 20
    assert not {composition.VARIANT, "Mike"} & set(target.OTHERS)


def test_the_bounds_are_the_recordings_own(session_project, monkeypatch):
    monkeypatch.setattr(target, "OTHERS", ["f2"])
    corpus = Corpus.load(session_project.corpus)
    low, high = target.reference_of(corpus, SpectrumEncoder()).bounds

    pace = corpus.clips.seconds / corpus.clips.text.str.len()
    assert pace.min() < low < pace.median() < high < pace.max()
    outside = (~pace.between(low, high)).sum()
    assert 0 < outside <= 2, "only the extremes of its own 24 clips are outside"


@pytest.mark.slow
def test_the_target_is_nearer_to_its_recordings_than_to_other_voices(session_project, monkeypatch):
    pytest.importorskip("resemblyzer", reason="not installed: resemblyzer")
    monkeypatch.setattr(target, "OTHERS", ["f2", "m4", "Mario"])
    corpus = Corpus.load(session_project.corpus)
    script = Script.load(SCRIPTS / "unheard.yaml")
    encoder = SpeakerEncoder.open()

    reference = target.reference_of(corpus, encoder)
    lines = itertools.islice(target.lines(corpus, script, demo=True), 3)
    spoken = np.mean([encoder.embed(line.wav, line.rate) for line in lines], axis=0)
    near = {variant: float(spoken @ voice) for variant, voice in reference.others.items()}
    assert set(near) == {"f2", "m4", "Mario"}
    assert spoken @ reference.target > max(near.values()) > 0, near
