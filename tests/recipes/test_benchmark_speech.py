"""Stock's synthesis and vago's, measured side by side."""

from __future__ import annotations

import pytest

from helpers.voices import demo_voice, sharp_model
from vago.model import xtts
from vago.recipes.benchmark import synthesis
from vago.synthesis import synthesizer
from vago.synthesis.params import SpeechParams


@pytest.mark.slow
def test_stock_and_vago_speak_the_same_sentences(tiny_base):
    model = sharp_model(tiny_base)
    voice, encode = demo_voice(model), xtts.text_encoder(tiny_base)
    tensors = set(model.state_dict())
    seconds = iter(range(1000))
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.01)
    texts = ["Jó estét!", "A Duna."]

    options = {"warm_ups": 0, "clock": lambda: next(seconds)}
    rows = synthesis.speech_rows(model, voice, texts, encode, p, **options)
    assert [row["what"] for row in rows] == list(synthesis.WAYS)
    assert set(model.state_dict()) == tensors
    assert not hasattr(model.gpt, "gpt_inference"), "stock's decoding is removed again"

    codes = sum(synthesizer.code_limit(text, p) for text in texts)
    spoken = codes / synthesizer.CODES_PER_SECOND
    for row in rows:
        assert row["audio_seconds"] == pytest.approx(spoken, rel=0.03), row["what"]
        assert row["real_time_factor"] == pytest.approx(row["seconds"] / row["audio_seconds"])
        assert row["codes_per_second"] == pytest.approx(codes / row["seconds"], rel=0.03)
    at_once, streamed = rows[2:]
    assert at_once["first_audio_seconds"] == at_once["seconds"], "it is there at the end"
    assert streamed["first_audio_seconds"] < streamed["seconds"]


def test_warm_ups_do_not_count(monkeypatch):
    seconds = (90, 90, 90, 90, 1, 2, 3, 4, 5, 6, 7, 8, 6, 4, 5, 9)
    runs = iter(synthesis.SpeechRun(taken, 2.0, [taken / 2]) for taken in seconds)
    monkeypatch.setattr(synthesis, "_run", lambda *args: next(runs))
    monkeypatch.setattr(synthesis, "_stock_decoding", lambda model: monkeypatch.context())

    p = SpeechParams()
    rows = synthesis.speech_rows(None, None, ["A Duna."], None, p, warm_ups=1, rounds=3)
    assert [row["seconds"] for row in rows] == [5, 4, 5, 8]
    assert rows[0]["first_audio_seconds"] == 2.5
