"""The ears: what counts as an error, how the model is put together, and that both hear what they are for."""

from __future__ import annotations

import hashlib
import importlib.util
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vago import VagoError
from vago.audio import asr, espeak, speakers
from vago.audio.asr import Ear
from vago.audio.speakers import SpeakerEar
from vago.text import error_rate
from vago.text.error_rate import character_error_rate

SENTENCES = [
    "Holnap reggel hazajön a nagymama.",
    "Az iskola előtt áll a piros busz.",
    "Kérek egy pohár vizet és két almát.",
]


def needs(*packages: str):
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"not installed: {', '.join(missing)} ({speakers.INSTALL_SPEAKER})"
    )


@pytest.mark.parametrize(
    ("reference", "heard", "rate"),
    [
        ("Jó estét!", "jó estét", 0),
        ("Jó estét!", "jó este", 2 / 8),
        (
            "A tét 12 500 Ft.",
            "a tét tizenkétezer ötszáz forint",
            1 / 31,
        ),  # a space where a hyphen was dropped
        ("Két alma.", "", 1),
        ("Nem.", "nem, nem, nem, nem", 12 / 3),
        ("Ég a ház", "ég-a ház...", 1 / 8),
    ],
)
def test_error_rate_is_edits_per_character_of_what_was_to_be_said(reference, heard, rate):
    assert character_error_rate(reference, heard) == pytest.approx(rate)


@settings(deadline=None)
@given(
    st.text(alphabet="aábeékxz 0123456789.,!?-", min_size=1).filter(
        lambda t: any(c.isalnum() for c in t)
    ),
    st.text(),
)
def test_error_rate_of_anything(reference, heard):
    assert character_error_rate(reference, f" {reference} ") == 0
    length = len(error_rate.words_only(reference))
    rate = character_error_rate(reference, heard)
    other = len(error_rate.words_only(heard))
    assert abs(length - other) / length <= rate <= max(length, other) / length


def test_a_reference_without_words_is_refused():
    with pytest.raises(VagoError, match="nothing is to be heard in '...'"):
        character_error_rate("...", "valami")


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Two small wheels in the place of the real ones."""
    for number, name in enumerate(("part_a", "part_b"), start=1):
        data = tmp_path / "site" / name / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"model.bin.part{number}").write_bytes(bytes([number]) * 1000)
        for beside in asr.BESIDE if number == 1 else ():
            (data / beside).write_text(beside)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(asr, "WHEELS", ("part_a", "part_b"))
    monkeypatch.setattr(
        asr, "MODEL_SHA256", hashlib.sha256(b"\1" * 1000 + b"\2" * 1000).hexdigest()
    )
    yield tmp_path / "site"
    for name in ("part_a", "part_b"):
        sys.modules.pop(name, None)


def test_the_model_is_joined_once_and_mended_when_damaged(wheels, tmp_path):
    folder = asr.base_model(tmp_path / "cache")
    assert {path.name for path in folder.iterdir()} == {"model.bin", *asr.BESIDE}
    assert (folder / "model.bin").read_bytes() == b"\1" * 1000 + b"\2" * 1000
    made = (folder / "model.bin").stat().st_mtime_ns
    assert (
        asr.base_model(tmp_path / "cache") == folder
        and (folder / "model.bin").stat().st_mtime_ns == made
    )
    (folder / "model.bin").write_bytes(b"torn")
    (folder / "config.json").unlink()
    asr.base_model(tmp_path / "cache")
    assert len((folder / "model.bin").read_bytes()) == 2000 and (folder / "config.json").is_file()
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name], (
        "nothing half made is left"
    )


def test_another_model_than_the_pinned_one_is_refused(wheels, tmp_path):
    (wheels / "part_b" / "data" / "model.bin.part2").write_bytes(b"something else")
    with pytest.raises(
        VagoError, match="part_a and part_b give a model with SHA-256 .*: reinstall both"
    ):
        asr.base_model(tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_missing_wheels_and_a_folder_that_cannot_be_written_are_said(wheels, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    with pytest.raises(VagoError, match="cannot be written"):
        asr.base_model(tmp_path / "file")
    monkeypatch.setattr(asr, "WHEELS", ("part_a", "no_such_wheel"))
    with pytest.raises(VagoError, match="no_such_wheel.*pip install"):
        asr.base_model(tmp_path / "other")


@pytest.mark.parametrize(
    ("package", "use"),
    [
        ("faster_whisper", Ear.open),
        ("resemblyzer", SpeakerEar.open),
        ("rapidfuzz.distance", lambda: character_error_rate("egy", "két")),
    ],
)
def test_a_missing_package_is_said_with_what_installs_it(monkeypatch, package, use):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(VagoError, match=r"not installed .*pip install -e '\.\[listen\]'"):
        use()


@needs("faster_whisper")
def test_a_folder_without_a_model_is_said(tmp_path):
    with pytest.raises(VagoError, match="no recogniser could be opened from .*name a folder"):
        Ear.open(tmp_path)


@needs("faster_whisper", *asr.WHEELS)
def test_the_recogniser_hears_what_was_said(tmp_path):
    opened = Ear.open(cache=tmp_path)
    assert opened.name == "whisper-base-d01c3014@d01c3014"
    assert opened.hear(np.zeros(0, np.float32), espeak.RATE) == ""
    voice = espeak.Voice("m3", words_per_minute=146, pitch=60, pitch_range=85)
    heard = [opened.hear(voice.speak(text), espeak.RATE) for text in SENTENCES]
    own = [character_error_rate(text, h) for text, h in zip(SENTENCES, heard)]
    others = [
        character_error_rate(text, h)
        for text in SENTENCES
        for h in heard
        if h is not heard[SENTENCES.index(text)]
    ]
    assert np.mean(own) < 0.5 < 0.65 < np.mean(others), (heard, own, others)
    assert max(own) < min(others)
    stuck = np.tile(voice.speak("Kettő")[4000:6000], 30)  # 2.7 s of one syllable
    assert len(opened.hear(stuck, espeak.RATE)) < 42 * 6, (
        "42 tokens at most: it does not go on until its window is full"
    )


@needs("resemblyzer")
def test_the_speaker_encoder_tells_voices_apart():
    opened = SpeakerEar.open()
    voices = [espeak.Voice(variant) for variant in ("m3", "f2")]
    known = [
        opened.voice((voice.speak(text), espeak.RATE) for text in SENTENCES[:2]) for voice in voices
    ]
    new = [opened.embed(voice.speak(SENTENCES[2]), espeak.RATE) for voice in voices]
    near = np.array(new) @ np.array(known).T  # (voice that speaks, voice it is held against)
    assert near[0, 0] > near[0, 1] + 0.1 and near[1, 1] > near[1, 0] + 0.1, near
    for vector in (*known, *new):
        assert vector.shape == (256,) and np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert not opened.embed(np.zeros(8000, np.float32), 16000).any()
    hiss = np.random.default_rng(1).normal(scale=0.01, size=12000).astype(np.float32)
    assert np.linalg.norm(opened.embed(hiss, 24000)) == pytest.approx(1, abs=1e-5), (
        "no speech in it, but sound"
    )
