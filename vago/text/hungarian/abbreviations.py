"""Abbreviations written out, and Roman numerals as the ordinals they stand for."""

from __future__ import annotations

import re

from vago.text.hungarian.characters import opening
from vago.text.hungarian.inflection import SUFFIX
from vago.text.hungarian.numbers import ordinal, roman

# Read wherever they stand before a full stop. Those that can end a sentence stand in ENDS as well.
SHORT = {
    "pl": "például", "stb": "satöbbi", "kb": "körülbelül", "dr": "doktor", "ún": "úgynevezett", "úgyn": "úgynevezett",
    "ill": "illetve", "nőv": "nővér", "db": "darab", "vö": "vesd össze", "ld": "lásd", "prof": "professzor", "ifj": "ifjabb",
    "id": "idősebb", "özv": "özvegy", "ti": "tudniillik", "ui": "ugyanis", "uo": "ugyanott", "u": "utca", "krt": "körút",
    "sgt": "sugárút", "rkp": "rakpart", "ker": "kerület", "em": "emelet", "fszt": "földszint", "pf": "postafiók",
    "tel": "telefon", "évf": "évfolyam", "old": "oldal", "max": "maximum", "min": "minimum", "ált": "általános",
    "isk": "iskola", "szt": "szent", "pu": "pályaudvar", "köv": "következő", "tkp": "tulajdonképpen", "mb": "megbízott",
    "eü": "egészségügyi", "ea": "előadás", "szerk": "szerkesztő", "szül": "született", "vs": "kontra", "feat": "közreműködik",
    "etc": "satöbbi", "bek": "bekezdés", "ek": "evőkanál", "tk": "teáskanál", "kk": "kávéskanál", "mk": "mokkáskanál",
    "csom": "csomag", "bp": "Budapest", "vm": "vármegye", "alez": "alezredes", "ezds": "ezredes", "őrgy": "őrnagy",
    "hdgy": "hadnagy", "fej": "fejezet", "mr": "miszter", "mrs": "misszisz", "jr": "junior", "hrsz": "helyrajzi szám",
    "vmint": "valamint", "átl": "átlag", "jan": "január", "febr": "február", "feb": "február", "márc": "március",
    "ápr": "április", "jún": "június", "júl": "július", "aug": "augusztus", "szept": "szeptember", "okt": "október",
    "nov": "november", "dec": "december",
}  # fmt: skip
ENDS = {"stb", "db", "u", "krt", "em", "old", "etc", "ker", "tel", "isk", "pu"}
_AFTER_NUMBER = {
    "em",
    "old",
    "ek",
    "tk",
    "kk",
    "mk",
    "ker",
    "bek",
    "fej",
}  # words or names elsewhere: az em. betű
_NO_STOP = {
    "pl",
    "stb",
    "kb",
    "ún",
    "ill",
    "ld",
    "tkp",
    "vmint",
}  # read where the full stop was forgotten as well
_NO_CAPITAL = {"min", "max", "nov", "dec", "jan", "em", "tk"}  # Max. is a name
_PHRASES = {  # what one word and a full stop are not enough for
    r"[Ii]\. ?e\.": "időszámításunk előtt", r"[Ii]\. ?sz\.": "időszámításunk szerint", r"Kr\. ?e\.": "Krisztus előtt",
    r"Kr\. ?u\.": "Krisztus után", r"s\. ?k\.": "saját kezűleg", r"[Uu]\. ?i\.": "utóirat", r"P\. ?S\.": "utóirat",
    r"t\. ?i\.": "tudniillik", r"[Dd]u\.(?= \d)": "délután", r"[Dd]e\.(?= \d)": "délelőtt", r"n\. ?b\.": "nota bene",
    r"(?<=\d )min\.": "perc", r"(?<=\d )sz\.(?= )": "szám", r"(?<=[IVX]\. )sz\.": "század", r"máj\.(?= ?\d)": "május",
    r"tv\.(?= ?[\da-záéíóöőúüű(])": "törvény", r"(?<=számú )mell\.": "melléklet", r"max(?= \d)": "maximum",
    r"min(?= \d)": "minimum",
}  # fmt: skip
_LETTER = r"[^\W\d_]"
_RE_SHORT = re.compile(
    rf"(?<![\w@])({'|'.join(sorted(SHORT, key=len, reverse=True))})\.(?:-({SUFFIX})(?!\w))?",
    re.IGNORECASE,
)
_RE_NO_STOP = re.compile(rf"(?<![\w@.-])({'|'.join(_NO_STOP)})(?![\w.-])", re.IGNORECASE)
_RE_PHRASES = [(re.compile(rf"(?<!\w){key}(?!\w)"), value) for key, value in _PHRASES.items()]

