"""The sequence that XTTS's GPT reads, [prompt, text, codes]: its tokens, embeddings and positions.

    training   32 prompt latents | start, text       | start, codes, 3 stops
    synthesis  32 prompt latents | start, text, stop | start, codes as they are drawn

Text and codes have position embeddings of their own, each counted from its start token.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

STOP_TARGETS = 4  # stock appends three stops to each clip's codes and has one target more
IGNORED = -1  # a target that does not count


# --- the parts of the sequence ---


def prompt_latents(gpt: nn.Module, mels: torch.Tensor) -> torch.Tensor:
    """(B, 80, F) float32 mels -> (B, 32, D), coqui's conditioning encoder and perceiver resampler.

    Equal to `gpt.get_style_emb(mels).transpose(1, 2)` up to rounding, but the matrix of attention
    scores is never stored: with stock's attention that takes a third of a training step on a CPU.
    """
    hidden = _pointwise(gpt.conditioning_encoder.init, mels.transpose(1, 2))  # (B, F, D)
    for block in gpt.conditioning_encoder.attn:
        hidden = _self_attention(block, hidden)

    perceiver = gpt.conditioning_perceiver
    context = perceiver.proj_context(hidden)
    latents = perceiver.latents.expand(len(mels), -1, -1)
    for attention, feed_forward in perceiver.layers:
        latents = _cross_attention(attention, latents, context) + latents
        latents = feed_forward(latents) + latents

    return perceiver.norm(latents)


def embed_text(gpt: nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """(B, N) text tokens, start first -> (B, N, D) with position embeddings."""
    return gpt.text_embedding(tokens) + gpt.text_pos_embedding(tokens)


def embed_codes(gpt: nn.Module, codes: torch.Tensor) -> torch.Tensor:
    """(B, T) audio codes, start first -> (B, T, D) with position embeddings."""
    return gpt.mel_embedding(codes) + gpt.mel_pos_embedding(codes)


# --- training ---


def text_inputs_and_targets(
    gpt: nn.Module, text: torch.Tensor, lengths: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, N) padded tokens -> inputs [start, tokens], targets [tokens, stop].

    Both are (B, N + 1). The clips have (B,) `lengths`; targets behind the stop are IGNORED. Stock
    feeds the stop as well, but masks it from all that follows.
    """
    start, stop = gpt.start_text_token, gpt.stop_text_token
    index = torch.arange(text.shape[1] + 1, device=text.device)[None]
    lengths = lengths[:, None]
    tokens = torch.where(index[:, :-1] < lengths, text, stop)

    inputs = F.pad(tokens, (1, 0), value=start)
    targets = F.pad(tokens, (0, 1), value=stop).masked_fill(index > lengths, IGNORED)
    return inputs, targets


