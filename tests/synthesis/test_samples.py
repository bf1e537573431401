"""A script becomes files and a table; a stream as a table."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from vago import VagoError
from vago.audio import io
from vago.corpus.corpus import Corpus
from vago.synthesis import samples, synthesizer, takes
from vago.synthesis.export import export
from vago.synthesis.params import SampleParams
from vago.synthesis.script import Script
from vago.workbook.pipeline import sample_inputs

COLUMNS = (
    "line file category text seconds took_seconds ended takes duration phase model_sha256 prompt "
    "temperature top_k top_p repetition_penalty max_characters max_resamples prompt_seconds seed"
).split()


@pytest.fixture
def script(project):
    path = project.script("short")
    path.parent.mkdir(parents=True)
    lines = "- {name: one, text: Jó estét!}\n- {name: two, text: 'Ön nyert 40 000 Ft-ot!'}\n"
    path.write_text(f"title: rövid\nlines:\n{lines}", encoding="utf-8")
    return path


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.slow
def test_a_script_becomes_files_and_a_table(project, script):
    settings = {"max_seconds_per_char": 0.06, "prompt_seconds": 2}
    p = SampleParams(profile="mini", script="short", phase="base", **settings)

    take = samples.speak_script(p, project)
    table = take.table()
    assert list(table.columns) == COLUMNS
    assert names(take.folder) == ["01_one.wav", "02_two.wav", "samples.csv", "take.json"]
    for row in table.itertuples():
        wav, rate = io.load(take.folder / row.file)
        assert rate == 24000
        assert len(wav) / rate == pytest.approx(row.seconds, abs=0.01)
        assert 0.02 < np.abs(wav).max() < 1.0
        assert io.clipped_fraction(wav) == 0

    first = [(take.folder / file).read_bytes() for file in table.file]
    script.write_text(script.read_text(encoding="utf-8").replace("two", "zwei"), encoding="utf-8")
    assert samples.speak_script(p, project).folder == take.folder
    assert names(take.folder) == ["01_one.wav", "02_zwei.wav", "samples.csv", "take.json"]
    again = [(take.folder / file).read_bytes() for file in ("01_one.wav", "02_zwei.wav")]
    assert again == first, "same seed, same samples"


@pytest.mark.slow
def test_the_base_imitates_a_file_where_there_is_no_corpus(project, script, tmp_path):
    """As the message on too few clips says; whatever needs a corpus says that there is none."""
    corpus = Corpus.load(project.corpus)
    shutil.copy(project.corpus / corpus.clips.file[0], tmp_path / "me.wav")
    shutil.rmtree(project.corpus)

    settings = {"max_seconds_per_char": 0.06, "reference": str(tmp_path / "me.wav")}
    p = SampleParams(profile="mini", script="short", phase="base", **settings)
    take = samples.speak_script(p, project)
    assert names(take.folder)[:2] == ["01_one.wav", "02_two.wav"]
    assert set(take.table().prompt) == {"me.wav"}
    assert project.corpus not in sample_inputs(project, p)

    for other in (dict(reference=None), dict(phase="combined")):
        other = p.model_copy(update=other)
        assert project.corpus in sample_inputs(project, other)
        with pytest.raises(VagoError, match="run 01_prepare_dataset first"):
            samples.open_speaking_phase(other, project)
    with pytest.raises(VagoError, match="run 01_prepare_dataset first"):
        export(p, project)


def test_other_settings_leave_another_take(project, script, monkeypatch):
    """Temperature and reference; the model is left out, so the sound is silence."""

    def silence(model, voice, texts, *rest):
        wav = np.zeros(2400, dtype=np.float32)
        return [synthesizer.Utterance(wav, 0.1, True) for _ in texts]

    monkeypatch.setattr(synthesizer, "speak", silence)
    monkeypatch.setattr(samples, "open_phase", lambda *args: (None, "0" * 64))
    monkeypatch.setattr(samples, "voice_of", lambda *args: synthesizer.Voice(None, None))

    p = SampleParams(profile="mini", script="short", phase="base", temperature=0.4)
    first = samples.speak_script(p, project)
    warm = samples.speak_script(p.model_copy(update={"temperature": 0.7}), project)
    other = samples.speak_script(p.model_copy(update={"reference": "quiz-one-0001"}), project)

    assert len({take.folder for take in (first, warm, other)}) == 3
    assert takes.read_takes(project)[::-1] == [first, warm, other]
    assert {"01_one.wav", "02_two.wav"} <= set(names(first.folder)) == set(names(warm.folder))
    assert set(first.table().temperature) == {0.4} and set(warm.table().temperature) == {0.7}
    assert set(other.table().prompt) == {"quiz-one-0001"}

    script.write_text(script.read_text(encoding="utf-8").replace("40 000", "50 000"))
    assert samples.speak_script(p, project).folder != first.folder, "another text"


def test_duration_outliers_are_said_in_words(tmp_path):
    table = pd.DataFrame(
        {
            "file": ["01_one.wav", "02_two.wav"],
            "text": ["Jó estét!", "Ön nyert!"],
            "duration": ["ok", "too long"],
            "takes": [1, 3],
        }
    )
    for file in table.file:
        io.write(tmp_path / file, np.zeros(2400, dtype=np.float32), io.OUTPUT_RATE)

    fine, odd = (title for title, *_ in samples.load_samples(table, tmp_path))
    assert fine == "01_one.wav: Jó estét!"
    assert odd.endswith(
        "Ön nyert! – too long for this voice: it may babble or pause (the best of 3 takes)"
    )
    assert (
        samples.duration_outliers(table) == "duration outliers: 1 of 2 lines: 02_two.wav (too long)"
    )
    assert samples.duration_outliers(table[:1]) == "duration outliers: none of 1 lines"


def test_the_scripts_table_shows_what_is_spoken(script):
    assert "negyvenezer forintot" in samples.spoken_as(Script.load(script), 224).spoken["two"]


def test_a_streams_chunks_as_a_table(model, voice, encode):
    speaking = samples.SpeakingPhase("base", "", model, voice, encode, None, None)
    p = SampleParams(temperature=0.7, max_seconds_per_char=0.06)
    table, wav = samples.stream_line(speaking, "Csend van. Hallani a szívverését!", p)

    ready, audible = table["ready after"], table["audio so far"]
    assert table.index.name == "chunk"
    assert len(table) >= 3
    assert ready.is_monotonic_increasing
    assert audible.is_monotonic_increasing
    assert audible.iloc[-1] == pytest.approx(len(wav) / io.OUTPUT_RATE, abs=1e-3)
    assert ready.iloc[0] < ready.iloc[-1]