_RULERS = (
    "István Péter Aba András Béla Salamon Géza László Kálmán Imre Ottó Károly Lajos Mária Zsigmond Albert Ulászló Hunyadi "
    "Mátyás János Ferdinánd Miksa Rudolf Lipót József Ferenc Rákóczi Apafi Báthory Bethlen Pál Gergely Benedek Pius Ince Leó "
    "Kelemen Orbán Sixtus Szilveszter Miklós Sándor Katalin Erzsébet Henrik György Edward Vilmos Jakab Frigyes Fülöp Alfonz "
    "Szulejmán Mehmed Murád Szelim Ramszesz Napóleon Konstantin Justinianus Dareiosz Theodosius Philipposz Kristóf Olaf Harald "
    "Gusztáv Baldvin Abdullah Vatikáni Világháború Kerület"
).split()
_RE_RANGE = re.compile(r"(?<![\w.])([IVXLCDM]+)\.?-([IVXLCDM]+)\.(?= [a-záéíóöőúüű]|$)")
_RE_ORDINAL = re.compile(rf"(?<![\w.-])([IVXLCDM]+)\.(?:-({SUFFIX})(?!\w))?(?!\w)")
_RE_BARE = re.compile(rf"(?<![\w.])([IVXLCDM]+)(?=-(?:{SUFFIX})(?!\w)|/|(?![\w.'-]))")
_WORDS = set(  # capitals that are words or acronyms sooner than numerals
    "MIX LIV DIV CIVIL CD DC MM CC MD MC CM DI CI MI LI CV CL ML LL DX LCD MDC MCC CCC MMM CDC LC".split()
)
_SIZES = {"XL", "XXL", "XXX", "LX", "XC"}  # and these, unless a full stop and a small letter follow


def read_abbreviations(text: str) -> str:
    """pl. -> például, Dr. -> Doktor; a full stop that ends the sentence too stays."""
    text = re.sub(r"((?:Kr\. ?[eu]|[Ii]\. ?(?:e|sz))\. \d+)\. ?sz\.", r"\1. század", text)
    text = re.sub(
        r"(?<!\w)(Btk|Ptk|Kbt|Mt|Pp|Be|Art|Áfa|Szja|Kft|Zrt|Nyrt|Bt|Rt)\.(?= ?[\d(])", r"\1", text
    )
    text = re.sub(r"(?<=\w)(?<![ .]tv)\.(?= \d+(?:/[A-Z])?\. ?§)", "", text)  # Ebktv. 8. §
    for pattern, words in _RE_PHRASES:
        text = pattern.sub(
            lambda m, words=words: _cased(words, m[0]) + "." * (m[0][-1] == "." and _at_end(m)),
            text,
        )
    text = re.sub(
        r"(?<![\d.,])(\d{1,3})\. ?(?:sz\.|számú)(?!\w)", lambda m: _numbered(m[1]) + " számú", text
    )
    text = re.sub(r"(?<=\d)\. ?o\.(?= [a-záéíóöőúüű\d]|$|[,:;!?)])", ". osztály", text).replace(
        "osztály tanul", "osztályos tanul"
    )
    text = _RE_SHORT.sub(_short, text)
    return _RE_NO_STOP.sub(
        lambda m: m[1] if m[1].isupper() else _cased(SHORT[m[1].casefold()], m[1]), text
    )


def _numbered(figures: str) -> str:
    return (
        "első" if figures == "1" else figures + "-es"
    )  # the ending is put right when the number is read