def code_inputs_and_targets(
    gpt: nn.Module, codes: torch.Tensor, lengths: torch.Tensor, ignored_spans: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(B, T) padded codes -> inputs [start, codes, 3 stops], targets [codes, 4 stops].

    Both are (B, T + 4). The clips have (B,) `lengths`. IGNORED are the targets behind the stops
    and those of the codes in `ignored_spans`, (B, 2) [first, last) of each clip.
    """
    start, stop = gpt.start_audio_token, gpt.stop_audio_token
    codes = F.pad(codes, (0, STOP_TARGETS - 1), value=stop)
    index = torch.arange(codes.shape[1] + 1, device=codes.device)[None]
    lengths = lengths[:, None]
    codes = torch.where(index[:, :-1] < lengths, codes, stop)

    first, last = ignored_spans[:, :1], ignored_spans[:, 1:]
    in_span = (index >= first) & (index < torch.minimum(last, lengths))
    ignored = (index >= lengths + STOP_TARGETS) | in_span

    inputs = F.pad(codes, (1, 0), value=start)
    targets = F.pad(codes, (0, 1), value=stop).masked_fill(ignored, IGNORED)
    return inputs, targets


@dataclass(frozen=True)
class Packing:
    """Positions of each clip's prompt, text and codes with no padding between them.

    Attributes:
        order: (B, L) int64, for each position of the sequence the one that it takes from
            [prompt, padded text, padded codes].
        text: the text's positions, the same for every clip.
        codes: (B, T) int64, the codes' positions.
    """

    order: torch.Tensor
    text: slice
    codes: torch.Tensor


def pack(
    prompt_width: int,
    text_width: int,
    codes_width: int,
    text_lengths: torch.Tensor,
    longest: int = 0,
    multiple: int = 1,
) -> Packing:
    """Where the parts of a batch lie when all padding stands behind the codes.

    A causal model cannot attend to it, so no attention mask is needed.

    Args:
        prompt_width, text_width, codes_width: inputs of each part, padding and start included.
        text_lengths: (B,) tokens of each clip, without start.
        longest: text and code inputs of the clip that has most; 0: as long as the padded parts.
        multiple: round the sequence's length up to a multiple of this.
    """
    device = text_lengths.device
    tokens = text_lengths[:, None]
    codes_start = prompt_width + tokens + 1
    padding = text_width - 1 - tokens

    padded = prompt_width + text_width + codes_width
    length = prompt_width + longest if longest else padded
    length = -(-length // multiple) * multiple

    index = torch.arange(length, device=device)[None]
    order = torch.where(index < codes_start, index, index + padding).clamp(max=padded - 1)
    codes = (codes_start + torch.arange(codes_width, device=device)).clamp(max=length - 1)
    return Packing(order, slice(prompt_width, prompt_width + text_width), codes)


def take(values: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """(B, L, D), (B, M) -> (B, M, D): each clip's values at its positions."""
    return values.gather(1, positions[..., None].expand(-1, -1, values.shape[2]))


# --- synthesis ---


def synthesis_sequence(
    gpt: nn.Module, prompt: torch.Tensor, text: torch.Tensor, codes: torch.Tensor | None = None
) -> torch.Tensor:
    """What the GPT has read when it draws the code after `codes`; without `codes`, the first one.

    (32, D) prompt latents, (N,) tokens, (T,) codes -> (32 + N + 2 + 1 + T, D): the text between
    start and stop, the codes behind their start.
    """
    device = prompt.device
    tokens = F.pad(text.to(device), (1, 0), value=gpt.start_text_token)
    tokens = F.pad(tokens, (0, 1), value=gpt.stop_text_token)

    start = torch.tensor([gpt.start_audio_token], device=device)
    drawn = start if codes is None else torch.cat([start, codes.to(device)])

    return torch.cat([prompt, embed_text(gpt, tokens[None])[0], embed_codes(gpt, drawn[None])[0]])


# --- attention ---


def _pointwise(convolution: nn.Conv1d, hidden: torch.Tensor) -> torch.Tensor:
    """A convolution with kernel size 1 as a matrix product, which is faster."""
    return F.linear(hidden, convolution.weight[:, :, 0], convolution.bias)


def _self_attention(block: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """tortoise's `AttentionBlock` on (B, F, D); its residual starts behind the norm."""
    normed = block.norm(hidden.transpose(1, 2)).transpose(1, 2)
    size, frames, width = normed.shape

    # query, key and value of each head lie side by side: (B, H, 3, F, D / H)
    heads = _pointwise(block.qkv, normed).view(size, frames, block.num_heads, 3, -1)
    query, key, value = heads.permute(0, 2, 3, 1, 4).unbind(2)

    out = F.scaled_dot_product_attention(query, key, value)
    out = out.transpose(1, 2).reshape(size, frames, width)
    return normed + _pointwise(block.proj_out, out)


def _cross_attention(
    attention: nn.Module, queries: torch.Tensor, context: torch.Tensor
) -> torch.Tensor:
    """The perceiver's attention, (B, 32, D) x (B, F, D) -> (B, 32, D); queries are keys as well."""
    context = torch.cat([queries, context], dim=1)
    query = attention.to_q(queries)
    key, value = attention.to_kv(context).chunk(2, dim=-1)

    heads = (t.unflatten(-1, (attention.heads, -1)).transpose(1, 2) for t in (query, key, value))
    out = F.scaled_dot_product_attention(*heads)
    return attention.to_out(out.transpose(1, 2).flatten(2))
