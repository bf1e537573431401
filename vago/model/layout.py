"""Prompt mel -> the GPT's 32 conditioning latents: coqui's ConditioningEncoder and PerceiverResampler, weight for weight, with
attention that never holds a whole matrix of scores. A third of a training step went into those on a CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


def latents(gpt: nn.Module, mels: torch.Tensor) -> torch.Tensor:
    """(B, 80, F) float32 -> (B, 32, D): what `gpt.get_style_emb(mels).transpose(1, 2)` is, to rounding."""
    hidden = _pointwise(gpt.conditioning_encoder.init, mels.transpose(1, 2))  # (B, F, D)
    for block in gpt.conditioning_encoder.attn:
        hidden = _attend(block, hidden)
    perceiver = gpt.conditioning_perceiver
    context = perceiver.proj_context(hidden)
    found = perceiver.latents.expand(len(mels), -1, -1)
    for attention, feed_forward in perceiver.layers:
        found = _resample(attention, found, context) + found
        found = feed_forward(found) + found
    return perceiver.norm(found)


def _pointwise(convolution: nn.Conv1d, hidden: torch.Tensor) -> torch.Tensor:
    """A convolution of kernel 1 is a matrix product, and faster as one."""
    return F.linear(hidden, convolution.weight[:, :, 0], convolution.bias)


def _attend(block: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """tortoise's `AttentionBlock` on (B, F, D): its residual goes around the attention from behind the norm."""
    normal = block.norm(hidden.transpose(1, 2)).transpose(1, 2)
    size, frames, width = normal.shape
    # heads first, then query, key and value of each: (B, H, 3, F, D / H)
    parts = (
        _pointwise(block.qkv, normal)
        .view(size, frames, block.num_heads, 3, -1)
        .permute(0, 2, 3, 1, 4)
    )
    out = (
        F.scaled_dot_product_attention(*parts.unbind(2))
        .transpose(1, 2)
        .reshape(size, frames, width)
    )
    return normal + _pointwise(block.proj_out, out)


def _resample(attention: nn.Module, queries: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
    """The perceiver's cross-attention: its queries stand among the keys."""
    context = torch.cat([queries, context], dim=1)
    q, (k, v) = attention.to_q(queries), attention.to_kv(context).chunk(2, dim=-1)
    heads = (part.unflatten(-1, (attention.heads, -1)).transpose(1, 2) for part in (q, k, v))
    return attention.to_out(F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))
