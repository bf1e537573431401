"""Whether a sentence's duration is usual for its voice: babbling and breaking off show in it."""

from __future__ import annotations

import math
from collections.abc import Collection

OK, CUT, TOO_LONG, TOO_SHORT = "ok", "cut", "too long", "too short"

REMARKS = {
    CUT: "did not end and was cut at max_seconds_per_char",
    TOO_LONG: "too long for this voice: it may babble or pause",
    TOO_SHORT: "too short for this voice: words may be missing",
}


def judged(seconds: float, text: str, ended: bool, usual: tuple[float, float] | None) -> str:
    """OK, CUT, TOO_LONG or TOO_SHORT.

    Args:
        text: as it was spoken, normalized.
        usual: the voice's lowest and highest usual seconds per character; None: not known.
    """
    if not ended:
        return CUT

    low, high = usual or (0, math.inf)
    if seconds < low * len(text):
        return TOO_SHORT
    return TOO_LONG if seconds > high * len(text) else OK


def oddness(
    seconds: float, text: str, ended: bool, usual: tuple[float, float] | None
) -> tuple[bool, float]:
    """(was it cut, seconds per character outside the usual range): the least odd take is least."""
    low, high = usual or (0, math.inf)
    pace = seconds / len(text)
    return not ended, max(low - pace, pace - high, 0)


def of_line(sentences: Collection[str]) -> str:
    """A line's verdict from its sentences': the gravest of them."""
    return next((found for found in (CUT, TOO_LONG, TOO_SHORT) if found in sentences), OK)


def remark(verdict: str, takes: int) -> str:
    """A duration outlier in words, for a listener; empty where the verdict is OK."""
    if verdict == OK:
        return ""
    tried = f" (the best of {takes} takes)" if takes > 1 else ""
    return f"{REMARKS[verdict]}{tried}"
