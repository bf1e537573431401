"""Sampling of the next code as transformers' `generate` does it, without stock's extra penalties.

Stock's repetition penalty also penalises code 1 and the start code from the first step on, because
it puts these codes in the place of prompt and text. Code 1 is a sound like any other, so here only
generated codes are penalised. With `stand_ins` the penalty is stock's, and the same random numbers
draw the same codes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from vago.synthesis.params import SpeechParams


class Sampler:
    """Repetition penalty, temperature, top-k, top-p, in this order, as transformers' `generate`.

    With the same seed for a row's generator it draws the same codes. Top-p looks at the `top_k`
    codes that are left instead of sorting all of them.

    Args:
        rows: texts in the batch. codes: size of the code vocabulary.
        seeds: of each row's random numbers.
        penalized: codes that the repetition penalty treats as generated from the start.
    """

    def __init__(
        self,
        p: SpeechParams,
        rows: int,
        codes: int,
        seeds: Sequence[int],
        penalized: Sequence[int],
        device,
    ) -> None:
        self.p = p
        self.top_k = min(p.top_k, codes)
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self.penalized = torch.zeros(rows, codes, dtype=torch.bool, device=device)
        self.penalized[:, list(penalized)] = True

    def draw(self, logits: torch.Tensor) -> torch.Tensor:
        """(B, codes) float32 logits -> (B,) codes."""
        penalty = self.p.repetition_penalty
        if penalty != 1:
            lowered = torch.where(logits < 0, logits * penalty, logits / penalty)
            logits = torch.where(self.penalized, lowered, logits)

        if self.p.temperature:
            codes = self._sample(logits)
        else:
            codes = logits.argmax(dim=-1, keepdim=True)
        self.penalized.scatter_(1, codes, True)
        return codes[:, 0]

    def _sample(self, logits: torch.Tensor) -> torch.Tensor:
        """(B, codes) -> (B, 1) codes."""
        values, order = (logits / self.p.temperature).topk(self.top_k)  # the likeliest first

        if self.p.top_p < 1:
            # As TopPLogitsWarper: codes are left out from the least likely one on, while their sum
            # is at most 1 - top_p; the likeliest one stays.
            summed = values.flip(-1).softmax(dim=-1).cumsum(dim=-1).flip(-1)
            left_out = summed <= 1 - self.p.top_p
            left_out[:, 0] = False
            values = values.masked_fill(left_out, -math.inf)

        # As torch.multinomial for one sample: argmax of each share over exponential noise.
        noise = torch.empty_like(logits)
        for row, generator in zip(noise, self.generators):
            row.exponential_(generator=generator)
        shares = values.softmax(dim=-1)
        best = (shares / noise.gather(1, order)).argmax(dim=-1, keepdim=True)
        return order.gather(1, best)

    def keep(self, rows: Sequence[int]) -> None:
        """Continue with these rows only."""
        self.penalized = self.penalized[rows]
        self.generators = [self.generators[row] for row in rows]


def stand_ins(gpt: nn.Module) -> tuple[int, int]:
    """The codes that stock puts in place of prompt and text, and penalises as repetitions."""
    return 1, gpt.start_audio_token
