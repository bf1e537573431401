"""Abbreviations (and roman ordinals): pl. -> például, XIX. század -> tizenkilencedik század."""

from __future__ import annotations

import re

from vago.text.hungarian.characters import LETTER, SMALL, sentence_case
from vago.text.hungarian.inflection import SUFFIX
from vago.text.hungarian.numbers import ordinal, roman

# Read wherever they stand before a full stop.
ABBREVIATIONS = {
    "pl": "például", "stb": "satöbbi", "kb": "körülbelül", "dr": "doktor", "ún": "úgynevezett",
    "úgyn": "úgynevezett", "ill": "illetve", "nőv": "nővér", "db": "darab", "vö": "vesd össze",
    "ld": "lásd", "prof": "professzor", "ifj": "ifjabb", "id": "idősebb", "özv": "özvegy",
    "ti": "tudniillik", "ui": "ugyanis", "uo": "ugyanott", "u": "utca", "krt": "körút",
    "sgt": "sugárút", "rkp": "rakpart", "ker": "kerület", "em": "emelet", "fszt": "földszint",
    "pf": "postafiók", "tel": "telefon", "évf": "évfolyam", "old": "oldal", "max": "maximum",
    "min": "minimum", "ált": "általános", "isk": "iskola", "szt": "szent", "pu": "pályaudvar",
    "köv": "következő", "tkp": "tulajdonképpen", "mb": "megbízott", "eü": "egészségügyi",
    "ea": "előadás", "szerk": "szerkesztő", "szül": "született", "vs": "kontra",
    "feat": "közreműködik", "etc": "satöbbi", "bek": "bekezdés", "ek": "evőkanál",
    "tk": "teáskanál", "kk": "kávéskanál", "mk": "mokkáskanál", "csom": "csomag",
    "bp": "Budapest", "vm": "vármegye", "alez": "alezredes", "ezds": "ezredes",
    "őrgy": "őrnagy", "hdgy": "hadnagy", "fej": "fejezet", "mr": "miszter", "mrs": "misszisz",
    "jr": "junior", "hrsz": "helyrajzi szám", "vmint": "valamint", "átl": "átlag",
    "jan": "január", "febr": "február", "feb": "február", "márc": "március", "ápr": "április",
    "jún": "június", "júl": "július", "aug": "augusztus", "szept": "szeptember",
    "okt": "október", "nov": "november", "dec": "december",
}  # fmt: skip
# Of these, the ones that can end a sentence.
ENDS = {"stb", "db", "u", "krt", "em", "old", "etc", "ker", "tel", "isk", "pu"}
# After a number only: elsewhere they are words or names (az em. betű).
_AFTER_NUMBER = {"em", "old", "ek", "tk", "kk", "mk", "ker", "bek", "fej"}
# Read without their full stop as well.
_NO_STOP = ("pl", "stb", "kb", "ún", "ill", "ld", "tkp", "vmint")
_NO_CAPITAL = {"min", "max", "nov", "dec", "jan", "em", "tk"}  # Max. is a name
# Abbreviations of several parts, or that depend on what stands beside them.
_PHRASES = {
    r"[Ii]\. ?e\.": "időszámításunk előtt", r"[Ii]\. ?sz\.": "időszámításunk szerint",
    r"Kr\. ?e\.": "Krisztus előtt", r"Kr\. ?u\.": "Krisztus után",
    r"s\. ?k\.": "saját kezűleg", r"[Uu]\. ?i\.": "utóirat", r"P\. ?S\.": "utóirat",
    r"t\. ?i\.": "tudniillik", r"[Dd]u\.(?= \d)": "délután", r"[Dd]e\.(?= \d)": "délelőtt",
    r"n\. ?b\.": "nota bene", r"(?<=\d )min\.": "perc", r"(?<=\d )sz\.(?= )": "szám",
    r"(?<=[IVX]\. )sz\.": "század", r"máj\.(?= ?\d)": "május",
    r"tv\.(?= ?[\da-záéíóöőúüű(])": "törvény", r"(?<=számú )mell\.": "melléklet",
    r"max(?= \d)": "maximum", r"min(?= \d)": "minimum",
}  # fmt: skip
_RE_SHORT = re.compile(
    rf"(?<![\w@])({'|'.join(sorted(ABBREVIATIONS, key=len, reverse=True))})\."
    rf"(?:-({SUFFIX})(?!\w))?",
    re.IGNORECASE,
)
_RE_NO_STOP = re.compile(rf"(?<![\w@.-])({'|'.join(_NO_STOP)})(?![\w.-])", re.IGNORECASE)
_RE_PHRASES = [(re.compile(rf"(?<!\w){key}(?!\w)"), value) for key, value in _PHRASES.items()]

