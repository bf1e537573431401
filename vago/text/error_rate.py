"""Character error rate (CER) between a text and what ASR made of its speech."""

from __future__ import annotations

import re

from vago import VagoError
from vago.text import normalize


def character_error_rate(reference: str, hypothesis: str) -> float:
    """Edits (insertions, deletions, substitutions) per character of `reference`; 0 without errors.

    Both are normalized first, so that 12 500 and tizenkétezer-ötszáz are equal, and compared
    without case and punctuation. The rate exceeds 1 where there are more errors than characters.

    Raises:
        VagoError: `reference` has no letter, or rapidfuzz is not installed.
    """
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError as error:
        raise VagoError(
            f"character error rates need a package that is not installed ({error}): "
            "pip install -e '.[evaluation]' -c constraints.txt"
        ) from None

    spoken = words_only(reference)
    if not spoken:
        raise VagoError(f"the reference {reference!r} has no words: give a text with words")
    return Levenshtein.distance(spoken, words_only(hypothesis)) / len(spoken)


def words_only(written: str) -> str:
    """A text as it is compared: normalized, lower case, letters and single spaces."""
    return " ".join(re.sub(r"[^\w\s]|_", "", normalize.normalize_text(written).lower()).split())
