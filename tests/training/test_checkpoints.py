"""What a phase keeps on disk is as large as computed, and fits a small disk."""

from __future__ import annotations

import pytest
import torch

from helpers.projects import train_params
from vago.model import checkpoint, lora, xtts
from vago.training import checkpoints, optim


@pytest.mark.parametrize(
    "changes",
    [{}, {"last_precision": "compact"}, {"optimizer": "adamw_8bit"}, {"best_precision": "fp32"}],
)
def test_the_files_are_as_large_as_computed(changes, tiny_base, tmp_path):
    """On the small model; the same sums for XTTS-v2 stand in the next test."""
    p = train_params(**changes).inherit(None)
    gpt = xtts.open_base(tiny_base).gpt
    optimizer, names = optim.build(gpt, p)
    for parameter in gpt.parameters():
        parameter.grad = torch.randn_like(parameter)
    optimizer.step()

    last, best = tmp_path / "last.safetensors", tmp_path / "best.safetensors"
    compact = p.last_precision == "compact"
    checkpoint.save_training(last, lora.trained_weights(gpt), optimizer, names, {}, compact)
    weights = checkpoint.cast_weights(lora.merged_weights(gpt), p.best_precision)
    checkpoint.save_tensors(best, weights, {})

    # headers, and small tensors that stay in float32
    count = sum(t.numel() for t in gpt.parameters())
    computed = checkpoints.sizes(count, count, p)
    assert last.stat().st_size == pytest.approx(computed.last, rel=0.08)
    assert best.stat().st_size == pytest.approx(computed.best, rel=0.02)


def test_xtts_v2_on_a_small_disk():
    size = checkpoints.XTTS_PARAMETERS

    compact = checkpoints.sizes(size, size, train_params(last_precision="compact").inherit(None))
    assert compact.best < 0.95e9 and compact.peak < 4.5e9

    with_lora = checkpoints.sizes(size, 13_000_000, train_params(lora_rank=16).inherit(None))
    assert with_lora.moments(earlier_phases=2).gigabytes.max() < 4.5, "all three phases"

    full = checkpoints.sizes(size, size, train_params().inherit(None))
    assert full.peak > 4.5e9, "exact to the bit is larger, which is why compact exists"
    assert full.moments().gigabytes.max() == pytest.approx(full.peak / 1e9)