def _short(match: re.Match) -> str:
    key, suffix, after = match[1].casefold(), match[2], match.string[match.end() :]
    if _is_a_word(match[1], match.string[: match.start()], after):
        return match[0]
    ends = (key in ENDS and _at_end(match)) or not after.strip()
    gap = "." if ends and not suffix else "" if re.match(r"\W|$", after) else " "
    return _cased(SHORT[key], match[1]) + (suffix or "") + gap


def _is_a_word(written: str, before: str, after: str) -> bool:
    """Whether what looks abbreviated is a word at its sentence's end (Gyertek ti.), a name (Max.) or an acronym (128 MB.)."""
    key = written.casefold()
    if written.isupper():
        return key not in ("dr", "stb", "ifj", "prof")
    if key in _AFTER_NUMBER:
        return not re.search(r"(?:\d|[IVX]\.|[½¼]|fél|\))\.? ?$", before)
    if key in _NO_CAPITAL and written[0].isupper():
        return not re.match(r" \d", after)
    return (key == "ti" and not re.match(" [a-záéíóöőúüű]", after)) or (
        key == "u" and bool(re.match(r"\w", after))
    )


def _at_end(match: re.Match) -> bool:
    """Whether a full stop ends its sentence too: no small letter, figure or comma goes on after it."""
    return not re.match(r"[,;:)-]| ?[a-záéíóöőúüű(\d]", match.string[match.end() :])


def _cased(word: str, like: str) -> str:
    return word[0].upper() + word[1:] if like[0].isupper() else word


def read_roman(text: str) -> str:
    """XIX. század -> tizenkilencedik század, IV. Béla -> negyedik Béla, IV-es -> 4-es, Rocky II -> Rocky 2.

    C, D, L and M alone are letters, I, V and X numerals before a small letter, a ruler's name or behind nothing that could own
    them as an initial; capitals that are words or acronyms as well (MIX, CD, XL) stay what they are.
    """
    text = re.sub(r"(?<=NB )I{1,3}(?!\w)", lambda m: str(len(m[0])), text)
    text = _RE_RANGE.sub(_range, text)
    text = _RE_ORDINAL.sub(_ordinal, text)
    return _RE_BARE.sub(_bare, text)


def _range(match: re.Match) -> str:
    first, last = roman(match[1]), roman(match[2])
    return f"{ordinal(first)}-{ordinal(last)}" if first and last else match[0]


def _ordinal(match: re.Match) -> str:
    written, suffix, number = match[1], match[2], roman(match[1])
    before, after = match.string[: match.start()], match.string[match.end() :]
    if after[:1] == ":":
        return match[0]  # V.: 45 is an answer's letter
    lowercase = re.match(r" [a-záéíóöőúüű§(]|-|/", after)
    if (
        not number
        or written in "CDLM"
        or written in _WORDS
        or (written in _SIZES and not lowercase)
    ):
        return match[0]
    single = len(written) == 1
    if suffix or lowercase or after[:1] == "," and (not single or re.match(r", ?[IVX]+\.", after)):
        return opening(ordinal(number), before) + (suffix or "")
    follower, owner = re.match(rf" ({_LETTER}+)", after), re.search(rf"({_LETTER}+)(:?) ?$", before)
    answer = owner and (owner[2] or owner[1] in ("a", "az", "A", "Az"))  # a válasz az I.
    if follower and (not single or follower[1] in _RULERS):
        return opening(ordinal(number), before)
    if follower and not answer:
        initial = len(follower[1]) == 1 or (owner and owner[1][0].isupper())  # Kovács V. Anna
        return match[0] if initial else opening(ordinal(number), before)
    if single and owner:
        return match[0] if answer else f"{number}."
    return opening(ordinal(number), before) + "."


def _bare(match: re.Match) -> str:
    written, number = match[1], roman(match[1])
    rest = match.string[match.end() :]
    if len(written) == 1:
        plain = re.match(r"-[eö]s|/\w", rest) if written in "IV" else None
    else:
        plain = (set(written) <= set("IVX") or len(written) > 3) and written not in _WORDS | _SIZES
    return str(number) if number and plain else match[0]
