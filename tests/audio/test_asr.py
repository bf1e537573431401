"""Speech recognition: the model in wheels, decoding, the cache, windows and words."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.speech import needs
from vago import VagoError
from vago.audio import asr, asr_model, espeak
from vago.audio.asr import SpeechRecogniser, Word
from vago.text.error_rate import character_error_rate

SENTENCES = [
    "Holnap reggel hazajön a nagymama.",
    "Az iskola előtt áll a piros busz.",
    "Kérek egy pohár vizet és két almát.",
]

# The model in wheels


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Two small wheels in place of the real ones; the folder they are installed in."""
    for number, name in enumerate(("part_a", "part_b"), start=1):
        data = tmp_path / "site" / name / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"model.bin.part{number}").write_bytes(bytes([number]) * 1000)
        for side_file in asr_model.SIDE_FILES if number == 1 else ():
            (data / side_file).write_text(side_file)

    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(asr_model, "WHEELS", ("part_a", "part_b"))
    joined = hashlib.sha256(b"\1" * 1000 + b"\2" * 1000).hexdigest()
    monkeypatch.setattr(asr_model, "MODEL_SHA256", joined)
    yield tmp_path / "site"

    for name in ("part_a", "part_b"):
        sys.modules.pop(name, None)


def test_the_model_is_joined_once_and_again_when_damaged(wheels, tmp_path):
    folder = asr_model.base_model(tmp_path / "cache")
    model = folder / "model.bin"
    assert {path.name for path in folder.iterdir()} == {"model.bin", *asr_model.SIDE_FILES}
    assert model.read_bytes() == b"\1" * 1000 + b"\2" * 1000

    made = model.stat().st_mtime_ns
    assert asr_model.base_model(tmp_path / "cache") == folder
    assert model.stat().st_mtime_ns == made

    model.write_bytes(b"torn")
    (folder / "config.json").unlink()
    asr_model.base_model(tmp_path / "cache")
    assert len(model.read_bytes()) == 2000 and (folder / "config.json").is_file()
    folders = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    assert folders == [folder.name], "a partial folder is left"


def test_another_model_than_the_pinned_one_is_refused(wheels, tmp_path):
    (wheels / "part_b" / "data" / "model.bin.part2").write_bytes(b"something else")
    message = "part_a and part_b give a model with SHA-256 .*: reinstall both"
    with pytest.raises(VagoError, match=message):
        asr_model.base_model(tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_missing_wheels_and_an_unwritable_folder_are_reported(wheels, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(VagoError, match="cannot be written"):
        asr_model.base_model(tmp_path / "file")

    monkeypatch.setattr(asr_model, "WHEELS", ("part_a", "no_such_wheel"))
    with pytest.raises(VagoError, match="no_such_wheel.*pip install"):
        asr_model.base_model(tmp_path / "other")


# Decoding


def test_a_missing_package_is_reported_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(VagoError, match=r"not installed .*pip install -e '\.\[evaluation\]'"):
        SpeechRecogniser.open()


@needs("faster_whisper")
def test_a_folder_without_a_model_is_reported(tmp_path):
    with pytest.raises(VagoError, match="no recogniser could be opened from .*name a folder"):
        SpeechRecogniser.open(tmp_path)


@pytest.mark.slow
@needs("faster_whisper", *asr_model.WHEELS)
def test_the_recogniser_transcribes_what_was_spoken(tmp_path):
    recogniser = SpeechRecogniser.open(cache=tmp_path)
    assert recogniser.name == "whisper-base-d01c3014@d01c3014"
    assert recogniser.transcribe(np.zeros(0, np.float32), espeak.RATE) == ""

    voice = espeak.EspeakVoice("m3", words_per_minute=146, pitch=60, pitch_range=85)
    heard = [recogniser.transcribe(voice.speak(text), espeak.RATE) for text in SENTENCES]
    rates = np.array([[character_error_rate(text, h) for h in heard] for text in SENTENCES])
    own, others = np.diag(rates), rates[~np.eye(len(rates), dtype=bool)]
    assert np.mean(own) < 0.5 < 0.65 < np.mean(others), (heard, own, others)
    assert max(own) < min(others)

    repeated = np.tile(voice.speak("Kettő")[4000:6000], 30)  # 2.7 s of one syllable
    text = recogniser.transcribe(repeated, espeak.RATE)
    assert len(text) < 42 * 6, "42 tokens at most: it must not continue until its window is full"


def test_base_by_any_name_is_the_model_in_wheels(monkeypatch, tmp_path):
    monkeypatch.setattr(asr_model, "base_model", lambda cache: tmp_path)
    assert [asr_model.open_place(name) for name in (None, "", "base")] == [tmp_path] * 3
    assert asr_model.open_place("large-v3") == "large-v3"


# The cache


class CountingRecogniser:
    """A recogniser that returns the same words for any audio and counts its calls."""

    def __init__(self):
        self.calls = 0

    def words(self, wav, rate):
        self.calls += 1
        return [Word(0.25, 0.5, "igen", 0.5), Word(0.5, 99.0, "nem", 0.75)]

    def transcribe(self, wav, rate):
        self.calls += 1
        return "igen"


def test_results_are_cached_by_the_audio(monkeypatch, tmp_path):
    recogniser = CountingRecogniser()
    monkeypatch.setattr(asr_model, "base_model", lambda cache: tmp_path)
    monkeypatch.setattr(SpeechRecogniser, "open", lambda model, device: recogniser)
    wav = np.arange(16_000, dtype=np.float32) / 16_000

    first = asr.Transcriber("", tmp_path / "cache")
    words = first.words(wav)
    assert words == [Word(0.0, 0.25, "igen", 0.5), Word(0.25, 1.0, "nem", 0.75)], (
        "times are within the audio, without the silence added at its edges"
    )
    assert first.transcribe(wav) == "igen" and recogniser.calls == 2

    again = asr.Transcriber("", tmp_path / "cache")
    assert again.words(wav) == words and again.transcribe(wav) == "igen"
    assert recogniser.calls == 2

    again.transcribe(wav[:-1])
    assert recogniser.calls == 3

    for path in (tmp_path / "cache").iterdir():
        path.write_text("torn")
    assert again.transcribe(wav) == "igen" and recogniser.calls == 4


# Windows and words


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0.2, 20), st.floats(0.1, 4)), min_size=1, max_size=30))
def test_windows_hold_every_segment_once(drawn):
    at, spans = 0.0, []
    for seconds, pause in drawn:
        spans.append((at, at + seconds))
        at += seconds + pause

    found = asr.recognition_windows(np.array(spans))
    assert [k for first, last in found for k in range(first, last)] == list(range(len(spans)))
    for first, last in found:
        seconds = spans[last - 1][1] - spans[first][0]
        assert last - first == 1 or seconds <= asr.MAX_WINDOW_SECONDS
        assert all(spans[k][0] - spans[k - 1][1] < 2.0 for k in range(first + 1, last))


def test_words_go_to_the_segment_they_overlap_and_never_back():
    spans = np.array([(0.0, 1.0), (1.5, 2.5), (3.0, 4.0)])
    times = [(0.1, 0.4), (0.8, 1.6), (1.3, 1.9), (1.2, 1.25), (2.55, 2.7), (4.1, 4.4)]
    words = [Word(a, b, "szó", 1.0) for a, b in times]
    assert asr.assign_words(words, spans) == [0, 0, 1, 1, 1, 2]
