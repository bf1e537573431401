"""Ours against stock: same weights, same latents, same codes; and what a listener relies on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from vago import VagoError
from vago.audio.io import OUTPUT_RATE, SAMPLE_RATE
from vago.corpus.corpus import Corpus
from vago.model import xtts
from vago.recipes.benchmark import synthesis
from vago.recipes.demo.recordings import Voice as DemoVoice
from vago.synthesis import decoding, samples, sampling, synthesizer
from vago.synthesis.params import SampleParams, SpeechParams

GREEDY = SpeechParams(temperature=0, repetition_penalty=1.0)


@pytest.fixture(scope="module")
def model(tiny_base):
    """The embedded base with sharper heads, so that greedy choices are far from ties."""
    model = xtts.open_base(tiny_base)
    with torch.no_grad():
        model.gpt.mel_head.weight.mul_(2)
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = -50  # never stops by itself
    return model


@pytest.fixture(scope="module")
def encode(tiny_base):
    return xtts.encoder(tiny_base)


@pytest.fixture(scope="module")
def voice(model):
    return synthesizer.voice_from(
        model, [DemoVoice("m3").speak("Jó estét kívánok, hölgyeim és uraim!")], 3.0
    )


TEXTS = ["jó estét kívánok!", "melyik folyó szeli ketté budapestet?", "a duna."]


def test_greedy_codes_and_latents_equal_stocks(model, voice, encode):
    tokens = [torch.tensor(encode(text)) for text in TEXTS]
    ours = synthesizer.decode(
        model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [25] * 3, [1, 2, 3]
    )
    model.gpt.init_gpt_for_inference()
    model.gpt.eval()
    with torch.inference_mode():
        for ids, line in zip(tokens, ours):
            stock = model.gpt.generate(
                voice.gpt_cond_latents,
                ids[None],
                do_sample=False,
                num_beams=1,
                max_new_tokens=25,
                repetition_penalty=1.0,
            )
            assert line.codes.tolist() == stock[0].tolist()
            latents = model.gpt(
                ids[None], torch.tensor([len(ids)]), stock, torch.tensor([stock.shape[1] * 1024]),
                cond_latents=voice.gpt_cond_latents, return_latent=True,
            )  # fmt: skip
            torch.testing.assert_close(line.latents, latents[0], atol=2e-4, rtol=1e-3)


def test_the_same_random_numbers_draw_stocks_codes(model, voice, encode):
    """Settings as published; stock also holds its stand-ins for prompt and text for said, so here ours is told to."""
    p, tokens = SpeechParams(), [torch.tensor(encode(text)) for text in TEXTS]
    said = sampling.stand_ins(model.gpt)
    ours = synthesizer.decode(
        model.gpt, voice.gpt_cond_latents, tokens, p, [25] * 3, [1, 2, 3], said
    )
    model.gpt.init_gpt_for_inference()
    model.gpt.eval()
    for seed, (ids, line) in enumerate(zip(tokens, ours), start=1):
        torch.manual_seed(seed)
        with torch.inference_mode():
            stock = model.gpt.generate(
                voice.gpt_cond_latents, ids[None], do_sample=True, num_beams=1, max_new_tokens=25, temperature=p.temperature,
                top_k=p.top_k, top_p=p.top_p, repetition_penalty=p.repetition_penalty,
            )  # fmt: skip
        assert line.codes.tolist() == stock[0].tolist()
    assert len({tuple(line.codes.tolist()) for line in ours}) == 3


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-4), (torch.bfloat16, 0.2)])
def test_a_static_cache_gives_the_same_latents(model, voice, encode, dtype, tolerance):
    """The shapes a CUDA graph needs, run without one; texts of different lengths, so that there is padding."""
    tokens = [torch.tensor(encode(text)) for text in TEXTS]
    codes = torch.randint(0, 1024, (3, 6), generator=torch.Generator().manual_seed(1))
    found = []
    with torch.inference_mode():
        emb, mask = decoding.prefixes(model.gpt, voice.gpt_cond_latents, tokens)
        static = decoding.Decoder(model.gpt, 3, mask.shape[1] + 20, dtype, static=True)
        for decoder in (
            decoding.Decoder(model.gpt, 3, mask.shape[1] + 6),
            static,
            static,
        ):  # twice: what lay in it is not seen
            latents = [decoder.prefill(emb, mask)[0].clone()]
            latents += [decoder.step(codes[:, i], i + 1)[0].clone() for i in range(6)]
            found.append(torch.stack(latents))
    torch.testing.assert_close(
        found[1], found[0], atol=tolerance * found[0].abs().max().item(), rtol=0
    )
    assert torch.equal(found[1], found[2])


def test_a_line_sounds_the_same_whatever_is_spoken_beside_it(model, voice, encode):
    p = SpeechParams(temperature=2.0, repetition_penalty=1.0, top_p=1.0, seed=3)
    tokens = [torch.tensor(encode(text)) for text in TEXTS]
    together = synthesizer.decode(model.gpt, voice.gpt_cond_latents, tokens, p, [20] * 3, [7, 8, 9])
    alone = synthesizer.decode(model.gpt, voice.gpt_cond_latents, tokens[1:2], p, [20], [8])
    assert together[1].codes.tolist() == alone[0].codes.tolist()
    other_seed = synthesizer.decode(model.gpt, voice.gpt_cond_latents, tokens[1:2], p, [20], [80])
    assert other_seed[0].codes.tolist() != alone[0].codes.tolist()


def test_it_stops_at_the_stop_code_and_says_so(model, voice, encode):
    tokens = [torch.tensor(encode(text)) for text in TEXTS[:2]]
    with torch.no_grad():
        before = model.gpt.mel_head.bias[model.gpt.stop_audio_token].item()
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = 1e4
    ended = synthesizer.decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [20, 20], [1, 2])
    with torch.no_grad():
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = before
    cut = synthesizer.decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [5, 9], [1, 2])
    assert [(line.ended, len(line.codes), len(line.latents)) for line in ended] == [
        (True, 1, 1)
    ] * 2
    assert [(line.ended, len(line.codes)) for line in cut] == [(False, 5), (False, 9)]


def test_repetition_penalty_is_over_generated_codes(model, voice, encode):
    tokens = [torch.tensor(encode(TEXTS[0]))]
    free = synthesizer.decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [30], [1])[0].codes
    held = synthesizer.decode(
        model.gpt,
        voice.gpt_cond_latents,
        tokens,
        SpeechParams(temperature=0, repetition_penalty=50.0),
        [30],
        [1],
    )[0].codes
    assert free[0] == held[0], "nothing was generated before the first code"
    assert len(set(held.tolist())) > len(set(free.tolist()))


def test_speak_splits_long_lines_and_joins_them_with_pauses(model, voice, encode):
    long = " ".join(["Ez egy hosszú mondat, amelyet a műsorvezető lassan mond el."] * 6)
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.01)
    one, two = synthesizer.speak(model, voice, ["Jó estét!", long], encode, p, pause_seconds=0.5)
    assert one.wav.dtype == np.float32 and 0.3 < one.seconds < 2 and not one.ended
    assert two.seconds > one.seconds
    silence = np.convolve(np.abs(two.wav) == 0, np.ones(int(0.5 * OUTPUT_RATE)), "valid")
    assert silence.max() == int(0.5 * OUTPUT_RATE), (
        "half a second of pause lies between two sentences"
    )
    again = synthesizer.speak(model, voice, ["Jó estét!", long], encode, p, pause_seconds=0.5)
    assert all(np.array_equal(a.wav, b.wav) for a, b in zip((one, two), again))


def test_sentences_of_odd_length_are_drawn_again_and_the_least_odd_take_stays(
    model, voice, encode, monkeypatch
):
    """A babbling and a cut sentence beside a good one; lengths in codes of each one's takes, None where it was cut."""
    lines = [
        "Ez jó lesz elsőre is, hidd el!",
        "Ez a mondat bizony sokat fecseg!",
        "Ez sosem ér a végére, csak beszél.",
    ]
    per_char = synthesizer.CODES_PER_SECOND * 0.06
    lengths = {0: [30], 1: [90, 75, 80], 2: [None, 34]}
    asked = []

    def drawn(gpt, latents, texts, p, limits, seeds):
        found = []
        for tokens, limit, seed in zip(texts, limits, seeds):
            line = next(
                i
                for i, text in enumerate(lines)
                if tokens.tolist() == encode(synthesizer.sentences(text, 224)[0])
            )
            count = lengths[line][sum(line == other for other, _ in asked)]
            asked.append((line, seed))
            found.append(
                decoding.Decoded(
                    torch.zeros(count or limit), torch.randn(count or limit, 192), count is not None
                )
            )
        return found

    monkeypatch.setattr(synthesizer, "decode", drawn)
    assert 30 < per_char * len(lines[0]) < 60
    paced = replace(voice, seconds_per_character=(0.04, 0.08))
    good, babbling, cut = synthesizer.speak(
        model, paced, lines, encode, SpeechParams(max_resamples=2)
    )
    assert (
        [s.takes for s in (good, babbling, cut)] == [1, 3, 2]
        and good.ended
        and babbling.ended
        and cut.ended
    )
    codes = [round(s.seconds * synthesizer.CODES_PER_SECOND) for s in (good, babbling, cut)]
    assert codes == pytest.approx([30, 75, 34], abs=1), "the nearest to the voice's pace of each"
    assert len({seed for _, seed in asked}) == len(asked), "every take has its own random numbers"

    asked.clear()
    assert [
        s.takes
        for s in synthesizer.speak(model, paced, lines, encode, SpeechParams(max_resamples=0))
    ] == [1, 1, 1]
    asked.clear()
    assert [s.takes for s in synthesizer.speak(model, voice, lines, encode, SpeechParams())] == [
        1,
        1,
        1,
    ], "nobody's pace is known"


