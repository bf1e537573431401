"""The training loss of XTTS's GPT: equal to stock's where stock is right, without its device syncs.

Where it differs from coqui-tts 0.28's `GPT.forward`, and why:

* the prompt is masked in every clip and in units of codes; stock masks only the last clip of a
  batch, in units of 256 samples, and can mask the stop target: a model then learns not to stop;
* masks come from comparing indices with lengths, not from Python loops over device scalars;
* padding stands behind each clip, not between its text and its codes, so that attention needs no
  mask and takes the fast kernels (text and codes have their own positions: nothing else changes);
* sums and token counts are per clip, so that averages are per token over any set of batches.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from vago.model import layout
from vago.training.batches import Batch


class GPTLoss(nn.Module):
    """coqui's `GPT` as a module whose `forward(batch)` gives each clip's negative log-likelihoods.

    A module and not a function because accelerate's wrappers (DDP) hook `forward`.

    Args:
        recompute: gradient checkpointing: keep only the inputs of the GPT's blocks and compute the
            rest again in the backward pass; less memory, a third more time.
        multiple: round each batch's length up to a multiple of this, so that compiled kernels meet
            few shapes.
    """

    def __init__(self, gpt: nn.Module, recompute: bool = False, multiple: int = 1):
        super().__init__()
        self.gpt = gpt
        self.recompute = recompute
        self.multiple = multiple

        # transformers' gelu_new runs eight kernels for this one: a fifth of a step on a CPU
        for block in gpt.gpt.h:
            block.mlp.act = nn.GELU(approximate="tanh")

        # new modules are in training mode: restoring that after scoring would switch dropout on
        self.train(gpt.training)

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """(mel_nll, text_nll), each (B,) float32: sums over the clip's targets, in nats."""
        gpt = self.gpt
        text, text_targets = layout.text_inputs_and_targets(gpt, batch.text, batch.text_lengths)
        codes, code_targets = layout.code_inputs_and_targets(
            gpt, batch.codes, batch.code_lengths, batch.prompt_spans
        )

        # a prompt that several clips share is computed once
        prompt = layout.prompt_latents(gpt, batch.cond_mels)
        prompt = prompt.repeat_interleave(len(batch.text) // len(prompt), dim=0)
        parts = [prompt, layout.embed_text(gpt, text), layout.embed_codes(gpt, codes)]

        widths = [part.shape[1] for part in parts]
        packing = layout.pack(*widths, batch.text_lengths, batch.longest, self.multiple)
        hidden = self._transformer(layout.take(torch.cat(parts, dim=1), packing.order))

        text_hidden = hidden[:, packing.text]
        code_hidden = layout.take(hidden, packing.codes)
        mel_logits = gpt.mel_head(gpt.final_norm(code_hidden))
        text_logits = gpt.text_head(gpt.final_norm(text_hidden))
        return _nll(mel_logits, code_targets), _nll(text_logits, text_targets)

    def _transformer(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, L, D) through the blocks, (B, L, D).

        transformers' own `forward` would keep keys and values for decoding, and its test for packed
        positions would make every step wait for the device.
        """
        transformer = self.gpt.gpt
        hidden = transformer.drop(hidden)
        for block in transformer.h:
            if self.recompute and torch.is_grad_enabled():
                hidden = checkpoint(block, hidden, use_reentrant=False)
            else:
                hidden = block(hidden)

        return transformer.ln_f(hidden)


def training_loss(
    mel_nll: torch.Tensor,
    text_nll: torch.Tensor,
    counts: tuple[int, int],
    text_weight: float = 0.01,
) -> torch.Tensor:
    """mel CE + text_weight * text CE, per token: a scalar.

    `counts` are the (mel, text) targets of the whole accumulation group, so that the gradients of
    its micro-batches, whatever their sizes, add up to the gradient of the group's mean.
    """
    return mel_nll.sum() / counts[0] + text_weight * text_nll.sum() / counts[1]


def _nll(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """(B, L, V), (B, L) -> (B,), summed in float32 under autocast too."""
    each = F.cross_entropy(
        logits.float().flatten(0, 1),
        targets.flatten(),
        ignore_index=layout.IGNORED,
        reduction="none",
    )
    return each.view_as(targets).sum(dim=1)
