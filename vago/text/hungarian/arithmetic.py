"""What stands between figures: fractions, ratios, ranges, scores, and the signs of a sum."""

from __future__ import annotations

import re
from math import gcd

from vago.text.hungarian.inflection import attach
from vago.text.hungarian.numbers import cardinal, fraction, ordinal, two
from vago.text.hungarian.units import UNIT, said

PLAIN = r"(?:\d{1,3}(?: \d{3})+(?!\d)|\d{1,3}(?:\.\d{3})+(?!\d)|\d{1,3}(?:,\d{3}){2,}(?!\d)|\d+)"
_RE_FRACTION = re.compile(
    r"(?<![\d./,])(?:(\d+) )?(\d{1,2})/(\d{1,4})(?![\d/]|[.,]\d|\. [a-záéíóöőúüű])"
    rf"(?:-((?:[aeoö]?[sdt]|j?[aáeé])\w*)(?!\w)| ?({UNIT})(?![\w²³])(?:-(\w{{1,10}})(?!\w))?)?"
)
_RE_RATIO = re.compile(
    r"(?<![\d:])(\d+):(\d{1,3}(?: \d{3})+|\d+)(?= (?:arány|méretarány|lépték|hígít|kever))"
)
_RE_ORDINALS = re.compile(r"(?<![\d.,-])(\d{1,3})\.?-(\d{1,3})\.(?= [a-záéíóöőúüű])")
_RE_BETWEEN = re.compile(
    rf"(?<![\w-])({PLAIN}(?:[.,]\d+)?) ?- ?({PLAIN}(?:[.,]\d+)?)(?= (?:között|közti|közé))"
)
_RE_YEARS = re.compile(r"(?<![\d-])(\d{4})-(\d{2}|\d{4})(?!\d)")
_RE_VERSION = re.compile(r"(?<=\d)(?:(?:\.\d+){3,}|(?:\.\d{1,2}){2}|\.0)(?!\d|\.\d)")


def read_sums(text: str) -> str:
    """2/3-a -> kétharmada, 12 : 4 = 3 -> 12 osztva 4-vel = 3, 3:1 -> 3-1, 5-6. osztály -> ötödik-hatodik osztály."""
    text = re.sub(
        r"(?<=\d)(/\d{4})\. (?=\()", r"\1 ", text
    )  # 2/2024. (I. 12.): a decree's number and its day
    text = re.sub(r"(?<![\w.])\d[\d ,.+×x()%:÷-]*(?==)", _signs, text)
    text = re.sub(r"(?<=[A-ZÁÉÍÓÖŐÚÜŰ])\.(?=\d)", " pont ", text)
    text = re.sub(r"(?<=\)) ?× ?(\d+)(?![\d,])", r" szorozva \1-vel", text)
    text = re.sub(r"(?<=\d) ?÷ ?(\d+)(?![\d,])", r" osztva \1-vel", text)
    text = re.sub(
        r"(?<=\d)\^(\d{1,4})(?!\d)",
        lambda m: f" {_the(ordinal(int(m[1])))} {attach(ordinal(int(m[1])), 'n')}",
        text,
    )
    text = _RE_RATIO.sub(_ratio, text)
    text = _RE_FRACTION.sub(_fraction, text)
    text = re.sub(r"(?<=\d) ?/ ?(?=\d)", " per ", text)
    text = re.sub(r"(?<=\d):(?=\d)", "-", text)
    text = _RE_ORDINALS.sub(lambda m: f"{ordinal(int(m[1]))}-{ordinal(int(m[2]))}", text)
    text = _RE_BETWEEN.sub(r"\1 és \2", text)
    text = re.sub(r"(?<=\d) - (?=\d)", "-", text)
    # Number words that hold a hyphen themselves need a pause between them.
    text = _RE_YEARS.sub(
        lambda m: m[0].replace("-", " - ") if "-" in cardinal(int(m[1])) else m[0], text
    )
    return _RE_VERSION.sub(lambda m: m[0].replace(".", " pont "), text)


def _signs(match: re.Match) -> str:
    """Before an equals sign a colon divides and a hyphen takes away."""
    text = re.sub(r"(?<=\d) ?[:÷] ?(\d+)(?![\d,])", r" osztva \1-vel", match[0])
    return re.sub(r"(?<=\d) ?- ?(?=\d)", " mínusz ", text)


def _the(words: str) -> str:
    return "az" if words[0] in "aáeéiíoóöőuúüű" else "a"


def _ratio(match: re.Match) -> str:
    """1:25 000 méretarány -> egy a huszonötezerhez méretarány."""
    last = cardinal(int(match[2].replace(" ", "")))
    return f"{cardinal(int(match[1]))} {_the(last)} {attach(last, 'hoz')}"


def _fraction(match: re.Match) -> str:
    """2/3 -> kétharmad, 1 1/2 dl -> másfél deci, 9/10-e -> kilenctizede; 9/10, 24/7, 2024/25 stay, to be joined by per."""
    whole, above, below, suffix, unit, of_unit = match.groups()
    above, below = int(above), int(below)
    own = re.fullmatch("j?[aáeé].*|[aeoö]?[ds].*", suffix or "")
    usual = below < 10 or (own and below in (10, 20, 50, 100, 1000))
    if not (
        0 < above < below
        and usual
        and (gcd(above, below) == 1 or re.match("[aeoö]?d", suffix or ""))
    ):
        return match[0]
    words = fraction(above, below)
    if whole:
        words = (
            "másfél"
            if (int(whole), words) == (1, "fél")
            else f"{two(cardinal(int(whole)))} és {words}"
        )
    if unit:
        return f"{words} {attach(said(unit), of_unit or '')}"
    return attach(words, re.sub("^[aeoö]?d(?=[aáeé]|$)", "", suffix or ""))  # 1/3-ad, 2/3-ada
