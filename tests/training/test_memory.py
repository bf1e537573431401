"""Less memory and disk: each way trains, resumes, and saves weights that stock can load."""

from __future__ import annotations

import pytest
import torch

from helpers.projects import train_params
from helpers.training import silent, stop_at, validation_losses
from vago.model import checkpoint, lora, xtts
from vago.paths import Paths
from vago.training import batches
from vago.training.loss import GPTLoss
from vago.training.processes import Interrupted
from vago.training.train import train_phase

LOW_MEMORY = dict(epochs=2, eval_every=4, save_every=10, learning_rate=2e-3)
WAYS = {
    "8-bit": dict(optimizer="adamw_8bit", gradient_checkpointing=True),
    "LoRA": dict(lora_rank=8, learning_rate=1e-2),
}


def interrupted_and_resumed(p, paths, step=3):
    """Stop at `step`, read `last.safetensors`, resume: (its tensors, phase.json)."""
    with pytest.raises(Interrupted):
        train_phase(p, paths, log=stop_at(step))

    kept = checkpoint.load_tensors(paths.phase("baseline") / "last.safetensors")[0]
    return kept, train_phase(p, paths, log=silent)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_it_learns_resumes_to_the_same_bits_and_stock_loads_it(way, project, tmp_path):
    p = train_params(**{**LOW_MEMORY, **WAYS[way]})
    whole = Paths(project.root, tmp_path / "whole", project.base)
    whole.home.mkdir()
    whole.corpus.symlink_to(project.corpus)

    # it learns
    expected = train_phase(p, whole, log=silent)
    losses = validation_losses(whole)
    assert losses[-1] < losses[0] - 0.05

    # it resumes to the same bits
    kept, result = interrupted_and_resumed(p, project)
    assert result["best_sha256"] == expected["best_sha256"]
    weights = {name for name in kept if not name.startswith("optimizer.")}
    only_adapters = all(".lora_" in name for name in weights)
    assert only_adapters == (way == "LoRA")
    if way == "8-bit":
        assert kept["optimizer.mel_head.weight.state1"].dtype == torch.uint8

    # stock loads it
    tensors = checkpoint.load_tensors(project.phase("baseline") / "best.safetensors")[0]
    gpt = xtts.open_base(project.base).gpt
    gpt.load_state_dict(tensors, strict=True)
    assert {t.dtype for t in tensors.values()} == {torch.float16}


@pytest.mark.slow
def test_a_compact_last_resumes_to_rounding(project):
    p = train_params(epochs=2, eval_every=4, save_every=10, last_precision="compact")
    kept, _ = interrupted_and_resumed(p, project)
    assert kept["optimizer.mel_head.weight.exp_avg"].dtype == torch.uint8
    assert kept["mel_head.weight"].dtype == torch.float16
    resumed = validation_losses(project)

    # without its best weights the phase is trained again, this time in one go
    (project.phase("baseline") / "best.safetensors").unlink()
    train_phase(p, project, log=silent)
    assert resumed[-1] == pytest.approx(validation_losses(project)[-1], rel=0.01)
    assert resumed[-1] < resumed[0] - 0.05


def test_lora_starts_as_the_identity_and_merges_to_what_it_computes(tiny_base, mini_features):
    clips, training = mini_features
    batch = batches.training_batch(clips, training[:2], "other", (1.0, 1.0), (1, 2))

    def losses(gpt) -> torch.Tensor:
        return torch.stack(GPTLoss(gpt)(batch))

    with torch.no_grad():
        # LoRA B is zero-initialised
        gpt = xtts.open_base(tiny_base).gpt.eval()
        before = losses(gpt)
        lora.add_adapters(gpt, 4, seed=1)
        assert torch.equal(losses(gpt), before)
        trained = {name for name, t in gpt.named_parameters() if t.requires_grad}
        assert trained == set(lora.trained_weights(gpt))

        for name, parameter in gpt.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
        with_adapters = losses(gpt)
        assert (with_adapters - before).abs().max() > 1, "the adapters have an effect"

        # the merged weights give the same loss in a plain model and in the one with adapters
        merged = lora.merged_weights(gpt)
        plain = xtts.open_base(tiny_base).gpt.eval()
        plain.load_state_dict(merged, strict=True)
        torch.testing.assert_close(losses(plain), with_adapters, rtol=1e-4, atol=1e-2)

        lora.load_merged_weights(gpt, merged)
        torch.testing.assert_close(losses(gpt), with_adapters, rtol=1e-4, atol=1e-2)


def test_recomputing_gives_the_same_gradients(tiny_base, mini_features):
    clips, training = mini_features
    batch = batches.training_batch(clips, training[:2], "other", (1.0, 1.0), (1, 2))

    gradients = []
    for recompute in (False, True):
        gpt = xtts.open_base(tiny_base).gpt.train()
        torch.manual_seed(3)  # dropout must fall on the same places the second time
        GPTLoss(gpt, recompute=recompute)(batch)[0].sum().backward()
        gradients.append([t.grad for t in gpt.parameters() if t.grad is not None])

    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_rounding_up_the_width_changes_nothing(tiny_base, mini_features):
    clips, training = mini_features
    batch = batches.training_batch(clips, training[:3], "other", (1.0, 1.0), (1, 2))
    gpt = xtts.open_base(tiny_base).gpt.eval()

    with torch.no_grad():
        rounded = torch.stack(GPTLoss(gpt, multiple=64)(batch))
        plain = torch.stack(GPTLoss(gpt)(batch))
    torch.testing.assert_close(rounded, plain, rtol=1e-5, atol=1e-3)
