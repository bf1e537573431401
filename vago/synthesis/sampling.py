"""Which code comes next: transformers' logits processors in the order of stock's `generate`, without what they leave undone.

What stock's repetition penalty really sees: the codes generated so far and, because prompt and text stand before them as made-up
codes, code 1 and the start code from the first step on. Code 1 is a sound like any other, so here only what was generated counts;
`stand_ins` gives stock's view, with which the same random numbers draw the very same codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from vago.synthesis.params import SpeechParams


class Sampler:
    """Draws codes as transformers' `generate` does: repetition penalty, temperature, top-k, top-p, in this order, and with a
    row's generator seeded alike the very same codes.

    Top-p looks at the `top_k` codes that are left instead of sorting all of them. `seen` holds which codes count as said.
    """

    def __init__(
        self,
        p: SpeechParams,
        rows: int,
        codes: int,
        seeds: Sequence[int],
        said: Sequence[int],
        device,
    ) -> None:
        self.p, self.top_k = p, min(p.top_k, codes)
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self.seen = torch.zeros(rows, codes, dtype=torch.bool, device=device)
        self.seen[:, list(said)] = True

    def draw(self, logits: torch.Tensor) -> torch.Tensor:
        """(B, codes) float32 logits -> (B,) codes."""
        p = self.p
        if p.repetition_penalty != 1:
            held = torch.where(
                logits < 0, logits * p.repetition_penalty, logits / p.repetition_penalty
            )
            logits = torch.where(self.seen, held, logits)
        if p.temperature:
            values, order = (logits / p.temperature).topk(self.top_k)  # the likeliest first
            if p.top_p < 1:
                # as TopPLogitsWarper: summed from the unlikeliest, up to and with 1 - top_p is left out, never the likeliest
                left_out = values.flip(-1).softmax(dim=-1).cumsum(dim=-1).flip(-1) <= 1 - p.top_p
                left_out[:, 0] = False
                values = values.masked_fill(left_out, -math.inf)
            # torch.multinomial's own way for one sample: the largest share over an exponential of its own
            noise = torch.empty_like(logits)
            for row, generator in zip(noise, self.generators):
                row.exponential_(generator=generator)
            best = (values.softmax(dim=-1) / noise.gather(1, order)).argmax(dim=-1, keepdim=True)
            codes = order.gather(1, best)
        else:
            codes = logits.argmax(dim=-1, keepdim=True)
        self.seen.scatter_(1, codes, True)
        return codes[:, 0]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows alone."""
        self.seen, self.generators = self.seen[rows], [self.generators[row] for row in rows]


def stand_ins(gpt: nn.Module) -> tuple[int, int]:
    """The codes with which stock fills the place of prompt and text, and so holds for said when it penalises repetition."""
    return 1, gpt.start_audio_token
