"""A cue of a transcript, and what all its formats share: text, times, messages."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from vago import VagoError
from vago.corpus.measures import Measures
from vago.corpus.verdicts import KEPT, Verdict


@dataclass(frozen=True)
class Cue:
    """A part of a recording, from `start` to `end` seconds, with its text.

    line, category: a transcript's line, and the source's own category of it.
    verdict: why it cannot be used, as far as the transcript alone tells; of an untranscribed
        recording whether the target speaks.
    hypothesis: what the ASR recognises in the clip alone; of an untranscribed recording.
    measured: likewise, by ASR and speaker embeddings.
    """

    start: float
    end: float
    text: str
    line: int = 0
    category: str = ""
    hypothesis: str = ""
    measured: Measures = Measures()
    verdict: Verdict = KEPT


def read_text(path: Path) -> str:
    """The text of a UTF-8 file with plain line ends.

    Raises:
        VagoError: it is not UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise VagoError(
            f"{path} is not UTF-8 text: save it again with the encoding UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str) -> str:
    return " ".join(text.split())


def seconds(written: str) -> float:
    """12.5, 12,5, 0:12.5 and 0:00:12,500 in seconds; ValueError for anything else."""
    parts = written.strip().replace(",", ".").split(":")
    total = 0.0
    for place, part in enumerate(parts):
        value = float(part)
        if not math.isfinite(value) or value < 0 or len(parts) > 3 or (place and value >= 60):
            raise ValueError(written)
        total = total * 60 + value
    return round(total, 6)
