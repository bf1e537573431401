"""Written Hungarian into the words a host would say, and what the tokenizer makes of them.

Where a reading depends on what a sentence means, the likelier one is taken (`tests/fixtures/hungarian.csv` has them all):

- a full stop after a number makes an ordinal of it before a small letter or a comma, and before a capital only where a name
  goes on (a 2. Magyar Hadsereg); else it ends the sentence (A válasz a 42. Gratulálok!);
- 10:30 is a time, unless the sentence tells of a match; 10.30 is a decimal, unless -kor, -ig or óra says otherwise;
- 10-12 is tíz-tizenkettő, but tíz és tizenkettő before között; 8:00-16:00 is nyolc órától tizenhat óráig;
- 2,5 is kettő egész öt tized, but két és fél before a unit; parts up to ninths are fractions (2/3), 9/10 is kilenc per tíz;
- capitals that cannot be said are spelt (MTA, OTP), others are words (NAV, MOL); C, D, L and M alone are letters, I., V. and X.
  numerals before a small letter or a ruler's name, A is a letter only where it cannot be an article.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher

from vago.text.hungarian.abbreviations import SHORT, read_abbreviations, read_roman
from vago.text.hungarian.acronyms import read_acronyms, read_codes, read_items, read_letters
from vago.text.hungarian.arithmetic import read_sums
from vago.text.hungarian.characters import fold, level
from vago.text.hungarian.dates import read_dates, read_times
from vago.text.hungarian.electronic import read_addresses
from vago.text.hungarian.measures import read_quantities
from vago.text.hungarian.numbers import cardinal, ordinal

__all__ = [
    "cardinal",
    "category",
    "changes",
    "check",
    "normalise",
    "ordinal",
    "split_sentences",
    "unknown_characters",
]

UNKNOWN = 1  # token id of [UNK]
SOFT_LIMIT = 224  # characters; XTTS warns over it, and its speech gets worse


# Each step may count on what those before it have read: months on their abbreviations, numbers on Roman ones.
_STEPS = (
    read_items, read_abbreviations, read_dates, read_times, read_roman, read_codes, read_sums, read_quantities, read_acronyms,
    read_letters,
)  # fmt: skip


def normalise(text: str) -> str:
    """Written text -> spoken words: numbers, money, dates, times, abbreviations, letters and signs read out, letter case kept.

    The result is made of `characters.ALPHABET`, and reading it again changes nothing; coqui's own Hungarian cleaner, which would
    read "42." as an ordinal and "b." as a title, finds nothing left to do. Characters nobody can read aloud stay, for `check`
    to name.
    """
    for _ in range(20):  # reading one thing can bring two others together, so until nothing changes
        before, text = text, _read(text)
        if text == before:
            break
    return text


def changes(written: str) -> list[tuple[str, str]]:
    """A text beside its reading, cut where the words differ: [("A fődíj", "A fődíj"), ("5 Ft!", "öt forint!")].

    The first parts joined by spaces are the text, the second ones its reading; either may be empty.
    """
    old, new = written.split(), normalise(written).split()
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(" ".join(old[a:b]), " ".join(new[c:d])) for _, a, b, c, d in steps]


def _read(text: str) -> str:
    text = fold(read_addresses(level(text)))  # addresses need the signs that fold drops
    for read in _STEPS:
        text = read(text)
    text = re.sub(r"[/^_\\]", " ", text)
    return re.sub(r" (?=[.,;:!?](?: |$))", "", " ".join(text.split()))


def check(
    text: str, encode: Callable[[str], list[int]], max_tokens: int
) -> tuple[list[int], str | None]:
    """Tokens of a normalised text, and why it cannot be learnt from: a ledger's reason, None where it can.

    Args:
        encode: the base's tokenizer, `VoiceBpeTokenizer.encode` with its language bound
    """
    if not any(c.isalnum() for c in text):
        return [], "empty text"
    tokens = list(encode(text))
    if UNKNOWN in tokens:
        return tokens, "unknown token"
    return tokens, f"text over {max_tokens} tokens" if len(tokens) > max_tokens else None


def unknown_characters(text: str, encode: Callable[[str], list[int]]) -> str:
    """The characters of `text` that the tokenizer does not know, each once, in order."""
    return "".join(c for c in dict.fromkeys(text) if UNKNOWN in encode(c))


def category(
    text: str, seconds: float, own: str = "", long_seconds: float = 7.0, medium_seconds: float = 4.0
) -> str:
    """The source's own category, else question, long, medium or short."""
    if own.strip():
        return own.strip()
    if text.rstrip().rstrip("\"'”’»)").endswith("?"):
        return "question"
    return "long" if seconds >= long_seconds else "medium" if seconds >= medium_seconds else "short"


def split_sentences(text: str, limit: int = SOFT_LIMIT) -> list[str]:
    """Pieces of at most `limit` characters, split at sentence ends, else at commas, else at spaces; no word is lost or broken."""
    words = text.split()
    sentences: list[list[str]] = [[]]
    for word, following in zip(words, [*words, ""][1:], strict=False):
        sentences[-1].append(word)
        if (
            re.search(r"[.!?…][\"'”’»)]*$", word)
            and not following[:1].islower()
            and word.casefold().rstrip(".") not in SHORT
        ):
            sentences.append([])
    pieces = [""]
    for piece in (piece for sentence in sentences if sentence for piece in _break(sentence, limit)):
        if len(pieces[-1]) + 1 + len(piece) <= limit or not pieces[-1]:
            pieces[-1] = f"{pieces[-1]} {piece}".strip()
        else:
            pieces.append(piece)
    return [piece for piece in pieces if piece]


def _break(words: list[str], limit: int) -> list[str]:
    """A sentence in pieces of at most `limit` characters; a comma in a piece's second half beats a later space."""
    pieces = []
    while words:
        fit = 1
        while fit < len(words) and len(" ".join(words[: fit + 1])) <= limit:
            fit += 1
        if fit < len(words):
            fit = next(
                (k for k in range(fit, fit // 2, -1) if words[k - 1].endswith((",", ";", ":"))), fit
            )
        pieces.append(" ".join(words[:fit]))
        words = words[fit:]
    return pieces
