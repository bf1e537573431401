"""The note on texts that were written by ASR."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vago.corpus.corpus import Corpus
from vago.corpus.fixes import TEXT_CORRECTED
from vago.corpus.params import CorpusParams
from vago.corpus.review.asr_note import CHECKED_CLIPS, asr_note, least_certain


class SilentCorpus(Corpus):
    def audio(self, clip_id):
        return np.zeros(2205, np.float32), 22_050


def corpus(transcribed: int, recogniser: str = "base", corrected: int = 0) -> Corpus:
    """Twenty clips, the first ones by ASR, of which the first ones are corrected by hand."""
    clips = pd.DataFrame({"clip_id": [f"c{n:02d}" for n in range(20)]})
    clips["text"] = [f"szöveg {n}." for n in range(20)]
    clips["transcribed"] = clips.index < transcribed
    clips["confidence"] = np.where(clips["transcribed"], 0.99 - clips.index * 0.01, np.nan)
    ledger = clips[["clip_id"]].assign(detail="")
    ledger.loc[ledger.index < corrected, "detail"] = f"quiet; {TEXT_CORRECTED}"
    summary = {"parameters": {"recogniser": recogniser, "profile": "mine"}}
    return SilentCorpus(None, clips, ledger, None, {}, summary)


def test_nothing_where_every_recording_had_its_transcript():
    assert asr_note(corpus(0)) == ""
    assert asr_note(corpus(2, corrected=2)) == ""


@pytest.mark.parametrize("recogniser", ["base", ""])
def test_the_small_model_with_its_error_rate_and_the_way_to_a_better_one(recogniser):
    shown = asr_note(corpus(12, recogniser))
    for expected in (
        "12 of 20 texts were written by ASR (Whisper base)",
        "character error rate of this small model is 0.12 to 0.13",
        "one letter in eight",
        "recogniser: large-v3-turbo",
        "the settings in <code>params/mine/</code>",
    ):
        assert expected in shown
    assert shown.count("<audio") == CHECKED_CLIPS
    assert shown.index("c11, confidence 0.88") < shown.index("c02, confidence 0.97")
    assert "c01" not in shown


def test_a_larger_model_is_named_without_the_small_ones_error_rate():
    shown = asr_note(corpus(3, "large-v3-turbo", corrected=1))
    assert "2 of 20 texts were written by ASR (Whisper large-v3-turbo)" in shown
    assert "0.12" not in shown and shown.count("<audio") == 2


def test_least_certain_first():
    clips = corpus(5).clips
    assert list(least_certain(clips[clips.transcribed], 2).clip_id) == ["c04", "c03"]


def test_empty_and_base_are_one_setting():
    assert CorpusParams(recogniser="") == CorpusParams(recogniser="base") == CorpusParams()
    assert CorpusParams(recogniser="large-v3").recogniser == "large-v3"
