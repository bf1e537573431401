"""Hungarian number words: cardinals, ordinals, decimals, fractions, digits one by one, and Roman numerals. num2words counts."""

from __future__ import annotations

import re
from math import prod

from num2words import num2words

LIMIT = 10**15  # from here on a number is read digit by digit
_LETTER = r"[^\W\d_]"
_ORDINALS = {  # what a number ends in -> its ordinal without the closing -ik
    "nulla": "nullad", "egy": "egyed", "kettő": "ketted", "három": "harmad", "négy": "negyed", "öt": "ötöd", "hat": "hatod",
    "hét": "heted", "nyolc": "nyolcad", "kilenc": "kilenced", "tíz": "tized", "húsz": "huszad", "harminc": "harmincad",
    "negyven": "negyvened", "ötven": "ötvened", "hatvan": "hatvanad", "hetven": "hetvened", "nyolcvan": "nyolcvanad",
    "kilencven": "kilencvened", "száz": "század", "ezer": "ezred", "illió": "illiomod", "illiárd": "illiárdod",
}  # fmt: skip
_RE_LAST = re.compile(f"({'|'.join(sorted(_ORDINALS, key=len, reverse=True))})$")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_RE_ROMAN = re.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")


def cardinal(number: int) -> str:
    """0, 1, 2 ... as Hungarian spells them; num2words says százkét for 102 and tizenkettőezer for 12,000."""
    if number >= LIMIT:
        return digits(str(number))
    words = re.sub(rf"kettő(?={_LETTER})", "két", num2words(number, lang="hu"))
    return re.sub("két$", "kettő", words)


def ordinal(number: int) -> str:
    """1 -> első, 102 -> százkettedik, 1,000,000 -> egymilliomodik."""
    return {1: "első", 2: "második"}.get(number) or part(number) + "ik"


def two(words: str) -> str:
    """Before what is counted kettő becomes két: tizenkettő -> tizenkét."""
    return re.sub("kettő$", "két", words)


def digits(figures: str) -> str:
    """007 -> nulla nulla hét."""
    return " ".join(num2words(int(figure), lang="hu") for figure in figures)


def grouped(figures: str) -> str:
    """Figures as a telephone number is told, by twos and threes: 056 -> nulla ötvenhat, 1234 -> tizenkettő, harmincnégy."""
    if len(figures) > 3:
        cut = {4: 2, 5: 2, 6: 3, 7: 3}.get(len(figures), 2)
        return f"{grouped(figures[:cut])}, {grouped(figures[cut:])}"
    rest = figures.lstrip("0")  # also of no figures at all
    return " ".join(
        ["nulla"] * (len(figures) - len(rest)) + ([cardinal(int(rest))] if rest else [])
    )


def decimal(whole: str, places: str) -> str:
    """("12", "5") -> tizenkettő egész öt tized; more than six places are read digit by digit."""
    read = cardinal(int(whole)) if len(whole) <= 15 else digits(whole)
    if len(places) > 6:
        return f"{read} egész {digits(places)}"
    return (
        f"{read} egész {two(cardinal(int(places)))} {part(10 ** len(places)).removeprefix('egy')}"
    )


def halves(whole: int) -> str:
    """Before what is counted: 0.5 -> fél, 1.5 -> másfél, 12.5 -> tizenkét és fél."""
    return ("fél", "másfél")[whole] if whole < 2 else f"{two(cardinal(whole))} és fél"


def fraction(numerator: int, denominator: int) -> str:
    """(1, 2) -> fél, (1, 4) -> negyed, (2, 3) -> kétharmad, (5, 8) -> ötnyolcad."""
    if numerator == 1 and denominator in (2, 4):
        return {2: "fél", 4: "negyed"}[denominator]
    return two(cardinal(numerator)) + part(denominator)


def roman(written: str) -> int | None:
    """XIV -> 14; None for what is no Roman numeral in its usual spelling (IIII, IC, empty)."""
    if not written or not _RE_ROMAN.fullmatch(written):
        return None
    values = [_ROMAN[c] for c in written]
    return sum(
        value * prod([-1] * (value < after))
        for value, after in zip(values, [*values[1:], 0], strict=True)
    )


def part(number: int) -> str:
    """What a number of equal parts makes one of them: 3 -> harmad, 100 -> század, 12,000 -> tizenkétezred."""
    words = cardinal(number)
    return words[: -len(last)] + _ORDINALS[last] if (last := _RE_LAST.search(words)[0]) else words
