"""Number words (cardinal, ordinal, decimal, fraction, roman): num2words with its faults corrected.

num2words gives százkét for 102 and tizenkettőezer for 12,000; `cardinal` corrects both, and all
other number words are made from it.
"""

from __future__ import annotations

import re

from num2words import num2words

from vago.text.hungarian.characters import LETTER

LIMIT = 10**15  # numbers from here on are read digit by digit
_DENOMINATORS = {  # last word of a cardinal -> its ordinal without the ending -ik
    "nulla": "nullad", "egy": "egyed", "kettő": "ketted", "három": "harmad", "négy": "negyed",
    "öt": "ötöd", "hat": "hatod", "hét": "heted", "nyolc": "nyolcad", "kilenc": "kilenced",
    "tíz": "tized", "húsz": "huszad", "harminc": "harmincad", "negyven": "negyvened",
    "ötven": "ötvened", "hatvan": "hatvanad", "hetven": "hetvened", "nyolcvan": "nyolcvanad",
    "kilencven": "kilencvened", "száz": "század", "ezer": "ezred", "illió": "illiomod",
    "illiárd": "illiárdod",
}  # fmt: skip
_RE_LAST = re.compile(f"({'|'.join(sorted(_DENOMINATORS, key=len, reverse=True))})$")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_RE_ROMAN = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_GROUPS = {4: 2, 5: 2, 6: 3, 7: 3}  # digits in a row -> digits in their first group


def cardinal(number: int) -> str:
    """12 -> tizenkettő, 12,000 -> tizenkétezer; from `LIMIT` on digit by digit."""
    if number >= LIMIT:
        return digits(str(number))
    words = re.sub(rf"kettő(?={LETTER})", "két", num2words(number, lang="hu"))
    return re.sub("két$", "kettő", words)


def ordinal(number: int) -> str:
    """1 -> első, 102 -> százkettedik, 1,000,000 -> egymilliomodik."""
    return {1: "első", 2: "második"}.get(number) or denominator(number) + "ik"


def attributive(words: str) -> str:
    """The form before a counted noun, where kettő becomes két: tizenkettő -> tizenkét."""
    return re.sub("kettő$", "két", words)


def digits(figures: str) -> str:
    """007 -> nulla nulla hét."""
    return " ".join(num2words(int(figure), lang="hu") for figure in figures)


def digit_groups(figures: str) -> str:
    """Digits as in a telephone number: 056 -> nulla ötvenhat, 1234 -> tizenkettő, harmincnégy."""
    if len(figures) > 3:
        first = _GROUPS.get(len(figures), 2)
        return f"{digit_groups(figures[:first])}, {digit_groups(figures[first:])}"

    rest = figures.lstrip("0")
    words = ["nulla"] * (len(figures) - len(rest))
    if rest:
        words.append(cardinal(int(rest)))
    return " ".join(words)


def decimal(whole: str, places: str) -> str:
    """("12", "5") -> tizenkettő egész öt tized; over six places are read digit by digit."""
    read = cardinal(int(whole)) if len(whole) <= 15 else digits(whole)
    if len(places) > 6:
        return f"{read} egész {digits(places)}"
    unit = denominator(10 ** len(places)).removeprefix("egy")
    return f"{read} egész {attributive(cardinal(int(places)))} {unit}"


def halves(whole: int) -> str:
    """`whole` and a half before a counted noun: 0 -> fél, 1 -> másfél, 12 -> tizenkét és fél."""
    if whole < 2:
        return ("fél", "másfél")[whole]
    return f"{attributive(cardinal(whole))} és fél"


def fraction(numerator: int, parts: int) -> str:
    """(1, 2) -> fél, (1, 4) -> negyed, (2, 3) -> kétharmad, (5, 8) -> ötnyolcad."""
    if numerator == 1 and parts in (2, 4):
        return {2: "fél", 4: "negyed"}[parts]
    return attributive(cardinal(numerator)) + denominator(parts)


def denominator(number: int) -> str:
    """The word for one of `number` parts: 3 -> harmad, 100 -> század, 12,000 -> tizenkétezred."""
    words = cardinal(number)
    last = _RE_LAST.search(words)
    if not last:
        return words
    return words[: -len(last[0])] + _DENOMINATORS[last[0]]


def roman(written: str) -> int | None:
    """XIV -> 14; None for other letters and for unusual spellings (IIII, IC, empty)."""
    if not written or not _RE_ROMAN.fullmatch(written):
        return None
    values = [_ROMAN[c] for c in written]
    following = [*values[1:], 0]
    signed = (-v if v < after else v for v, after in zip(values, following, strict=True))
    return sum(signed)
