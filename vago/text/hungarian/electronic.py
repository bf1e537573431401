"""Electronic (and telephone, account numbers, house numbers): what is read piece by piece."""

from __future__ import annotations

import re

from vago.text.hungarian.acronyms import sounds_like_a_word, spell
from vago.text.hungarian.characters import SMALL
from vago.text.hungarian.inflection import SUFFIX, attach, join
from vago.text.hungarian.numbers import cardinal, digit_groups, digits

_SIGNS = {
    ".": "pont", "@": "kukac", "-": "kötőjel", "_": "alulvonás", "/": "per", "+": "plusz",
    "?": "kérdőjel", "=": "egyenlő", "&": "és", "%": "százalék", "#": "kettőskereszt",
    ":": "kettőspont", "~": "hullámvonal",
}  # fmt: skip
_PIECES = {
    "com": "kom", "eu": "eú", "tv": "tévé", "io": "íó", "youtube": "jutyub",
    "facebook": "fészbuk", "google": "gúgl", "gmail": "dzsímél", "twitter": "tvitter",
}  # fmt: skip
# Only these endings make an address without www.: elsewhere a space is missing (vége.Az).
_ENDS = "hu|com|org|net|eu|info|tv|io|pdf|docx?|xlsx?|jpe?g|png|mp[34]|wav|txt|zip|csv"
_RE_EMAIL = re.compile(
    rf"(?<![\w@.+-])([\w.+-]*\w@\w[\w-]*(?:\.\w[\w-]*?)+)(?:-({SUFFIX}))?(?![\w@-])"
)
_RE_WEB = re.compile(
    r"(?<![\w@.-])(?:(?:https?://|(?=www\.))(\w[\w-]*(?:\.\w[\w-]*?)*)"
    rf"|((?:\w[\w-]*\.)+(?:{_ENDS})(?!\w|\.\w)))"
    rf"((?::\d+)?/[\w.~%+?=&#:/-]*?)?(?:(?<!-)-({SUFFIX}))?(?![\w.~%+?=&#:/-]*[\w/])",
    re.IGNORECASE,
)
_AFTER_PHONE = rf"(?![\d]|[.,:]\d)(?:-({SUFFIX})(?!\w))?"
_RE_PHONE = re.compile(
    r"(?<![\w.,:+])\(?(\+\d{1,3}(?=\D)|\+36|\+\d{2}|0036|06)((?:[ ./()-]{0,3}\d){7,11})"
    rf"{_AFTER_PHONE}"
    rf"|(?<![\w.,:+/-])(\d\d?/\d{{3}}[ -]?\d{{3,4}}|\d\d? \d{{3}}[ -]\d{{4}}){_AFTER_PHONE}"
)
_RE_LOCAL_PHONE = re.compile(
    r"((?:[Tt]el|[Tt]elefon|[Tt]elefonszám\w*|[Hh]ív\w*|[Ff]ax)[.:]* (?:[^\W\d]+ ){0,2}?)"
    r"((?:\d{1,2}[ /-]){0,2}\d{3}[ -]\d{3,4})(?!\d)"
)
_STREETS = (
    "utc[aá]|u\\.|út|krt\\.|körút|sugárút|tér|köz|fasor|rakpart|rkp\\.|sétány|dűlő|lakótelep"
    "|fszt\\.|em\\."
)
_RE_HOUSE = re.compile(
    rf"(?<!\w)((?:\w*(?:{_STREETS})\w{{0,3}}) \d+(?:[-/]\d+)?)\."
    r"(?= |$|,)(?! (?:ker|em[.e]|osz|perc|ajtó))",
    re.IGNORECASE,
)
_RE_ACCOUNT = re.compile(r"(?<![\d-])(\d{8}-\d{8}(?:-\d{8})?)(?![\d-])")


def read_electronic(text: str) -> str:
    """info@mta.hu -> info kukac emtéá pont hu, www.rtl.hu-n -> vévévé pont ertéel pont hun.

    Telephone and account numbers are read in groups of digits, with a pause between them.
    """
    # E-mail and web addresses, user names and hashtags.
    text = _RE_EMAIL.sub(lambda m: _address(m[1], m[2]), text)
    text = re.sub(r"(?<!\w)@(?=[A-Za-z_]\w+)", "kukac ", text)
    text = re.sub(r"(?<!\w)#(?=[^\W\d_]\w+)", "hesteg ", text)
    text = _RE_WEB.sub(_web, text)

    # Account, telephone and house numbers.
    text = _RE_ACCOUNT.sub(lambda m: ", ".join(map(digits, m[1].split("-"))), text)
    text = _RE_PHONE.sub(_phone, text)
    text = _RE_LOCAL_PHONE.sub(lambda m: m[1] + _in_groups(re.findall(r"\d+", m[2])), text)
    return _RE_HOUSE.sub(_house, text)


def _house(match: re.Match) -> str:
    """Fő u. 5. II. em. -> Fő u. 5, II. em.: a house number is no ordinal."""
    rest = match.string[match.end() :]
    if re.match(rf" (?!fszt\.|em\.){SMALL}|,", rest):
        return match[1]
    return match[1] + ("," if rest.strip() else ".")


def _web(match: re.Match) -> str:
    path = match[3] or ""
    stop = "." * path.endswith(".")
    page = path.rstrip(".?:&=%+-~/")
    return _address((match[1] or match[2]) + page, match[4]) + stop


def _address(address: str, suffix: str | None) -> str:
    """The words of an address; the suffix, if any, goes to the last of them."""
    pieces = re.findall(r"[^\W\d_]+|\d+|[\W_]", address)
    words = " ".join(filter(None, map(_piece, pieces)))
    return join(words, suffix or "")


def _piece(piece: str) -> str:
    """Letters, digits or one sign of an address as words; empty for a sign that is not read."""
    if piece.isalpha():
        low = piece.lower()
        if low in _PIECES:
            return _PIECES[low]
        return low if sounds_like_a_word(low) or len(low) > 4 else spell(low)
    if piece.isdecimal():
        if piece[0] == "0" or len(piece) > 5:
            return digit_groups(piece)
        return cardinal(int(piece))
    return _SIGNS.get(piece, "")


def _phone(match: re.Match) -> str:
    prefix, rest, suffix = match[1] or "", match[2] or match[4], match[3] or match[5]
    groups = re.findall(r"\d+", rest)
    if len(groups) == 1 and prefix in ("+36", "06", "0036"):
        area = 1 if groups[0][0] == "1" else 2
        groups = [groups[0][:area], groups[0][area:]]

    sign = {"+": "plusz ", "0": "nulla "}.get(prefix[:1], "")
    country = sign + digit_groups(prefix.lstrip("+").removeprefix("0"))
    numbers = [country, _in_groups(groups)]
    return attach(", ".join(filter(None, numbers)), suffix or "")


def _in_groups(groups: list[str]) -> str:
    return ", ".join(map(digit_groups, groups))
