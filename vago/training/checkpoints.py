"""TODO: what training.checkpoints is for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from vago.model import checkpoint, lora
from vago.model.phases import BEST, LAST
from vago.training.params import TrainParams
from vago.training.state import Phase, Position


def save_best(phase: Phase, meta: dict[str, Any]) -> None:
    """The GPT's weights in `best_precision` under the names of stock's `GPT` module, so that they go into any XTTS."""
    if phase.accelerator.is_main_process:
        tensors = checkpoint.rounded(lora.plain(phase.gpt), phase.p.best_precision)
        checkpoint.save(phase.folder / BEST, tensors, meta | {"lineage": phase.lineage})
    phase.accelerator.wait_for_everyone()


def load_best(phase: Phase) -> dict[str, Any]:
    """Put the best weights into the model; returns what was saved beside them."""
    tensors, meta = checkpoint.load(phase.folder / BEST)
    lora.load_plain(phase.gpt, tensors)
    return meta


def save_last(phase: Phase) -> None:
    """Everything a resume needs. Weights and optimizer state that are not finite are refused by `checkpoint.save`."""
    if phase.accelerator.is_main_process:
        tensors = lora.learning(phase.gpt) | checkpoint.optimizer_tensors(
            phase.optimizer, phase.names
        )
        tensors = checkpoint.pack(tensors) if phase.p.last_precision == "compact" else tensors
        checkpoint.save(
            phase.folder / LAST, tensors, {"position": asdict(phase.at), "lineage": phase.lineage}
        )
    phase.accelerator.wait_for_everyone()


def restore(phase: Phase) -> None:
    """Back to what `save_last` kept, into a model that is as the phase started or later."""
    tensors, meta = checkpoint.load(phase.folder / LAST)
    tensors = checkpoint.unpack(tensors) if phase.p.last_precision == "compact" else tensors
    lora.restore(phase.gpt, {k: v for k, v in tensors.items() if not k.startswith("optimizer.")})
    checkpoint.restore_optimizer(phase.optimizer, phase.names, tensors)
    phase.at = Position(**meta["position"])


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