def test_a_stream_is_the_spoken_line_in_pieces(model, voice, encode, monkeypatch):
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
    assert len(drawn) == synthesizer.CHUNKS[0] and 0.1 < len(chunks[0]) / OUTPUT_RATE < 0.4, (
        "the first is there after a few codes"
    )
    chunks += list(stream)
    assert len(chunks) >= 5 and all(chunk.dtype == np.float32 for chunk in chunks)
    np.testing.assert_allclose(np.concatenate(chunks), whole.wav, atol=1e-5)


def test_stock_and_ours_measured_side_by_side(model, voice, encode):
    before, seconds = set(model.state_dict()), iter(range(1000))
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.01)
    prepared = hasattr(model.gpt, "gpt_inference")  # other tests of this module have used stock
    rows = synthesis.speech_rows(
        model, voice, ["Jó estét!", "A Duna."], encode, p, warm_ups=0, clock=lambda: next(seconds)
    )
    assert [row["what"] for row in rows] == list(synthesis.WAYS) and hasattr(
        model.gpt, "gpt_inference"
    ) == prepared
    assert set(model.state_dict()) == before
    codes = sum(synthesizer.code_limit(piece, p) for piece in ("Jó estét!", "A Duna."))
    for row in rows:
        assert row["audio_seconds"] == pytest.approx(
            codes / synthesizer.CODES_PER_SECOND, rel=0.03
        ), row["what"]
        assert row["real_time_factor"] == pytest.approx(row["seconds"] / row["audio_seconds"])
        assert row["codes_per_second"] == pytest.approx(codes / row["seconds"], rel=0.03)
    assert rows[2]["first_audio_seconds"] == rows[2]["seconds"], (
        "what is not streamed is there at the end"
    )
    assert rows[3]["first_audio_seconds"] < rows[3]["seconds"]


