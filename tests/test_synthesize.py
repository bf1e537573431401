"""Ours against stock: same weights, same latents, same codes; and what a listener relies on."""

import numpy as np
import pytest
import torch

from vago import VagoError, base, samples, synthesize
from vago.audio import OUTPUT_RATE, SAMPLE_RATE
from vago.corpus import Corpus
from vago.params import SpeechParams

GREEDY = SpeechParams(temperature=0, repetition_penalty=1.0)


@pytest.fixture(scope="module")
def model(tiny_base):
    """The embedded base with sharper heads, so that greedy choices are far from ties."""
    model = base.open_base(tiny_base)
    with torch.no_grad():
        model.gpt.mel_head.weight.mul_(2)
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = -50  # never stops by itself
    return model


@pytest.fixture(scope="module")
def encode(tiny_base):
    return base.encoder(tiny_base)


@pytest.fixture(scope="module")
def voice(model, session_project):
    corpus = Corpus.load(session_project.corpus)
    return synthesize.voice_from(model, [corpus.audio(corpus.clips.clip_id[0])[0]], 3.0)


TEXTS = ["jó estét kívánok!", "melyik folyó szeli ketté budapestet?", "a duna."]


def test_greedy_codes_and_latents_equal_stocks(model, voice, encode):
    tokens = [torch.tensor(encode(text)) for text in TEXTS]
    ours = synthesize.decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [25] * 3, [1, 2, 3])
    model.gpt.init_gpt_for_inference()
    model.gpt.eval()
    with torch.inference_mode():
        for ids, line in zip(tokens, ours):
            stock = model.gpt.generate(
                voice.gpt_cond_latents, ids[None], do_sample=False, num_beams=1, max_new_tokens=25, repetition_penalty=1.0
            )
            assert line.codes.tolist() == stock[0].tolist()
            latents = model.gpt(
                ids[None], torch.tensor([len(ids)]), stock, torch.tensor([stock.shape[1] * 1024]),
                cond_latents=voice.gpt_cond_latents, return_latent=True,
            )  # fmt: skip
            torch.testing.assert_close(line.latents, latents[0], atol=2e-4, rtol=1e-3)


def test_a_line_sounds_the_same_whatever_is_spoken_beside_it(model, voice, encode):
    p = SpeechParams(temperature=2.0, repetition_penalty=1.0, top_p=1.0, seed=3)
    tokens = [torch.tensor(encode(text)) for text in TEXTS]
    together = synthesize.decode(model.gpt, voice.gpt_cond_latents, tokens, p, [20] * 3, [7, 8, 9])
    alone = synthesize.decode(model.gpt, voice.gpt_cond_latents, tokens[1:2], p, [20], [8])
    assert together[1].codes.tolist() == alone[0].codes.tolist()
    other_seed = synthesize.decode(model.gpt, voice.gpt_cond_latents, tokens[1:2], p, [20], [80])
    assert other_seed[0].codes.tolist() != alone[0].codes.tolist()


def test_it_stops_at_the_stop_code_and_says_so(model, voice, encode):
    tokens = [torch.tensor(encode(text)) for text in TEXTS[:2]]
    with torch.no_grad():
        before = model.gpt.mel_head.bias[model.gpt.stop_audio_token].item()
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = 1e4
    ended = synthesize.decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [20, 20], [1, 2])
    with torch.no_grad():
        model.gpt.mel_head.bias[model.gpt.stop_audio_token] = before
    cut = synthesize.decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [5, 9], [1, 2])
    assert [(line.ended, len(line.codes), len(line.latents)) for line in ended] == [(True, 1, 1)] * 2
    assert [(line.ended, len(line.codes)) for line in cut] == [(False, 5), (False, 9)]


def test_repetition_penalty_is_over_generated_codes(model, voice, encode):
    tokens = [torch.tensor(encode(TEXTS[0]))]
    free = synthesize.decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, [30], [1])[0].codes
    held = synthesize.decode(
        model.gpt, voice.gpt_cond_latents, tokens, SpeechParams(temperature=0, repetition_penalty=50.0), [30], [1]
    )[0].codes
    assert free[0] == held[0], "nothing was generated before the first code"
    assert len(set(held.tolist())) > len(set(free.tolist()))


def test_speak_splits_long_lines_and_joins_them_with_pauses(model, voice, encode):
    long = " ".join(["Ez egy hosszú mondat, amelyet a műsorvezető lassan mond el."] * 6)
    assert len(synthesize.sentences(long)) >= 2
    p = SpeechParams(temperature=0.7, max_seconds_per_char=0.01)
    one, two = synthesize.speak(model, voice, ["Jó estét!", long], encode, p, pause_seconds=0.5)
    assert one.wav.dtype == np.float32 and 0.3 < one.seconds < 2 and not one.ended
    assert two.seconds > one.seconds
    silence = np.convolve(np.abs(two.wav) == 0, np.ones(int(0.5 * OUTPUT_RATE)), "valid")
    assert silence.max() == int(0.5 * OUTPUT_RATE), "half a second of pause lies between two sentences"
    again = synthesize.speak(model, voice, ["Jó estét!", long], encode, p, pause_seconds=0.5)
    assert all(np.array_equal(a.wav, b.wav) for a, b in zip((one, two), again))


def test_empty_lines_and_short_references_are_named(model, voice, encode):
    with pytest.raises(VagoError, match="nothing is left to be spoken"):
        synthesize.speak(model, voice, ["   "], encode, GREEDY)
    with pytest.raises(VagoError, match="at least one second"):
        synthesize.voice_from(model, [np.zeros(SAMPLE_RATE // 2, np.float32)])


def test_reference_clips_are_training_clips_of_the_first_source(session_project):
    corpus = Corpus.load(session_project.corpus)
    chosen = corpus.clips.set_index("clip_id").loc[samples.reference_clips(corpus, SpeechParams(prompt_seconds=4))]
    assert not chosen.held_out.any() and set(chosen.source) == {corpus.clips.source[0]}
    assert chosen.seconds.sum() >= 4 > chosen.seconds.iloc[:-1].sum()
