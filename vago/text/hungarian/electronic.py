"""E-mail and web addresses, telephone and account numbers: what is read piece by piece."""

from __future__ import annotations

import re

from vago.text.hungarian.acronyms import sounds_like_a_word, spell
from vago.text.hungarian.inflection import SUFFIX, attach, join
from vago.text.hungarian.numbers import cardinal, digits, grouped

_CALLED = {
    ".": "pont", "@": "kukac", "-": "kötőjel", "_": "alulvonás", "/": "per", "+": "plusz", "?": "kérdőjel", "=": "egyenlő",
    "&": "és", "%": "százalék", "#": "kettőskereszt", ":": "kettőspont", "~": "hullámvonal",
}  # fmt: skip
_PIECES = {
    "com": "kom", "eu": "eú", "tv": "tévé", "io": "íó", "youtube": "jutyub", "facebook": "fészbuk", "google": "gúgl",
    "gmail": "dzsímél", "twitter": "tvitter",
}  # fmt: skip
# Before other endings a full stop without a space behind it is likelier a slip: vége.Az
_ENDS = "hu|com|org|net|eu|info|tv|io|pdf|docx?|xlsx?|jpe?g|png|mp[34]|wav|txt|zip|csv"
_RE_EMAIL = re.compile(
    rf"(?<![\w@.+-])([\w.+-]*\w@\w[\w-]*(?:\.\w[\w-]*?)+)(?:-({SUFFIX}))?(?![\w@-])"
)
_RE_WEB = re.compile(
    rf"(?<![\w@.-])(?:(?:https?://|(?=www\.))(\w[\w-]*(?:\.\w[\w-]*?)*)|((?:\w[\w-]*\.)+(?:{_ENDS})(?!\w|\.\w)))"
    rf"((?::\d+)?/[\w.~%+?=&#:/-]*?)?(?:(?<!-)-({SUFFIX}))?(?![\w.~%+?=&#:/-]*[\w/])",
    re.IGNORECASE,
)
_OWN = rf"(?![\d]|[.,:]\d)(?:-({SUFFIX})(?!\w))?"
_RE_PHONE = re.compile(
    rf"(?<![\w.,:+])\(?(\+\d{{1,3}}(?=\D)|\+36|\+\d{{2}}|0036|06)((?:[ ./()-]{{0,3}}\d){{7,11}}){_OWN}|"
    rf"(?<![\w.,:+/-])(\d\d?/\d{{3}}[ -]?\d{{3,4}}|\d\d? \d{{3}}[ -]\d{{4}}){_OWN}"
)
_RE_LOCAL = re.compile(
    r"((?:[Tt]el|[Tt]elefon|[Tt]elefonszám\w*|[Hh]ív\w*|[Ff]ax)[.:]* (?:[^\W\d]+ ){0,2}?)"
    r"((?:\d{1,2}[ /-]){0,2}\d{3}[ -]\d{3,4})(?!\d)"
)
_STREETS = "utc[aá]|u\\.|út|krt\\.|körút|sugárút|tér|köz|fasor|rakpart|rkp\\.|sétány|dűlő|lakótelep|fszt\\.|em\\."
_RE_HOUSE = re.compile(
    rf"(?<!\w)((?:\w*(?:{_STREETS})\w{{0,3}}) \d+(?:[-/]\d+)?)\.(?= |$|,)(?! (?:ker|em[.e]|osz|perc|ajtó))",
    re.IGNORECASE,
)
_RE_ACCOUNT = re.compile(r"(?<![\d-])(\d{8}-\d{8}(?:-\d{8})?)(?![\d-])")


def read_addresses(text: str) -> str:
    """info@mta.hu -> info kukac emtéá pont hu; www.rtl.hu-n -> vévévé pont ertéel pont hun; +36 30 123 4567 by its groups."""
    text = _RE_EMAIL.sub(lambda m: _spelt(m[1], m[2]), text)
    text = re.sub(r"(?<!\w)@(?=[A-Za-z_]\w+)", "kukac ", text)
    text = re.sub(r"(?<!\w)#(?=[^\W\d_]\w+)", "hesteg ", text)
    text = _RE_WEB.sub(_web, text)
    text = _RE_ACCOUNT.sub(lambda m: ", ".join(digits(group) for group in m[1].split("-")), text)
    text = _RE_PHONE.sub(_phone, text)
    text = _RE_LOCAL.sub(lambda m: m[1] + ", ".join(map(grouped, re.findall(r"\d+", m[2]))), text)
    return _RE_HOUSE.sub(_house, text)


def _house(match: re.Match) -> str:
    """Fő u. 5. II. em. -> Fő u. 5, II. em.: a house number is no ordinal, and a full stop only at the end."""
    rest = match.string[match.end() :]
    return match[1] + (
        "" if re.match(r" (?!fszt\.|em\.)[a-záéíóöőúüű]|,", rest) else "," if rest.strip() else "."
    )


def _web(match: re.Match) -> str:
    page = (match[3] or "").rstrip(".?:&=%+-~/")
    stop = "." * (match[3] or "").endswith(".")
    return _spelt((match[1] or match[2]) + page, match[4]) + stop


def _spelt(address: str, suffix: str | None) -> str:
    """The pieces of an address as words, and what suffix the last of them takes."""
    said = []
    for piece in re.findall(r"[^\W\d_]+|\d+|[\W_]", address):
        if piece.isalpha():
            low = piece.lower()
            said.append(
                _PIECES.get(low) or (low if sounds_like_a_word(low) or len(low) > 4 else spell(low))
            )
        elif piece.isdecimal():
            said.append(
                grouped(piece) if piece[0] == "0" or len(piece) > 5 else cardinal(int(piece))
            )
        elif piece in _CALLED:
            said.append(_CALLED[piece])
    words = " ".join(said)
    return join(words, suffix) if suffix else words


def _phone(match: re.Match) -> str:
    prefix, rest, suffix = match[1] or "", match[2] or match[4], match[3] or match[5]
    groups = re.findall(r"\d+", rest)
    if len(groups) == 1 and prefix in ("+36", "06", "0036"):
        area = 1 if groups[0][0] == "1" else 2
        groups = [groups[0][:area], groups[0][area:]]
    country = {"+": "plusz ", "0": "nulla "}.get(prefix[:1], "") + grouped(
        prefix.lstrip("+").removeprefix("0") or ""
    )
    return attach(", ".join(filter(None, [country, *map(grouped, groups)])), suffix or "")
