"""Decoding against stock: the same weights give the same codes and latents."""

from __future__ import annotations

import pytest
import torch

from vago.synthesis import sampling
from vago.synthesis.cached_gpt import CachedGPT
from vago.synthesis.decoding import decode, prefixes
from vago.synthesis.params import SpeechParams

GREEDY = SpeechParams(temperature=0, repetition_penalty=1.0)
TEXTS = ["jó estét kívánok!", "melyik folyó szeli ketté budapestet?", "a duna."]


@pytest.fixture(scope="module")
def tokens(encode):
    return [torch.tensor(encode(text)) for text in TEXTS]


@pytest.fixture
def stock_gpt(model):
    model.gpt.init_gpt_for_inference()
    model.gpt.eval()
    return model.gpt


@torch.inference_mode()
def stock_codes(gpt, voice, ids: torch.Tensor, **options) -> torch.Tensor:
    """(1, T) codes by transformers' `generate`."""
    latents = voice.gpt_cond_latents
    return gpt.generate(latents, ids[None], num_beams=1, max_new_tokens=25, **options)


def test_greedy_codes_and_latents_equal_stocks(model, voice, tokens, request):
    limits, seeds = [25] * 3, [1, 2, 3]
    ours = decode(model.gpt, voice.gpt_cond_latents, tokens, GREEDY, limits, seeds)

    gpt = request.getfixturevalue("stock_gpt")
    for ids, line in zip(tokens, ours):
        codes = stock_codes(gpt, voice, ids, do_sample=False, repetition_penalty=1.0)
        assert line.codes.tolist() == codes[0].tolist()

        samples = torch.tensor([codes.shape[1] * 1024])
        prompt = {"cond_latents": voice.gpt_cond_latents, "return_latent": True}
        with torch.inference_mode():
            latents = gpt(ids[None], torch.tensor([len(ids)]), codes, samples, **prompt)
        torch.testing.assert_close(line.latents, latents[0], atol=2e-4, rtol=1e-3)


def test_the_same_random_numbers_draw_stocks_codes(model, voice, tokens, request):
    """With the published settings, and stock's stand-ins penalised as stock does."""
    p = SpeechParams()
    penalized = sampling.stand_ins(model.gpt)
    limits, seeds = [25] * 3, [1, 2, 3]
    ours = decode(model.gpt, voice.gpt_cond_latents, tokens, p, limits, seeds, penalized)

    gpt = request.getfixturevalue("stock_gpt")
    for seed, (ids, line) in enumerate(zip(tokens, ours), start=1):
        torch.manual_seed(seed)
        codes = stock_codes(gpt, voice, ids, do_sample=True, **p.sampling())
        assert line.codes.tolist() == codes[0].tolist()
    assert len({tuple(line.codes.tolist()) for line in ours}) == 3


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-4), (torch.bfloat16, 0.2)])
@torch.inference_mode()
def test_a_static_cache_gives_the_same_latents(model, voice, tokens, dtype, tolerance):
    """The shapes a CUDA graph needs, run without one, on texts of different lengths."""
    codes = torch.randint(0, 1024, (3, 6), generator=torch.Generator().manual_seed(1))
    emb, mask = prefixes(model.gpt, voice.gpt_cond_latents, tokens)
    assert not mask.all(), "there is padding"

    def latents(cached: CachedGPT) -> torch.Tensor:
        found = [cached.prefill(emb, mask)[0].clone()]
        found += [cached.step(codes[:, i], i + 1)[0].clone() for i in range(6)]
        return torch.stack(found)

    width = mask.shape[1]
    static = CachedGPT(model.gpt, 3, width + 20, dtype, static=True)
    expected = latents(CachedGPT(model.gpt, 3, width + 6))
    first, second = latents(static), latents(static)

    allowed = tolerance * expected.abs().max().item()
    torch.testing.assert_close(first, expected, atol=allowed, rtol=0)
    assert torch.equal(first, second), "what lies in the cache from before is not seen"


def test_a_line_does_not_depend_on_the_others_in_its_batch(model, voice, tokens):
    p = SpeechParams(temperature=2.0, repetition_penalty=1.0, top_p=1.0, seed=3)

    def codes(chosen, seeds):
        limits = [20] * len(chosen)
        drawn = decode(model.gpt, voice.gpt_cond_latents, chosen, p, limits, seeds)
        return [line.codes.tolist() for line in drawn]

    alone = codes(tokens[1:2], [8])[0]
    assert codes(tokens, [7, 8, 9])[1] == alone
    assert codes(tokens[1:2], [80])[0] != alone


def test_it_stops_at_the_stop_code_or_at_the_limit(model, voice, tokens):
    bias = model.gpt.mel_head.bias
    stop = model.gpt.stop_audio_token
    before = bias[stop].item()

    with torch.no_grad():
        bias[stop] = 1e4
    ended = decode(model.gpt, voice.gpt_cond_latents, tokens[:2], GREEDY, [20, 20], [1, 2])
    with torch.no_grad():
        bias[stop] = before
    cut = decode(model.gpt, voice.gpt_cond_latents, tokens[:2], GREEDY, [5, 9], [1, 2])

    counts = [(line.ended, len(line.codes), len(line.latents)) for line in ended]
    assert counts == [(True, 1, 1)] * 2
    assert [(line.ended, len(line.codes)) for line in cut] == [(False, 5), (False, 9)]


def test_the_repetition_penalty_counts_generated_codes(model, voice, tokens):
    def greedy(penalty: float) -> list[int]:
        p = SpeechParams(temperature=0, repetition_penalty=penalty)
        (line,) = decode(model.gpt, voice.gpt_cond_latents, tokens[:1], p, [30], [1])
        return line.codes.tolist()

    free, penalised = greedy(1.0), greedy(50.0)
    assert free[0] == penalised[0], "nothing was generated before the first code"
    assert len(set(penalised)) > len(set(free))