_RULERS = (
    "István Péter Aba András Béla Salamon Géza László Kálmán Imre Ottó Károly Lajos Mária "
    "Zsigmond Albert Ulászló Hunyadi Mátyás János Ferdinánd Miksa Rudolf Lipót József Ferenc "
    "Rákóczi Apafi Báthory Bethlen Pál Gergely Benedek Pius Ince Leó Kelemen Orbán Sixtus "
    "Szilveszter Miklós Sándor Katalin Erzsébet Henrik György Edward Vilmos Jakab Frigyes "
    "Fülöp Alfonz Szulejmán Mehmed Murád Szelim Ramszesz Napóleon Konstantin Justinianus "
    "Dareiosz Theodosius Philipposz Kristóf Olaf Harald Gusztáv Baldvin Abdullah Vatikáni "
    "Világháború Kerület"
).split()
_RE_RANGE = re.compile(rf"(?<![\w.])([IVXLCDM]+)\.?-([IVXLCDM]+)\.(?= {SMALL}|$)")
_RE_ORDINAL = re.compile(rf"(?<![\w.-])([IVXLCDM]+)\.(?:-({SUFFIX})(?!\w))?(?!\w)")
_RE_BARE = re.compile(rf"(?<![\w.])([IVXLCDM]+)(?=-(?:{SUFFIX})(?!\w)|/|(?![\w.'-]))")
# Capitals that are words or acronyms rather than numerals.
_WORDS = set(
    "MIX LIV DIV CIVIL CD DC MM CC MD MC CM DI CI MI LI CV CL ML LL DX LCD MDC MCC CCC MMM "
    "CDC LC".split()
)
_SIZES = {"XL", "XXL", "XXX", "LX", "XC"}  # and these, unless a full stop and a small letter follow


def read_abbreviations(text: str) -> str:
    """pl. -> például, Dr. -> Doktor; a full stop that also ends the sentence stays."""
    # Centuries before abbreviations; statutes (Btk.), whose full stop is not a sentence's.
    text = re.sub(r"((?:Kr\. ?[eu]|[Ii]\. ?(?:e|sz))\. \d+)\. ?sz\.", r"\1. század", text)
    statutes = "Btk|Ptk|Kbt|Mt|Pp|Be|Art|Áfa|Szja|Kft|Zrt|Nyrt|Bt|Rt"
    text = re.sub(rf"(?<!\w)({statutes})\.(?= ?[\d(])", r"\1", text)
    text = re.sub(r"(?<=\w)(?<![ .]tv)\.(?= \d+(?:/[A-Z])?\. ?§)", "", text)  # Ebktv. 8. §

    for pattern, words in _RE_PHRASES:
        text = pattern.sub(lambda m, words=words: _phrase(m, words), text)

    # Numbered things: 5. sz. -> 5-es számú, 3. o. -> 3. osztály.
    text = re.sub(
        r"(?<![\d.,])(\d{1,3})\. ?(?:sz\.|számú)(?!\w)", lambda m: _numbered(m[1]) + " számú", text
    )
    text = re.sub(rf"(?<=\d)\. ?o\.(?= (?:{SMALL}|\d)|$|[,:;!?)])", ". osztály", text)
    text = text.replace("osztály tanul", "osztályos tanul")

    text = _RE_SHORT.sub(_short, text)
    return _RE_NO_STOP.sub(_without_stop, text)


def _phrase(match: re.Match, words: str) -> str:
    ends = match[0][-1] == "." and _at_end(match)
    return _cased(words, match[0]) + "." * ends


def _numbered(figures: str) -> str:
    """5 -> 5-es; the ending is corrected when the number is read."""
    return "első" if figures == "1" else figures + "-es"


