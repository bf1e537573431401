"""The learning rate's schedule, and which weights decay."""

from __future__ import annotations

import pytest

from helpers.projects import train_params
from vago.model import xtts
from vago.training.optim import learning_rate, parameter_groups


def test_learning_rate_warms_up_and_falls():
    p = train_params(learning_rate=1e-3, warmup_steps=10).inherit(None)
    rates = [learning_rate(p, step, 200) for step in range(200)]

    assert rates[0] < 2e-4
    assert max(rates) == pytest.approx(1e-3) and rates.index(max(rates)) == 10
    assert rates[-1] == pytest.approx(1e-4, rel=0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)

    constant = p.model_copy(update={"schedule": "constant"})
    assert {learning_rate(constant, step, 200) for step in range(10, 200)} == {1e-3}


def test_only_matrices_decay(tiny_base):
    gpt = xtts.open_base(tiny_base).gpt
    groups, names = parameter_groups(gpt, 0.01)

    first_plain = len(groups[0]["params"])
    decayed, plain = names[:first_plain], names[first_plain:]
    assert groups[1]["weight_decay"] == 0
    assert len(names) == len(dict(gpt.named_parameters()))

    assert "gpt.h.0.attn.c_attn.weight" in decayed and "mel_head.weight" in decayed
    for name in (
        "text_embedding.weight",
        "mel_pos_embedding.emb.weight",
        "final_norm.weight",
        "mel_head.bias",
        "conditioning_perceiver.latents",
    ):
        assert name in plain

    in_groups = [parameter for group in groups for parameter in group["params"]]
    for parameter, name in zip(in_groups, names):
        assert parameter is gpt.get_parameter(name)
