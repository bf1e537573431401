"""Audio codes from XTTS's GPT: several texts at once, the latents for the vocoder taken on the way.

Stock decodes through transformers' `generate`, one text at a time, and then runs the whole GPT
again over the codes to get the latents that the vocoder needs. Those are the hidden states that
decoding went through, so here they are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from vago.audio.io import SAMPLE_RATE
from vago.model import layout, xtts
from vago.synthesis.cached_gpt import cached_gpt
from vago.synthesis.params import SpeechParams
from vago.synthesis.sampling import Sampler

CODES_PER_SECOND = SAMPLE_RATE / xtts.CODE_SAMPLES


@dataclass(frozen=True)
class Decoded:
    """One text's codes.

    Attributes:
        codes: (T,) int64, the stop code last where `ended`.
        latents: (T, D) float32, one per code as stock counts them.
        ended: False where the limit of codes was reached.
    """

    codes: torch.Tensor
    latents: torch.Tensor
    ended: bool

    @property
    def seconds(self) -> float:
        return len(self.codes) / CODES_PER_SECOND


@torch.inference_mode()
def decode(
    gpt: nn.Module,
    cond_latents: torch.Tensor,
    texts: Sequence[torch.Tensor],
    p: SpeechParams,
    limits: Sequence[int],
    seeds: Sequence[int],
    penalized: Sequence[int] = (),
) -> list[Decoded]:
    """Draw audio codes for several texts at once; arguments as for `steps`."""
    codes = [[] for _ in texts]
    latents = [[] for _ in texts]
    for alive, drawn, latent in steps(gpt, cond_latents, texts, p, limits, seeds, penalized):
        for i, code, one in zip(alive, drawn, latent):
            codes[i].append(code)
            latents[i].append(one)

    found = []
    for drawn, latent in zip(codes, latents):
        ended = drawn[-1] == gpt.stop_audio_token
        drawn = torch.tensor(drawn, device=cond_latents.device)
        found.append(Decoded(drawn, torch.stack(latent), ended))
    return found


@torch.inference_mode()
def steps(
    gpt: nn.Module,
    cond_latents: torch.Tensor,
    texts: Sequence[torch.Tensor],
    p: SpeechParams,
    limits: Sequence[int],
    seeds: Sequence[int],
    penalized: Sequence[int] = (),
) -> Iterator[tuple[list[int], list[int], torch.Tensor]]:
    """Decode step by step.

    Args:
        cond_latents: (1, 32, D), the voice's prompt.
        texts: (N,) token ids each, without start and stop.
        p: sampling settings; temperature 0 is greedy.
        limits: maximum number of codes of each text.
        seeds: of each text's random numbers.
        penalized: codes that the repetition penalty treats as generated from the start; stock's
            are `sampling.stand_ins`.

    Yields:
        (indices of the texts still being decoded (A), their codes (A), their latents (A, D)).
    """
    device = cond_latents.device
    emb, mask = prefixes(gpt, cond_latents, texts)
    limits = [min(limit, gpt.max_gen_mel_tokens) for limit in limits]
    length = mask.shape[1] + max(limits)
    sampler = Sampler(p, len(texts), gpt.num_audio_tokens, seeds, penalized, device)
    dtype = torch.bfloat16 if xtts.is_bf16(p.precision, device.type) else torch.float32

    # the text of each row; None where it has ended and its row has to stay
    rows: list[int | None] = list(range(len(texts)))

    with cached_gpt(gpt, len(texts), length, dtype) as cached:
        latent, logits = cached.prefill(emb, mask)
        for position in range(1, max(limits) + 1):
            drawn = sampler.draw(logits)
            codes = drawn.tolist()
            alive = [r for r, i in enumerate(rows) if i is not None]
            yield [rows[r] for r in alive], [codes[r] for r in alive], latent[alive]

            stop = gpt.stop_audio_token
            ended = [r for r in alive if codes[r] == stop or position >= limits[rows[r]]]
            if len(ended) == len(alive):
                return

            # A static cache keeps its shape, so ended rows run along; otherwise they are left out.
            if cached.static:
                rows = [None if r in ended else i for r, i in enumerate(rows)]
            elif ended:
                left = [r for r in alive if r not in ended]
                cached.keep(left)
                sampler.keep(left)
                drawn = drawn[left]
                rows = [rows[r] for r in left]
            latent, logits = cached.step(drawn, position)


def prefixes(
    gpt: nn.Module, cond_latents: torch.Tensor, texts: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """[prompt, text between start and stop, start of audio] of each text, padded on the left.

    Returns:
        (embeddings (B, N, D), mask (B, N) bool, False on padding).
    """
    device = cond_latents.device
    rows = [layout.synthesis_sequence(gpt, cond_latents[0], tokens) for tokens in texts]

    width = max(map(len, rows))
    places = torch.arange(width, device=device)
    emb = torch.stack([F.pad(row, (0, 0, width - len(row), 0)) for row in rows])
    mask = torch.stack([places >= width - len(row) for row in rows])
    return emb, mask
