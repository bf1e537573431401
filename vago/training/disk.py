"""What a phase keeps on disk and when: computed from the model's size before anything is written."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vago.settings import TrainParams

XTTS_PARAMETERS = 441_018_563  # of XTTS-v2's GPT, which is what a phase trains and keeps
BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}
EIGHT_BIT = 1 + 4 / 256  # a number and its share of its block's scale


@dataclass(frozen=True)
class Sizes:
    """Bytes of a phase's two files; a new one is written beside the old one, which goes when the new one is verified."""

    best: int
    last: int

    @property
    def peak(self) -> int:
        """The most that ever lies in the phase's folder: while `last` or `best` is written anew."""
        return max(self.best + 2 * self.last, 2 * self.best + self.last)

    def moments(self, earlier_phases: int = 0) -> pd.DataFrame:
        """One row per moment of a phase: moment, files, gigabytes (10^9 bytes), with the bests of the phases before it."""
        kept = earlier_phases * self.best
        rows = [
            ("training, between saves", "best, last", self.best + self.last),
            ("while last is written", "best, last, new last", self.best + 2 * self.last),
            ("while best is written", "best, new best, last", 2 * self.best + self.last),
            ("phase finished", "best", self.best),
        ]
        found = pd.DataFrame(rows, columns=["moment", "files", "gigabytes"])
        return found.assign(gigabytes=(found.gigabytes + kept) / 1e9)


def sizes(parameters: int, learning: int, p: TrainParams) -> Sizes:
    """Of a GPT with `parameters` weights, `learning` of which are trained (fewer with LoRA), under resolved settings `p`."""
    eight_bit = p.last_precision == "compact" or p.optimizer != "adamw"
    weight = 2 if p.last_precision == "compact" else 4
    return Sizes(
        best=parameters * BYTES[p.best_precision],
        last=round(learning * (weight + 2 * (EIGHT_BIT if eight_bit else 4))),
    )
