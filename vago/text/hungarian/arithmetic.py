"""Arithmetic (fraction, ratio, range, score): what stands between numbers, signs of a sum."""

from __future__ import annotations

import re
from math import gcd

from vago.text.hungarian.characters import CAPITAL, SMALL, VOWELS
from vago.text.hungarian.inflection import attach
from vago.text.hungarian.numbers import attributive, cardinal, fraction, ordinal
from vago.text.hungarian.units import UNIT, unit_name

# A whole number with or without separators between thousands.
PLAIN = r"(?:\d{1,3}(?: \d{3})+(?!\d)|\d{1,3}(?:\.\d{3})+(?!\d)|\d{1,3}(?:,\d{3}){2,}(?!\d)|\d+)"
_RE_FRACTION = re.compile(
    rf"(?<![\d./,])(?:(\d+) )?(\d{{1,2}})/(\d{{1,4}})(?![\d/]|[.,]\d|\. {SMALL})"
    rf"(?:-((?:[aeoö]?[sdt]|j?[aáeé])\w*)(?!\w)| ?({UNIT})(?![\w²³])(?:-(\w{{1,10}})(?!\w))?)?"
)
_RE_RATIO = re.compile(
    r"(?<![\d:])(\d+):(\d{1,3}(?: \d{3})+|\d+)(?= (?:arány|méretarány|lépték|hígít|kever))"
)
_RE_ORDINALS = re.compile(rf"(?<![\d.,-])(\d{{1,3}})\.?-(\d{{1,3}})\.(?= {SMALL})")
_RE_BETWEEN = re.compile(
    rf"(?<![\w-])({PLAIN}(?:[.,]\d+)?) ?- ?({PLAIN}(?:[.,]\d+)?)(?= (?:között|közti|közé))"
)
_RE_YEARS = re.compile(r"(?<![\d-])(\d{4})-(\d{2}|\d{4})(?!\d)")
_RE_VERSION = re.compile(r"(?<=\d)(?:(?:\.\d+){3,}|(?:\.\d{1,2}){2}|\.0)(?!\d|\.\d)")


def read_arithmetic(text: str) -> str:
    """2/3-a -> kétharmada, 12 : 4 = 3 -> 12 osztva 4-vel = 3, 3:1 -> 3-1.

    Numbers that nothing is joined to stay for `measures.read_measures`.
    """
    # 2/2024. (I. 12.): a decree's number and its day, no ordinal.
    text = re.sub(r"(?<=\d)(/\d{4})\. (?=\()", r"\1 ", text)

    # Signs of a sum.
    text = re.sub(r"(?<![\w.])\d[\d ,.+×x()%:÷-]*(?==)", _signs, text)
    text = re.sub(rf"(?<={CAPITAL})\.(?=\d)", " pont ", text)
    text = re.sub(r"(?<=\)) ?× ?(\d+)(?![\d,])", r" szorozva \1-vel", text)
    text = re.sub(r"(?<=\d) ?÷ ?(\d+)(?![\d,])", r" osztva \1-vel", text)
    text = re.sub(r"(?<=\d)\^(\d{1,4})(?!\d)", _exponent, text)

    # Ratios and fractions, then what is left of slashes and colons.
    text = _RE_RATIO.sub(_ratio, text)
    text = _RE_FRACTION.sub(_fraction, text)
    text = re.sub(r"(?<=\d) ?/ ?(?=\d)", " per ", text)
    text = re.sub(r"(?<=\d):(?=\d)", "-", text)

    # Ranges. Number words that hold a hyphen themselves need a pause between them.
    text = _RE_ORDINALS.sub(lambda m: f"{ordinal(int(m[1]))}-{ordinal(int(m[2]))}", text)
    text = _RE_BETWEEN.sub(r"\1 és \2", text)
    text = re.sub(r"(?<=\d) - (?=\d)", "-", text)
    text = _RE_YEARS.sub(_years, text)
    return _RE_VERSION.sub(lambda m: m[0].replace(".", " pont "), text)


def _signs(match: re.Match) -> str:
    """Before an equals sign a colon divides and a hyphen subtracts."""
    text = re.sub(r"(?<=\d) ?[:÷] ?(\d+)(?![\d,])", r" osztva \1-vel", match[0])
    return re.sub(r"(?<=\d) ?- ?(?=\d)", " mínusz ", text)


def _exponent(match: re.Match) -> str:
    """^2 -> a másodikon."""
    words = ordinal(int(match[1]))
    return f" {_article(words)} {attach(words, 'n')}"


def _article(words: str) -> str:
    return "az" if words[0] in VOWELS else "a"


def _years(match: re.Match) -> str:
    """2020-2024 -> 2020 - 2024, but 1999-2000 as it is."""
    if "-" not in cardinal(int(match[1])):
        return match[0]
    return match[0].replace("-", " - ")


def _ratio(match: re.Match) -> str:
    """1:25 000 méretarány -> egy a huszonötezerhez méretarány."""
    last = cardinal(int(match[2].replace(" ", "")))
    return f"{cardinal(int(match[1]))} {_article(last)} {attach(last, 'hoz')}"


def _fraction(match: re.Match) -> str:
    """2/3 -> kétharmad, 1 1/2 dl -> másfél deci, 9/10-e -> kilenctizede.

    9/10, 24/7 and 2024/25 stay: they are read with per.
    """
    whole, above, below, suffix, unit, of_unit = match.groups()
    suffix = suffix or ""
    above, below = int(above), int(below)

    possessed = re.fullmatch("j?[aáeé].*|[aeoö]?[ds].*", suffix)
    usual = below < 10 or (possessed and below in (10, 20, 50, 100, 1000))
    reduced = gcd(above, below) == 1 or re.match("[aeoö]?d", suffix)
    if not (0 < above < below and usual and reduced):
        return match[0]

    words = fraction(above, below)
    if whole and (int(whole), words) == (1, "fél"):
        words = "másfél"
    elif whole:
        words = f"{attributive(cardinal(int(whole)))} és {words}"
    if unit:
        return f"{words} {attach(unit_name(unit), of_unit or '')}"
    return attach(words, re.sub("^[aeoö]?d(?=[aáeé]|$)", "", suffix))  # 1/3-ad, 2/3-ada
