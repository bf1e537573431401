"""Lines into audio: sentences, pauses, resampling of duration outliers, streams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vago import VagoError
from vago.audio.io import OUTPUT_RATE, SAMPLE_RATE
from vago.synthesis import decoding, synthesizer
from vago.synthesis.params import SpeechParams

GREEDY = SpeechParams(temperature=0, repetition_penalty=1.0)


def test_long_lines_are_split_and_joined_with_pauses(model, voice, encode):
    long = " ".join(["Ez egy hosszú mondat, amelyet a műsorvezető lassan mond el."] * 6)
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.01)

    def speak():
        lines = ["Jó estét!", long]
        return synthesizer.speak(model, voice, lines, encode, p, pause_seconds=0.5)

    one, two = speak()
    assert one.wav.dtype == np.float32
    assert 0.3 < one.seconds < 2
    assert not one.ended
    assert two.seconds > one.seconds

    pause = int(0.5 * OUTPUT_RATE)
    silence = np.convolve(np.abs(two.wav) == 0, np.ones(pause), "valid")
    assert silence.max() == pause, "half a second of pause lies between two sentences"
    assert all(np.array_equal(a.wav, b.wav) for a, b in zip((one, two), speak()))


class Takes:
    """Stands in for `decode`: each line's takes have the given numbers of codes, None is cut."""

    def __init__(self, lines: list[str], encode, lengths: list[list[int | None]]):
        self.line_of = {}
        for i, line in enumerate(lines):
            (text,) = synthesizer.sentences(line, 224)
            self.line_of[tuple(encode(text))] = i
        self.lengths = lengths
        self.asked: list[tuple[int, int]] = []  # (line, seed)

    def decode(self, gpt, latents, texts, p, limits, seeds) -> list[decoding.Decoded]:
        found = []
        for tokens, limit, seed in zip(texts, limits, seeds):
            line = self.line_of[tuple(tokens.tolist())]
            take = sum(line == other for other, _ in self.asked)
            self.asked.append((line, seed))

            count = self.lengths[line][take]
            codes, latent = torch.zeros(count or limit), torch.randn(count or limit, 192)
            found.append(decoding.Decoded(codes, latent, count is not None))
        return found


def test_duration_outliers_are_resampled(model, voice, encode, monkeypatch):
    """A good sentence, one that babbles and one that is cut: the least odd take is kept."""
    lines = [
        "Ez jó lesz elsőre is, hidd el!",
        "Ez a mondat bizony sokat fecseg!",
        "Ez sosem ér a végére, csak beszél.",
    ]
    usual = synthesizer.CODES_PER_SECOND * 0.06 * len(lines[0])
    assert 30 < usual < 60
    takes = Takes(lines, encode, [[30], [90, 75, 80], [None, 34]])
    monkeypatch.setattr(synthesizer, "decode", takes.decode)

    paced = replace(voice, seconds_per_character=(0.04, 0.08))
    spoken = synthesizer.speak(model, paced, lines, encode, SpeechParams(max_resamples=2))
    assert [utterance.takes for utterance in spoken] == [1, 3, 2]
    assert [utterance.duration for utterance in spoken] == ["ok", "too long", "ok"]
    assert all(utterance.ended for utterance in spoken)
    codes = [round(utterance.seconds * synthesizer.CODES_PER_SECOND) for utterance in spoken]
    assert codes == pytest.approx([30, 75, 34], abs=1), "nearest to the voice's usual duration"
    seeds = {seed for _, seed in takes.asked}
    assert len(seeds) == len(takes.asked), "every take has its own random numbers"


@pytest.mark.parametrize(
    "bounds, settings",
    [((0.04, 0.08), {"max_resamples": 0}), (None, {}), ((0.04, 0.08), {"temperature": 0})],
)
def test_no_resampling_without_takes_bounds_or_chance(
    model, voice, encode, monkeypatch, bounds, settings
):
    lines = ["Ez a mondat bizony sokat fecseg!"]
    takes = Takes(lines, encode, [[90, 30]])
    monkeypatch.setattr(synthesizer, "decode", takes.decode)

    paced = replace(voice, seconds_per_character=bounds)
    (spoken,) = synthesizer.speak(model, paced, lines, encode, SpeechParams(**settings))
    assert spoken.takes == len(takes.asked) == 1


def test_a_stream_is_the_spoken_line_in_chunks(model, voice, encode, monkeypatch):
    line = "Csend van. Hallani a szívverését!"
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.06, max_characters=24)
    assert len(synthesizer.sentences(line, p.max_characters)) == 2
    (whole,) = synthesizer.speak(model, voice, [line], encode, p)
    drawn = []

    def counted(*args):
        for step in decoding.steps(*args):
            drawn.append(1)
            yield step

    monkeypatch.setattr(synthesizer, "steps", counted)
    stream = synthesizer.stream(model, voice, line, encode, p)
    chunks = [next(stream)]
    assert len(drawn) == synthesizer.FIRST_CHUNK, "the first is there after a few codes"
    assert 0.1 < len(chunks[0]) / OUTPUT_RATE < 0.4

    chunks += list(stream)
    assert len(chunks) >= 5
    assert all(chunk.dtype == np.float32 for chunk in chunks)
    np.testing.assert_allclose(np.concatenate(chunks), whole.wav, atol=1e-5)


def test_two_streams_at_a_time_do_not_disturb_each_other(model, voice, encode):
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.1)
    one = synthesizer.stream(model, voice, "Jó estét!", encode, p)
    two = synthesizer.stream(model, voice, "A Duna.", encode, p)
    mixed = [np.concatenate(parts) for parts in zip(*zip(one, two))]

    alone = next(synthesizer.stream(model, voice, "Jó estét!", encode, p))
    assert np.array_equal(mixed[0][: len(alone)], alone)


def test_empty_lines_and_short_references_are_named(model, voice, encode):
    with pytest.raises(VagoError, match="nothing is left to be spoken"):
        synthesizer.speak(model, voice, ["   "], encode, GREEDY)
    with pytest.raises(VagoError, match="at least one second"):
        synthesizer.voice_from(model, [np.zeros(SAMPLE_RATE // 2, np.float32)])
