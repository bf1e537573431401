"""Audio codes out of XTTS's GPT: many texts at once over a preallocated key-value cache, the latents taken on the way.

Stock decodes through transformers' `generate`, one text at a time, and then runs the whole GPT again over the codes to get the
latents that the vocoder needs; those are the hidden states that decoding went through, so here they are kept.

The layers are those of coqui-tts's GPT2Model, computed here without the library's way around them, which costs more than a
small model itself. Where there is a GPU one step is a CUDA graph: fixed shapes, fixed places, one launch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import nn
from transformers.activations import NewGELUActivation

from vago.model import xtts
from vago.synthesis.params import SpeechParams
from vago.synthesis.sampling import Sampler

BLOCK = (
    256  # on a GPU the cache's length is a multiple, so that one graph serves lines of like lengths
)
_KEPT: WeakKeyDictionary[nn.Module, dict] = (
    WeakKeyDictionary()
)  # (rows, dtype) -> (where the weights lie, Decoder)


@dataclass(frozen=True)
class Decoded:
    """codes: (T,) int64 with the stop code last where `ended`; latents: (T, D), one per code as stock counts them."""

    codes: torch.Tensor
    latents: torch.Tensor
    ended: bool


class Decoder:
    """The GPT with room for `rows` texts of `length` positions in its cache.

    Args:
        dtype: of weights and cache; in another one than the GPT's own the weights are copied.
        static: whether a step has the same shapes at every position, as a CUDA graph needs; else it reads only the filled
            part of the cache. None: where the GPT lies on a GPU.
    """

    def __init__(
        self,
        gpt: nn.Module,
        rows: int,
        length: int,
        dtype: torch.dtype = torch.float32,
        static: bool | None = None,
    ):
        self.dtype, self.length, self.heads = dtype, length, gpt.heads
        self.graph: torch.cuda.CUDAGraph | None = None
        self.refresh(gpt)
        device = gpt.mel_head.weight.device
        self.static = device.type == "cuda" if static is None else static
        shape = (len(self.layers), rows, self.heads, length, gpt.model_dim // self.heads)
        make = (
            torch.zeros if self.static else torch.empty
        )  # what is masked is still multiplied by nought, so it must be finite
        self.keys, self.values = (make(shape, dtype=dtype, device=device) for _ in range(2))
        self.mask = torch.zeros(rows, 1, 1, length, dtype=torch.bool, device=device)
        self.padded, self.filled = False, 0
        self.code, self.at, self.place = (
            torch.zeros(n, dtype=torch.long, device=device) for n in (rows, 1, 1)
        )

    def refresh(self, gpt: nn.Module) -> None:
        """Take the GPT's weights as they are now; a graph that was captured goes on with them."""
        layers = [
            _weights(
                (b.ln_1, b.attn.c_attn, b.attn.c_proj, b.ln_2, b.mlp.c_fc, b.mlp.c_proj), self.dtype
            )
            for b in gpt.gpt.h
        ]
        ends = _weights((gpt.gpt.ln_f, gpt.final_norm, gpt.mel_head), self.dtype)
        if self.graph:
            for old, new in zip(chain(*self.layers, self.ends), chain(*layers, ends)):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)
            return
        self.layers, self.ends = layers, ends
        # no reference to the GPT itself: it may be let go while this is kept for it
        self.embeddings = (
            gpt.mel_embedding.weight.detach(),
            gpt.mel_pos_embedding.emb.weight.detach(),
        )
        act = gpt.gpt.h[0].mlp.act
        # the library writes GPT-2's GELU out in seven operations; PyTorch has it as one
        self.act = (
            partial(F.gelu, approximate="tanh") if isinstance(act, NewGELUActivation) else act
        )
        self.eps = gpt.gpt.ln_f.eps
        self.last_eps = gpt.final_norm.eps

    def prefill(self, emb: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Fill the cache with a prefix padded on the left.

        Args:
            emb: (B, N, D). mask: (B, N) bool, False on padding.

        Returns:
            (latents (B, D), logits (B, codes)) of the last position.
        """
        rows, n = mask.shape
        self.padded, self.filled = not bool(mask.all()), n
        self.mask.zero_()
        self.mask[:, 0, 0, :n] = mask
        causal = torch.ones(n, n, dtype=torch.bool, device=emb.device).tril()
        # padding sees itself, or its softmax over nothing would be NaN and spread
        seen = (causal & mask[:, None, :]) | torch.eye(n, dtype=torch.bool, device=emb.device)
        x = emb.to(self.dtype)
        for i in range(len(self.layers)):
            x = self._layer(i, x, slice(0, n), seen[:, None], n)
        return self._finish(x[:, -1])

    def step(self, codes: torch.Tensor, position: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Take one code (B,) per row, the `position`th after the start of audio; (latents (B, D), logits (B, codes)) after it."""
        if self.static:
            self.code.copy_(codes)
        else:
            self.code = codes
        self.at.fill_(position)
        self.place.fill_(self.filled)
        self.filled += 1
        if self.code.device.type != "cuda":
            return self._step()
        if self.graph is None:
            self._capture()
        self.graph.replay()
        return self.out

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows alone."""
        self.keys, self.values, self.mask = (
            self.keys[:, rows],
            self.values[:, rows],
            self.mask[rows],
        )

    def _step(self) -> tuple[torch.Tensor, torch.Tensor]:
        emb = F.embedding(self.code, self.embeddings[0]) + F.embedding(self.at, self.embeddings[1])
        self.mask.index_fill_(3, self.place, True)
        end = self.length if self.static else self.filled
        seen = self.mask[..., :end] if self.static or self.padded else None
        x = emb.to(self.dtype)[:, None]
        for i in range(len(self.layers)):
            x = self._layer(i, x, self.place, seen, end)
        return self._finish(x[:, 0])

    def _layer(
        self, i: int, x: torch.Tensor, where, seen: torch.Tensor | None, end: int
    ) -> torch.Tensor:
        """One transformer layer; its keys and values go to `where` in the cache, of which queries see the first `end`."""
        rows, n, width = x.shape
        norm_w, norm_b, qkv_w, qkv_b, out_w, out_b, norm2_w, norm2_b, up_w, up_b, down_w, down_b = (
            self.layers[i]
        )
        h = F.layer_norm(x, (width,), norm_w, norm_b, self.eps).view(-1, width)
        q, k, v = (
            torch.addmm(qkv_b, h, qkv_w).view(rows, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )
        keys, values = self.keys[i], self.values[i]
        if isinstance(where, slice):
            keys[:, :, where], values[:, :, where] = k, v
        else:
            keys.index_copy_(2, where, k)
            values.index_copy_(2, where, v)
        a = F.scaled_dot_product_attention(q, keys[:, :, :end], values[:, :, :end], attn_mask=seen)
        x = x + torch.addmm(out_b, a.transpose(1, 2).reshape(-1, width), out_w).view(rows, n, width)
        h = F.layer_norm(x, (width,), norm2_w, norm2_b, self.eps).view(-1, width)
        h = self.act(torch.addmm(up_b, h, up_w))
        return x + torch.addmm(down_b, h, down_w).view(rows, n, width)

    def _finish(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        first_w, first_b, norm_w, norm_b, head_w, head_b = self.ends
        x = F.layer_norm(x, x.shape[-1:], first_w, first_b, self.eps)
        latent = F.layer_norm(x, x.shape[-1:], norm_w, norm_b, self.last_eps)
        return latent.float(), F.linear(latent, head_w, head_b).float()

    def _capture(self) -> None:
        """Record one step. Its trial runs write where the next real step writes anyway."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._step()
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.out = self._step()


def _weights(modules: Sequence[nn.Module], dtype: torch.dtype) -> list[torch.Tensor]:
    """Weight and bias of each in `dtype`: themselves where they are in it already."""
    return [t.detach().to(dtype) for module in modules for t in (module.weight, module.bias)]


@torch.inference_mode()
def decode(
    gpt: nn.Module,
    cond_latents: torch.Tensor,
    texts: Sequence[torch.Tensor],
    p: SpeechParams,
    limits: Sequence[int],
    seeds: Sequence[int],
    said: Sequence[int] = (),
) -> list[Decoded]:
    """Draw audio codes for several texts at once; arguments as for `steps`."""
    codes, latents = [[] for _ in texts], [[] for _ in texts]
    for alive, drawn, latent in steps(gpt, cond_latents, texts, p, limits, seeds, said):
        for i, code, one in zip(alive, drawn, latent):
            codes[i].append(code)
            latents[i].append(one)
    stop = gpt.stop_audio_token
    return [
        Decoded(torch.tensor(c, device=cond_latents.device), torch.stack(h), c[-1] == stop)
        for c, h in zip(codes, latents)
    ]


@torch.inference_mode()
def steps(
    gpt: nn.Module,
    cond_latents: torch.Tensor,
    texts: Sequence[torch.Tensor],
    p: SpeechParams,
    limits: Sequence[int],
    seeds: Sequence[int],
    said: Sequence[int] = (),
) -> Iterator[tuple[list[int], list[int], torch.Tensor]]:
    """Decode step by step.

    Args:
        cond_latents: (1, 32, D) the voice's prompt.
        texts: (N,) token ids each, without start and stop.
        p: sampling settings; temperature 0 takes the likeliest code.
        limits: the most codes per text.
        seeds: of each text's random numbers.
        said: codes that the repetition penalty holds for said from the start; stock's are `sampling.stand_ins`.

    Yields:
        (which texts are still going on, (A) their codes, (A, D) their latents).
    """
    device, stop = cond_latents.device, gpt.stop_audio_token
    emb, mask = prefixes(gpt, cond_latents, texts)
    limits = [min(limit, gpt.max_gen_mel_tokens) for limit in limits]
    length = mask.shape[1] + max(limits)
    sampler = Sampler(p, len(texts), gpt.num_audio_tokens, seeds, said, device)
    rows = list(
        range(len(texts))
    )  # the text of each row; None where it has ended and cannot be left out
    dtype = torch.bfloat16 if xtts.is_bf16(p.precision, device.type) else torch.float32
    with _decoder(gpt, len(texts), length, dtype) as decoder:
        latent, logits = decoder.prefill(emb, mask)
        for position in range(1, max(limits) + 1):
            drawn = sampler.draw(logits)
            codes = drawn.tolist()
            going = [r for r, i in enumerate(rows) if i is not None]
            yield [rows[r] for r in going], [codes[r] for r in going], latent[going]
            ended = [r for r in going if codes[r] == stop or position >= limits[rows[r]]]
            if len(ended) == len(going):
                return
            if decoder.static:
                rows = [None if r in ended else i for r, i in enumerate(rows)]
            elif ended:
                left = [r for r in going if r not in ended]
                decoder.keep(left)
                sampler.keep(left)
                drawn, rows = drawn[left], [rows[r] for r in left]
            latent, logits = decoder.step(drawn, position)


def prefixes(
    gpt: nn.Module, cond_latents: torch.Tensor, texts: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """[prompt, start text stop, start of audio] of each text: (B, N, D), shorter ones padded on the left; (B, N) bool mask."""
    device = cond_latents.device
    start = torch.tensor([[gpt.start_audio_token]], device=device)
    audio = gpt.mel_embedding(start) + gpt.mel_pos_embedding(start)
    rows = []
    for tokens in texts:
        ids = F.pad(
            F.pad(tokens.to(device)[None], (1, 0), value=gpt.start_text_token),
            (0, 1),
            value=gpt.stop_text_token,
        )
        rows.append(
            torch.cat(
                [cond_latents, gpt.text_embedding(ids) + gpt.text_pos_embedding(ids), audio], dim=1
            )[0]
        )
    width = max(map(len, rows))
    emb = torch.stack([F.pad(row, (0, 0, width - len(row), 0)) for row in rows])
    return emb, torch.stack(
        [torch.arange(width, device=device) >= width - len(row) for row in rows]
    )


@contextmanager
def _decoder(gpt: nn.Module, rows: int, length: int, dtype: torch.dtype) -> Iterator[Decoder]:
    """A fresh one; on a GPU the last one for so many rows if it is long enough: its graph is captured already.

    It is out of the shelf while in use, so that two streams at a time do not share a cache.
    """
    if gpt.mel_head.weight.device.type != "cuda":
        yield Decoder(gpt, rows, length, dtype)
        return
    kept, places = _KEPT.setdefault(gpt, {}), [p.data_ptr() for p in gpt.parameters()]
    before, decoder = kept.pop((rows, dtype), (None, None))
    if before == places and decoder.length >= length:
        decoder.refresh(gpt)
    else:
        decoder = Decoder(gpt, rows, -(-length // BLOCK) * BLOCK, dtype)
    try:
        yield decoder
    finally:
        kept[rows, dtype] = places, decoder
