"""TODO: what text.error_rate is for."""

from __future__ import annotations

import re

from vago import VagoError
from vago.audio.asr import INSTALL
from vago.text import normalize


def character_error_rate(reference: str, heard: str) -> float:
    """Insertions, deletions and substitutions that turn `heard` into `reference`, per character of `reference`.

    Both are read out first (`text.normalise`: 12 500 and tizenkétezer-ötszáz are the same), without case and punctuation.
    0 is word for word; it exceeds 1 where more wrong is heard than there was to say. Raises VagoError for a reference
    without a letter.
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise VagoError(
            f"error rates need a package that is not installed ({error}): {INSTALL}"
        ) from None
    said = words_only(reference)
    if not said:
        raise VagoError(f"nothing is to be heard in {reference!r}: give a text with words")
    return Levenshtein.distance(said, words_only(heard)) / len(said)


def words_only(written: str) -> str:
    """A text as it is compared: read out, lower case, letters and single spaces."""
    return " ".join(re.sub(r"[^\w\s]|_", "", normalize.normalise(written).lower()).split())
