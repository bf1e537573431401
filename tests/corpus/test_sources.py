"""Which recordings there are, and what is missing of them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import soundfile

from helpers.tones import RATE, questions, write_recording
from vago import VagoError
from vago.corpus import sources
from vago.corpus.params import CorpusParams
from vago.corpus.sources import find_recordings
from vago.paths import Paths


def test_a_source_without_recordings_is_told_what_to_put_where(tmp_path):
    shown = Paths.of(CorpusParams(), tmp_path).shown
    with pytest.raises(VagoError) as caught:
        find_recordings(tmp_path / "recordings" / "vago", ["milliomos"], shown)
    assert str(caught.value) == (
        "no recordings of source 'milliomos': put them in recordings/vago/milliomos/ as WAV, FLAC, "
        "OGG, Opus, MP3 or M4A, with or without a transcript of the same name (.srt, .vtt, or .csv "
        "or .tsv with start,end,text), or clips with a metadata.csv"
    )

    (tmp_path / "quiz").mkdir()
    with pytest.raises(VagoError, match="no recordings of source 'quiz': put them"):
        find_recordings(tmp_path, ["quiz"])
    with pytest.raises(VagoError, match=r"source 'qiuz' \(did you mean 'quiz'\?\): put them"):
        find_recordings(tmp_path, ["qiuz"])


def test_transcripts_and_recordings_make_pairs(tmp_path):
    folder = tmp_path / "quiz"
    write_recording(folder, "a", *questions(2))
    (folder / "._a.wav").write_bytes(b"a Mac was here")
    assert [len(one.cues) for one in find_recordings(tmp_path, ["quiz"])] == [2]

    shutil.copy(folder / "a.wav", folder / "b.wav")
    with_transcript, without = find_recordings(tmp_path, ["quiz"])
    assert not with_transcript.untranscribed
    assert without.untranscribed and not without.cues

    (folder / "b.wav").rename(folder / "a.FLAC")
    with pytest.raises(VagoError, match=r"a.srt has more than one recording"):
        find_recordings(tmp_path, ["quiz"])

    (folder / "a.FLAC").unlink()
    (folder / "a.wav").unlink()
    with pytest.raises(VagoError, match=r"a.srt has no recording"):
        find_recordings(tmp_path, ["quiz"])


def test_without_asr_a_transcript_is_required(tmp_path, monkeypatch):
    (tmp_path / "quiz").mkdir()
    soundfile.write(tmp_path / "quiz" / "a.wav", np.zeros(100), RATE)
    assert find_recordings(tmp_path, ["quiz"])[0].untranscribed

    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
    message = r"a.wav has no transcript .*no recogniser is installed .*pip install"
    with pytest.raises(VagoError, match=message):
        find_recordings(tmp_path, ["quiz"])


def test_stems_are_plain_and_unique(tmp_path):
    for name in ("Első műsor", "Elsö musor"):
        write_recording(tmp_path / "quiz", name, *questions(1))
    stems = [one.stem for one in find_recordings(tmp_path, ["quiz"])]
    assert sorted(stems) == ["quiz-Elso_musor", "quiz-Elso_musor_2"]