def test_warm_ups_do_not_count(model, voice, encode, monkeypatch):
    runs = iter(
        synthesis.Run(seconds, 2.0, [seconds / 2])
        for seconds in (90, 90, 90, 90, 1, 2, 3, 4, 5, 6, 7, 8, 6, 4, 5, 9)
    )
    monkeypatch.setattr(synthesis, "_run", lambda *args: next(runs))
    rows = synthesis.speech_rows(model, voice, ["A Duna."], encode, GREEDY, warm_ups=1, rounds=3)
    assert [row["seconds"] for row in rows] == [5, 4, 5, 8] and rows[0][
        "first_audio_seconds"
    ] == 2.5


def test_a_streams_chunks_as_a_table(model, voice, encode):
    speaker = samples.Speaker("base", "", model, voice, encode, None, [])
    p = SampleParams(temperature=0.7, max_seconds_per_char=0.06)
    table, wav = samples.stream_line(speaker, "Csend van. Hallani a szívverését!", p)
    assert table.index.name == "chunk" and len(table) >= 3
    assert (
        table["there after"].is_monotonic_increasing
        and table["sound so far"].is_monotonic_increasing
    )
    assert table["sound so far"].iloc[-1] == pytest.approx(len(wav) / OUTPUT_RATE, abs=1e-3)
    assert table["there after"].iloc[0] < table["there after"].iloc[-1]


def test_two_streams_at_a_time_do_not_disturb_each_other(model, voice, encode):
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.1)
    one, two = (
        synthesizer.stream(model, voice, line, encode, p) for line in ("Jó estét!", "A Duna.")
    )
    mixed = [np.concatenate(parts) for parts in zip(*zip(one, two))]
    alone = next(synthesizer.stream(model, voice, "Jó estét!", encode, p))
    assert np.array_equal(mixed[0][: len(alone)], alone)


def test_empty_lines_and_short_references_are_named(model, voice, encode):
    with pytest.raises(VagoError, match="nothing is left to be spoken"):
        synthesizer.speak(model, voice, ["   "], encode, GREEDY)
    with pytest.raises(VagoError, match="at least one second"):
        synthesizer.voice_from(model, [np.zeros(SAMPLE_RATE // 2, np.float32)])


def test_reference_clips_are_training_clips_of_the_first_source(session_project):
    corpus = Corpus.load(session_project.corpus)
    chosen = corpus.clips.set_index("clip_id").loc[
        samples.reference_clips(corpus, SpeechParams(prompt_seconds=4))
    ]
    assert not chosen.held_out.any() and set(chosen.source) == {corpus.clips.source[0]}
    assert chosen.seconds.sum() >= 4 > chosen.seconds.iloc[:-1].sum()