def _short(match: re.Match) -> str:
    key, suffix, after = match[1].casefold(), match[2], match.string[match.end() :]
    if _is_a_word(match[1], match.string[: match.start()], after):
        return match[0]

    ends = (key in ENDS and _at_end(match)) or not after.strip()
    words = _cased(ABBREVIATIONS[key], match[1]) + (suffix or "")
    if ends and not suffix:
        return words + "."
    return words + " " * bool(re.match(r"\w", after))


def _without_stop(match: re.Match) -> str:
    if match[1].isupper():
        return match[1]
    return _cased(ABBREVIATIONS[match[1].casefold()], match[1])


def _is_a_word(written: str, before: str, after: str) -> bool:
    """Whether an abbreviation and its full stop are something else.

    A word that ends its sentence (Gyertek ti.), a name (Max.) or an acronym (128 MB.).
    """
    key = written.casefold()
    if written.isupper():
        return key not in ("dr", "stb", "ifj", "prof")
    if key in _AFTER_NUMBER:
        return not re.search(r"(?:\d|[IVX]\.|[½¼]|fél|\))\.? ?$", before)
    if key in _NO_CAPITAL and written[0].isupper():
        return not re.match(r" \d", after)
    if key == "ti":
        return not re.match(f" {SMALL}", after)
    return key == "u" and bool(re.match(r"\w", after))


def _at_end(match: re.Match) -> bool:
    """Whether the full stop also ends the sentence: no small letter, digit or comma follows."""
    return not re.match(rf"[,;:)-]| ?(?:{SMALL}|[(\d])", match.string[match.end() :])


def _cased(word: str, like: str) -> str:
    return word[0].upper() + word[1:] if like[0].isupper() else word


def read_roman(text: str) -> str:
    """IV. Béla -> negyedik Béla, XIX. század -> tizenkilencedik század, IV-es -> 4-es.

    C, D, L and M alone are letters. I, V and X are numerals before a small letter or a ruler's
    name, or where no name before them makes an initial of them. Capitals that are also words or
    acronyms (MIX, CD, XL) stay.
    """
    text = re.sub(r"(?<=NB )I{1,3}(?!\w)", lambda m: str(len(m[0])), text)
    text = _RE_RANGE.sub(_range, text)
    text = _RE_ORDINAL.sub(_ordinal, text)
    return _RE_BARE.sub(_bare, text)


def _range(match: re.Match) -> str:
    first, last = roman(match[1]), roman(match[2])
    if not first or not last:
        return match[0]
    return f"{ordinal(first)}-{ordinal(last)}"


def _ordinal(match: re.Match) -> str:
    written, suffix, number = match[1], match[2], roman(match[1])
    before, after = match.string[: match.start()], match.string[match.end() :]
    lowercase = re.match(rf" (?:{SMALL}|[§(])|-|/", after)

    # Letters, words and sizes; V.: 45 is the letter of an answer.
    is_word = written in "CDLM" or written in _WORDS or (written in _SIZES and not lowercase)
    if not number or is_word or after[:1] == ":":
        return match[0]

    words = sentence_case(ordinal(number), before)
    single = len(written) == 1
    listed = after[:1] == "," and (not single or re.match(r", ?[IVX]+\.", after))
    if suffix or lowercase or listed:
        return words + (suffix or "")

    # The word after it and the word before it decide: II. Lajos, Kovács V. Anna, a válasz az I.
    follower = re.match(rf" ({LETTER}+)", after)
    owner = re.search(rf"({LETTER}+)(:?) ?$", before)
    answer = owner and (owner[2] or owner[1] in ("a", "az", "A", "Az"))
    if follower and (not single or follower[1] in _RULERS):
        return words
    if follower and not answer:
        initial = len(follower[1]) == 1 or (owner and owner[1][0].isupper())
        return match[0] if initial else words
    if single and owner:
        return match[0] if answer else f"{number}."
    return words + "."


def _bare(match: re.Match) -> str:
    written, number = match[1], roman(match[1])
    rest = match.string[match.end() :]
    if len(written) == 1:
        plain = written in "IV" and re.match(r"-[eö]s|/\w", rest)
    else:
        usual = set(written) <= set("IVX") or len(written) > 3
        plain = usual and written not in _WORDS | _SIZES
    return str(number) if number and plain else match[0]
