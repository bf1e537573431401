"""Draws as transformers' `generate` makes them, from the same logits and random numbers."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from vago.synthesis.params import SpeechParams
from vago.synthesis.sampling import Sampler

CODES = 60


def transformers_draws(
    logits: torch.Tensor, p: SpeechParams, seed: int, penalized: list[int]
) -> list[int]:
    """(T, codes) logits of one text -> T codes, by transformers' processors and multinomial."""
    processors = LogitsProcessorList([RepetitionPenaltyLogitsProcessor(p.repetition_penalty)])
    processors += [
        TemperatureLogitsWarper(p.temperature),
        TopKLogitsWarper(p.top_k),
        TopPLogitsWarper(p.top_p),
    ]

    generator, codes = torch.Generator().manual_seed(seed), list(penalized)
    for row in logits:
        before = torch.tensor([codes], dtype=torch.long)
        shares = processors(before, row[None].clone()).softmax(dim=-1)
        codes.append(torch.multinomial(shares, 1, generator=generator).item())
    return codes[len(penalized) :]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31 - 1),
    spread=st.sampled_from([0.1, 1.0, 8.0]),
    temperature=st.floats(0.05, 2),
    top_k=st.integers(1, 80),
    top_p=st.floats(0.01, 1),
    penalty=st.floats(1, 20),
)
def test_the_same_codes_as_transformers(seed, spread, temperature, top_k, top_p, penalty):
    p = SpeechParams(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=penalty)
    logits = torch.randn(2, 12, CODES, generator=torch.Generator().manual_seed(seed)) * spread

    sampler = Sampler(p, 2, CODES, [seed, seed + 1], [1, 5], "cpu")
    ours = torch.stack([sampler.draw(logits[:, step].clone()) for step in range(12)], dim=1)
    assert ours.tolist() == [transformers_draws(logits[i], p, seed + i, [1, 5]) for i in range(2)]


def test_only_generated_codes_are_penalised():
    p = SpeechParams(temperature=0, repetition_penalty=2.0)
    logits = torch.zeros(1, CODES)
    logits[0, [1, 7]] = torch.tensor([3.0, 2.0])

    ours = Sampler(p, 1, CODES, [1], [], "cpu")
    drawn = [ours.draw(logits).item() for _ in range(3)]
    assert drawn == [1, 7, 1], "3 / 2 is below 2, then 2 / 2 is below 3 / 2"

    stock = Sampler(p, 1, CODES, [1], [1], "cpu")
    assert stock.draw(logits).item() == 7, "code 1 is penalised from the start"


def test_a_row_draws_as_it_would_alone():
    p = SpeechParams(temperature=1.0, repetition_penalty=5.0)
    logits = torch.randn(3, 8, CODES, generator=torch.Generator().manual_seed(2))

    both = Sampler(p, 3, CODES, [4, 5, 6], [], "cpu")
    drawn = [both.draw(logits[:, step]) for step in range(4)]
    both.keep([2, 1])
    later = [both.draw(logits[[2, 1], step]) for step in range(4, 8)]

    alone = Sampler(p, 1, CODES, [6], [], "cpu")
    expected = [alone.draw(logits[2:3, step]).item() for step in range(8)]
    assert [row[2].item() for row in drawn] + [row[0].item() for row in later] == expected
