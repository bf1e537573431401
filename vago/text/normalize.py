"""Text normalization: written Hungarian -> the words a host would say, and checks of the result.

Where a reading depends on the meaning of the sentence, the likelier one is taken. The reviewed
cases stand in `tests/fixtures/hungarian.csv`; the main rules are:

- A full stop after a number makes it an ordinal before a small letter or a comma, and before a
  capital only inside a name (a 2. Magyar Hadsereg). Else it ends the sentence (A válasz a 42.).
- 10:30 is a time, except in a sentence about a match. 10.30 is a decimal, except with -kor, -ig
  or óra.
- 10-12 is tíz-tizenkettő, but tíz és tizenkettő before között. 8:00-16:00 is nyolc órától
  tizenhat óráig.
- 2,5 is kettő egész öt tized, but két és fél before a unit. Denominators up to nine make
  fractions (2/3); 9/10 is kilenc per tíz.
- Capitals that are not pronounceable are spelt (MTA, OTP), others are words (NAV, MOL). C, D, L
  and M alone are letters. I., V. and X. are numerals before a small letter or a ruler's name. A
  is a letter only where it cannot be an article.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher

from vago.text.hungarian.abbreviations import ABBREVIATIONS, read_abbreviations, read_roman
from vago.text.hungarian.acronyms import read_acronyms, read_codes, read_items, read_letters
from vago.text.hungarian.arithmetic import read_arithmetic
from vago.text.hungarian.characters import ALPHABET, fold, unify
from vago.text.hungarian.dates import read_dates, read_times
from vago.text.hungarian.electronic import read_electronic
from vago.text.hungarian.measures import read_measures

UNKNOWN = 1  # token id of [UNK]
SOFT_LIMIT = 224  # characters; XTTS warns about longer Hungarian texts and speaks them worse
MAX_PASSES = 20

# In this order: dates need the months that abbreviations leave, measures the digits of romans.
_STEPS = (
    read_items,
    read_abbreviations,
    read_dates,
    read_times,
    read_roman,
    read_codes,
    read_arithmetic,
    read_measures,
    read_acronyms,
    read_letters,
)


def normalize_text(text: str) -> str:
    """Written text -> spoken words; letter case is kept.

    The result is made of `characters.ALPHABET`, and normalizing it again changes nothing. Coqui's
    own Hungarian cleaner, which would read "42." as an ordinal and "b." as a title, finds nothing
    to change in it. Characters without a reading stay, for `check` to reject.
    """
    # One reading can bring two others together, so it is repeated until nothing changes.
    for _ in range(MAX_PASSES):
        before, text = text, _read(text)
        if text == before:
            break
    return text


def _read(text: str) -> str:
    text = fold(read_electronic(unify(text)))  # addresses need the signs that fold drops
    for read in _STEPS:
        text = read(text)

    text = re.sub(r"[/^_\\]", " ", text)
    return re.sub(r" (?=[.,;:!?](?: |$))", "", " ".join(text.split()))


def changes(written: str) -> list[tuple[str, str]]:
    """A text beside its reading: [("A fődíj", "A fődíj"), ("5 Ft!", "öt forint!")].

    It is cut where the words differ. The first parts joined by spaces are the text, the second
    ones its reading; either may be empty.
    """
    old, new = written.split(), normalize_text(written).split()
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(" ".join(old[a:b]), " ".join(new[c:d])) for _, a, b, c, d in steps]


def check(
    text: str, encode: Callable[[str], list[int]], max_tokens: int
) -> tuple[list[int], str | None]:
    """Tokens of a normalized text, and the reason (for the ledger) why it cannot be trained on.

    Args:
        encode: the base's tokenizer, `VoiceBpeTokenizer.encode` with its language bound
    """
    if not any(c.isalnum() for c in text):
        return [], "empty text"

    tokens = list(encode(text))
    if UNKNOWN in tokens:
        return tokens, "unknown token"
    if len(tokens) > max_tokens:
        return tokens, f"text over {max_tokens} tokens"
    return tokens, None


def without_reading(text: str) -> str:
    """The characters of a normalized text that have no reading, each once, in order."""
    return "".join(c for c in dict.fromkeys(text) if c not in ALPHABET)


def unknown_characters(text: str, encode: Callable[[str], list[int]]) -> str:
    """The characters of `text` that have no token, each once, in order."""
    return "".join(c for c in dict.fromkeys(text) if UNKNOWN in encode(c))


def category(
    text: str, seconds: float, own: str = "", long_seconds: float = 7.0, medium_seconds: float = 4.0
) -> str:
    """A clip's category: the source's own, else question, long, medium or short."""
    if own.strip():
        return own.strip()
    if text.rstrip().rstrip("\"'”’»)").endswith("?"):
        return "question"
    if seconds >= long_seconds:
        return "long"
    return "medium" if seconds >= medium_seconds else "short"


def split_sentences(text: str, limit: int = SOFT_LIMIT) -> list[str]:
    """Pieces of at most `limit` characters, split at sentence ends, else at commas, else at spaces.

    No word is lost or broken, so a single word may exceed the limit.
    """
    parts = [part for sentence in _sentences(text.split()) for part in _break(sentence, limit)]

    pieces: list[str] = []
    for part in parts:
        if pieces and len(pieces[-1]) + 1 + len(part) <= limit:
            pieces[-1] = f"{pieces[-1]} {part}"
        else:
            pieces.append(part)
    return pieces


def _sentences(words: list[str]) -> list[list[str]]:
    sentences: list[list[str]] = [[]]
    for word, following in zip(words, [*words, ""][1:], strict=False):
        sentences[-1].append(word)
        stops = re.search(r"[.!?…][\"'”’»)]*$", word)
        abbreviated = word.casefold().rstrip(".") in ABBREVIATIONS
        if stops and not abbreviated and not following[:1].islower():
            sentences.append([])
    return sentences


def _break(words: list[str], limit: int) -> list[str]:
    """A sentence in pieces of at most `limit` characters.

    A comma in the second half of a piece is preferred to a later space.
    """
    pieces = []
    while words:
        fit = 1
        while fit < len(words) and len(" ".join(words[: fit + 1])) <= limit:
            fit += 1

        if fit < len(words):
            ends = range(fit, fit // 2, -1)
            fit = next((k for k in ends if words[k - 1].endswith((",", ";", ":"))), fit)
        pieces.append(" ".join(words[:fit]))
        words = words[fit:]
    return pieces
