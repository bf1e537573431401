"""A phase's files: best weights, last state to resume from, and the disk space they need."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vago import VagoError
from vago.files import need_room
from vago.model import checkpoint, lora
from vago.model.phases import BEST, LAST
from vago.training.params import TrainParams
from vago.training.state import Phase, Position

XTTS_PARAMETERS = 441_018_563  # of XTTS-v2's GPT, which is what a phase trains and keeps
BYTES = {"fp32": 4, "fp16": 2, "bf16": 2}
EIGHT_BIT = 1 + 4 / 256  # bytes of a number, with its share of its block's scale


def save_best(phase: Phase, meta: dict[str, Any]) -> None:
    """Save the GPT's weights in `best_precision`, under the names of stock's `GPT`."""
    if phase.accelerator.is_main_process:
        tensors = checkpoint.cast_weights(lora.merged_weights(phase.gpt), phase.p.best_precision)
        checkpoint.save_tensors(phase.folder / BEST, tensors, meta | {"lineage": phase.lineage})
    phase.accelerator.wait_for_everyone()


def load_best(phase: Phase) -> dict[str, Any]:
    """Put the best weights into the model; returns what was saved beside them."""
    tensors, meta = checkpoint.load_tensors(phase.folder / BEST)
    lora.load_merged_weights(phase.gpt, tensors)
    return meta


def save_last(phase: Phase) -> None:
    """Save everything a resume needs; what is not finite is refused with a VagoError."""
    if phase.accelerator.is_main_process:
        checkpoint.save_training(
            phase.folder / LAST,
            lora.trained_weights(phase.gpt),
            phase.optimizer,
            phase.names,
            {"position": asdict(phase.at), "lineage": phase.lineage},
            compact=phase.p.last_precision == "compact",
        )
    phase.accelerator.wait_for_everyone()


def restore(phase: Phase) -> None:
    """Load what `save_last` wrote into the phase's model, optimizer and position, in place."""
    last = phase.folder / LAST
    meta = checkpoint.restore_training(last, phase.gpt, phase.optimizer, phase.names)
    phase.at = Position(**meta["position"])


@dataclass(frozen=True)
class Sizes:
    """Bytes of a phase's two files; a new one is verified before the old one is removed."""

    best: int
    last: int

    @property
    def peak(self) -> int:
        """The most that ever lies in the phase's folder: while `last` or `best` is rewritten."""
        return max(self.best + 2 * self.last, 2 * self.best + self.last)

    def moments(self, earlier_phases: int = 0) -> pd.DataFrame:
        """Disk use through a phase, with the best weights of the phases before it.

        Returns:
            one row per moment: moment, files, gigabytes (10^9 bytes).
        """
        kept = earlier_phases * self.best
        rows = [
            ("training, between saves", "best, last", self.best + self.last),
            ("while last is written", "best, last, new last", self.best + 2 * self.last),
            ("while best is written", "best, new best, last", 2 * self.best + self.last),
            ("phase finished", "best", self.best),
        ]
        table = pd.DataFrame(rows, columns=["moment", "files", "gigabytes"])
        return table.assign(gigabytes=(table.gigabytes + kept) / 1e9)


def sizes(parameters: int, trained: int, p: TrainParams) -> Sizes:
    """Sizes for a GPT of `parameters` weights, `trained` of them trainable, under resolved `p`."""
    compact = p.last_precision == "compact"
    weight = 2 if compact else 4
    moment = EIGHT_BIT if compact or p.optimizer != "adamw" else 4
    return Sizes(
        best=parameters * BYTES[p.best_precision],
        last=round(trained * (weight + 2 * moment)),
    )


def need_room_for(p: TrainParams, folder: Path, needed: Sizes) -> None:
    """Raise VagoError where the disk cannot hold the phase's files at their peak."""
    existing = [path for path in (folder / BEST, folder / LAST) if path.exists()]
    there = sum(path.stat().st_size for path in existing)
    try:
        need_room(folder, needed.peak - there, f"training {p.phase}")
    except VagoError as error:
        if p.last_precision == "compact":
            raise
        advice = "last_precision: compact takes a third, lora_rank: 16 a tenth"
        raise VagoError(f"{error}; {advice}") from None
