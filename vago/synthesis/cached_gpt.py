"""XTTS's GPT with a preallocated key-value cache: one step of decoding for a batch of texts.

The layers are those of coqui-tts's GPT2Model, computed here without the library's overhead, which
costs more than a small model itself. On a GPU one step is a CUDA graph: fixed shapes at fixed
addresses, one launch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import nn
from transformers.activations import NewGELUActivation

# On a GPU the cache's length is a multiple of this, so that lines of similar length share a graph.
BLOCK = 256

# {GPT: {(rows, dtype): (addresses of the GPT's weights, CachedGPT)}}, on GPUs only
_KEPT: WeakKeyDictionary[nn.Module, dict] = WeakKeyDictionary()


class CachedGPT:
    """The GPT with a cache of `length` positions for each of `rows` texts.

    Args:
        dtype: of weights and cache; the weights are copied where the GPT has another one.
        static: whether every step has the same shapes, as a CUDA graph needs; otherwise a step
            reads only the filled part of the cache. None: static on a GPU.
    """

    def __init__(
        self,
        gpt: nn.Module,
        rows: int,
        length: int,
        dtype: torch.dtype = torch.float32,
        static: bool | None = None,
    ):
        self.dtype = dtype
        self.length = length
        self.heads = gpt.heads
        self.graph: torch.cuda.CUDAGraph | None = None
        self.refresh(gpt)

        device = gpt.mel_head.weight.device
        self.static = device.type == "cuda" if static is None else static

        # Masked entries are multiplied by 0 in a static step, so they must be finite.
        make = torch.zeros if self.static else torch.empty
        shape = (len(self.layers), rows, self.heads, length, gpt.model_dim // self.heads)
        self.keys = make(shape, dtype=dtype, device=device)
        self.values = make(shape, dtype=dtype, device=device)
        self.mask = torch.zeros(rows, 1, 1, length, dtype=torch.bool, device=device)
        self.padded = False
        self.filled = 0

        # a step's inputs, at fixed addresses: codes, their position, their place in the cache
        self.codes = torch.zeros(rows, dtype=torch.long, device=device)
        self.position = torch.zeros(1, dtype=torch.long, device=device)
        self.place = torch.zeros(1, dtype=torch.long, device=device)

    def refresh(self, gpt: nn.Module) -> None:
        """Take over the GPT's present weights; a captured graph keeps their addresses."""
        layers = []
        for block in gpt.gpt.h:
            attention = (block.ln_1, block.attn.c_attn, block.attn.c_proj)
            feed_forward = (block.ln_2, block.mlp.c_fc, block.mlp.c_proj)
            layers.append(_weights((*attention, *feed_forward), self.dtype))
        ends = _weights((gpt.gpt.ln_f, gpt.final_norm, gpt.mel_head), self.dtype)

        if self.graph:
            for old, new in zip(chain(*self.layers, self.ends), chain(*layers, ends)):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)
            return

        # No reference to the GPT itself: _KEPT must not keep it alive.
        self.layers, self.ends = layers, ends
        self.code_embedding = gpt.mel_embedding.weight.detach()
        self.position_embedding = gpt.mel_pos_embedding.emb.weight.detach()
        self.eps = gpt.gpt.ln_f.eps
        self.last_eps = gpt.final_norm.eps

        # The library computes GPT-2's GELU in seven operations; PyTorch has it as one.
        self.act = gpt.gpt.h[0].mlp.act
        if isinstance(self.act, NewGELUActivation):
            self.act = partial(F.gelu, approximate="tanh")

    def prefill(self, emb: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Fill the cache with a prefix padded on the left.

        Args:
            emb: (B, N, D). mask: (B, N) bool, False on padding.

        Returns:
            (latents (B, D), logits (B, codes)) of the last position.
        """
        n = mask.shape[1]
        self.padded = not bool(mask.all())
        self.filled = n
        self.mask.zero_()
        self.mask[:, 0, 0, :n] = mask

        # Padding attends to itself: a softmax over nothing would be NaN and spread.
        causal = torch.ones(n, n, dtype=torch.bool, device=emb.device).tril()
        itself = torch.eye(n, dtype=torch.bool, device=emb.device)
        visible = (causal & mask[:, None, :]) | itself

        x = emb.to(self.dtype)
        for i in range(len(self.layers)):
            x = self._layer(i, x, slice(0, n), visible[:, None], n)
        return self._head(x[:, -1])

    def step(self, codes: torch.Tensor, position: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Append one code per row and compute what follows it.

        Args:
            codes: (B,) int64. position: 1 for the first code after the start of audio.

        Returns:
            (latents (B, D), logits (B, codes)).
        """
        if self.static:
            self.codes.copy_(codes)
        else:
            self.codes = codes
        self.position.fill_(position)
        self.place.fill_(self.filled)
        self.filled += 1

        if self.codes.device.type != "cuda":
            return self._step()
        if self.graph is None:
            self._capture()
        self.graph.replay()
        return self.out

    def keep(self, rows: Sequence[int]) -> None:
        """Continue with these rows only."""
        self.keys = self.keys[:, rows]
        self.values = self.values[:, rows]
        self.mask = self.mask[rows]

    def _step(self) -> tuple[torch.Tensor, torch.Tensor]:
        positions = F.embedding(self.position, self.position_embedding)
        emb = F.embedding(self.codes, self.code_embedding) + positions

        self.mask.index_fill_(3, self.place, True)
        end = self.length if self.static else self.filled
        visible = self.mask[..., :end] if self.static or self.padded else None

        x = emb.to(self.dtype)[:, None]
        for i in range(len(self.layers)):
            x = self._layer(i, x, self.place, visible, end)
        return self._head(x[:, 0])

    def _layer(
        self,
        i: int,
        x: torch.Tensor,
        place: slice | torch.Tensor,
        visible: torch.Tensor | None,
        end: int,
    ) -> torch.Tensor:
        """One transformer layer on (B, N, D).

        Its keys and values go to `place` in the cache; the queries attend to the first `end`.
        """
        rows, n, width = x.shape
        norm_w, norm_b, qkv_w, qkv_b, out_w, out_b, *feed_forward = self.layers[i]
        norm2_w, norm2_b, up_w, up_b, down_w, down_b = feed_forward

        h = F.layer_norm(x, (width,), norm_w, norm_b, self.eps).view(-1, width)
        qkv = torch.addmm(qkv_b, h, qkv_w).view(rows, n, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)

        keys, values = self.keys[i], self.values[i]
        if isinstance(place, slice):
            keys[:, :, place], values[:, :, place] = k, v
        else:
            keys.index_copy_(2, place, k)
            values.index_copy_(2, place, v)

        keys, values = keys[:, :, :end], values[:, :, :end]
        a = F.scaled_dot_product_attention(q, keys, values, attn_mask=visible)
        a = a.transpose(1, 2).reshape(-1, width)
        x = x + torch.addmm(out_b, a, out_w).view(rows, n, width)

        h = F.layer_norm(x, (width,), norm2_w, norm2_b, self.eps).view(-1, width)
        h = self.act(torch.addmm(up_b, h, up_w))
        return x + torch.addmm(down_b, h, down_w).view(rows, n, width)

    def _head(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, D) of the last layer -> (latents (B, D), logits (B, codes)), both float32."""
        first_w, first_b, norm_w, norm_b, head_w, head_b = self.ends
        x = F.layer_norm(x, x.shape[-1:], first_w, first_b, self.eps)
        latent = F.layer_norm(x, x.shape[-1:], norm_w, norm_b, self.last_eps)
        return latent.float(), F.linear(latent, head_w, head_b).float()

    def _capture(self) -> None:
        """Record one step as a CUDA graph. The warm-up runs write where the real step will."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(stream)

        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.out = self._step()


@contextmanager
def cached_gpt(gpt: nn.Module, rows: int, length: int, dtype: torch.dtype) -> Iterator[CachedGPT]:
    """A CachedGPT to decode with.

    On a GPU the last one for as many rows is used again if it is long enough: its graph is captured
    already. While in use it is out of _KEPT, so that two streams never share a cache.
    """
    if gpt.mel_head.weight.device.type != "cuda":
        yield CachedGPT(gpt, rows, length, dtype)
        return

    kept = _KEPT.setdefault(gpt, {})
    addresses = [p.data_ptr() for p in gpt.parameters()]
    before, cached = kept.pop((rows, dtype), (None, None))
    if before == addresses and cached.length >= length:
        cached.refresh(gpt)
    else:
        cached = CachedGPT(gpt, rows, -(-length // BLOCK) * BLOCK, dtype)

    try:
        yield cached
    finally:
        kept[rows, dtype] = addresses, cached


def _weights(modules: Sequence[nn.Module], dtype: torch.dtype) -> list[torch.Tensor]:
    """Weight and bias of each module in `dtype`, not copied where they have it already."""
    return [t.detach().to(dtype) for module in modules for t in (module.weight, module.bias)]
