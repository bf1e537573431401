"""Characters (Unicode folding): what a text becomes before it is read, and the names of signs.

A text that has been read holds Hungarian letters, the marks of `ALPHABET`, spaces, and characters
without a reading (emoji, other scripts), so that `normalize.check` can reject the text.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import cache

HUNGARIAN = "aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz"
MARKS = ".,!?:;-'()"
ALPHABET = frozenset(HUNGARIAN + HUNGARIAN.upper() + " " + MARKS)
VOWELS = "aáeéiíoóöőuúüű"

# Regular expressions for one character each; SMALL and CAPITAL only for Hungarian letters.
LETTER = r"[^\W\d_]"
SMALL = "[a-záéíóöőúüű]"
CAPITAL = "[A-ZÁÉÍÓÖŐÚÜŰ]"

SIGNS = {
    "€": "euró", "$": "dollár", "£": "font", "¥": "jen", "₽": "rubel", "₺": "líra",
    "₿": "bitcoin", "¢": "cent", "%": "százalék", "‰": "ezrelék", "℃": "Celsius-fok",
    "°C": "Celsius-fok", "°F": "Fahrenheit-fok", "°": "fok", "§": "paragrafus", "&": "és",
    "@": "kukac", "#": "kettőskereszt", "+": "plusz", "=": "egyenlő", "±": "plusz-mínusz",
    "×": "szorozva", "÷": "osztva", "≈": "körülbelül", "≠": "nem egyenlő",
    "≤": "kisebb vagy egyenlő", "≥": "nagyobb vagy egyenlő", "√": "gyök", "∞": "végtelen",
    "²": "négyzet", "³": "köb", "№": "szám", "∑": "szumma", "∆": "delta", "µ": "mikro",
}  # fmt: skip
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        "alfa béta gamma delta epszilon zéta éta théta ióta kappa lambda mű nű kszí omikron "
        "pí ró szigma szigma tau üpszilon fí khí pszí ómega".split(),
        strict=True,
    )
)
# Other ways to write a character of ALPHABET, and characters that are not read at all.
_OTHER_MARKS = {
    **dict.fromkeys('"„”“‟«»″❝❞〝〞*`´¨¸¯ˇ˘˙˛˝', ""),
    **dict.fromkeys("’‘‚‛‹›′ʼ＇", "'"),
    **dict.fromkeys("[{⟨【「『〔", "("),
    **dict.fromkeys("]}⟩】」』〕", ")"),
    **dict.fromkeys("_\\~|¦¬", " "),
    **dict.fromkeys("•·‣◦▪●○■□►▶◆★☆✓✔✗✘→←↔⇒⇐➔➡¶†‡©®™℠\ufffd", " "),
    **dict.fromkeys("。．｡", "."),
    **dict.fromkeys("、，､", ","),
    "…": "...", "⁄": "/", "∕": "/", "¡": "", "¿": "", "º": "°", "˚": "°", "～": " ",
    "⋅": "×", "∙": "×", "✕": "×", "✖": "×",
}  # fmt: skip
# Letters of other Latin alphabets as a Hungarian would spell their sound; all others lose their
# diacritics.
_FOREIGN = {
    "ä": "e", "æ": "e", "œ": "ö", "ø": "ö", "å": "o", "ß": "ss", "ç": "sz", "ñ": "ny",
    "ń": "ny", "ň": "ny", "č": "cs", "ć": "cs", "š": "s", "ś": "s", "ş": "s", "ș": "s",
    "ţ": "c", "ț": "c", "ž": "zs", "ż": "zs", "ź": "zs", "đ": "gy", "ď": "gy", "ť": "ty",
    "ł": "l", "ľ": "ly", "ř": "rzs", "ğ": "", "ı": "i", "ý": "i", "ě": "je", "ą": "on",
    "ę": "en", "þ": "t", "ð": "d", "ħ": "h",
    # The last two are ő and ű that went through a Western code page.
    "ŋ": "ng", "ŧ": "t", "ĸ": "k", "õ": "ő", "û": "ű",
}  # fmt: skip


def unify(text: str) -> str:
    """One kind of space, one kind of hyphen, letters in one code point (NFC)."""
    text = re.sub(r"[–—―−‐‑‒⁃﹣－]", "-", unicodedata.normalize("NFC", text))
    return re.sub(r"\s", " ", text)


def fold(text: str) -> str:
    """Other digits, invisible and typographic characters, foreign letters -> what the rules read.

    `text` has been through `unify`.
    """
    # What carries no words: smileys, an encyclopedia's footnotes; and marks that stand for words.
    text = re.sub(r"(?<!\w)(?:[:;]-?[)(DP|]|<3|xD)(?!\w)", " ", text)
    text = re.sub(r"(?<=\w)(?:\[\d+\])+", "", text)
    text = re.sub(r"(?<=\d)[\"″”]-", " col-", text)
    text = re.sub(r"(?<=\d)\*+-", " csillag-", text)

    # Missing spaces between sentences (vége.Az), and marks made of several characters.
    text = re.sub(rf"(?<={SMALL})([.!?])(?={CAPITAL}{SMALL})", r"\1 ", text)
    text = re.sub("~(?= ?\\d)", "≈", text)
    text = text.replace("->", " ").replace("=>", " ").replace("--", " - ").replace("||", " ")

    # Mathematics: multiplication, exponents, Greek letters, comparisons.
    text = re.sub(r"(?<=[\d)])( ?)[*·](?= ?[\d(])", r"\1×", text)
    text = re.sub(r"(?<=\d)[⁰¹²³⁴-⁹]+", lambda m: "^" + unicodedata.normalize("NFKC", m[0]), text)
    text = re.sub(r"(?<=\d)(?=[α-ωΑ-Ω])|(?<=[α-ωΑ-Ω])(?=\d)", " ", text)
    text = re.sub(
        rf"(?<!{LETTER})[α-ωΑ-Ω](?!{LETTER})", lambda m: _GREEK.get(m[0].lower(), m[0]), text
    )
    text = re.sub(r"(?<=\d)( ?)μ(?=[gmls](?!\w))", r"\1µ", text)
    text = "".join(map(_folded, text))
    text = re.sub(r"(?<=\w) ?> ?(?=\d)", " nagyobb, mint ", text)
    text = re.sub(r"(?<=\w) ?< ?(?=\d)", " kisebb, mint ", text)
    text = re.sub("[<>]", " ", text)
    text = re.sub(r"\.{4,}", "...", text)

    return " ".join(unicodedata.normalize("NFC", _without_stray_marks(text)).split())


def _without_stray_marks(text: str) -> str:
    """`text` without combining marks, except those on letters of other scripts."""
    kept: list[str] = []
    for c in text:
        on_other_script = kept and kept[-1] not in ALPHABET and not kept[-1].isascii()
        if not unicodedata.combining(c) or on_other_script:
            kept.append(c)
    return "".join(kept)


def sentence_case(words: str, before: str) -> str:
    """`words` with a capital where `before` ends a sentence: lines are split at capitals."""
    if re.search(r"[.!?][\"')]* $", before):
        return words[:1].upper() + words[1:]
    return words


@cache
def _folded(c: str) -> str:
    """One character -> characters the rules read, or itself where it has no reading."""
    if c in _OTHER_MARKS:
        return _OTHER_MARKS[c]
    if c.isascii():
        return c if c.isprintable() else " "
    if c in ALPHABET or c in SIGNS:
        return c

    kind, name = unicodedata.category(c), unicodedata.name(c, "")
    if "ROMAN NUMERAL" in name and len(unicodedata.normalize("NFKC", c)) < 5:
        return unicodedata.normalize("NFKC", c).upper()
    if kind[0] == "N" and not name.startswith("CJK"):
        return _number(c, kind)
    if kind in ("Cf", "Cs") or "VARIATION SELECTOR" in name:
        return ""
    if kind[0] == "Z" or kind == "Cc":
        return " "

    low = c.lower()
    if low in _FOREIGN:
        return _FOREIGN[low] if c == low else _FOREIGN[low].capitalize()
    plain = _without_diacritics(c)
    if plain or kind[0] != "P":
        return plain or c
    return " "


def _number(c: str, kind: str) -> str:
    """A numeric character in ASCII: ٣ -> 3, ½ -> " 1/2 " (2½ is not 21/2)."""
    value = Fraction(unicodedata.numeric(c)).limit_denominator(1000)
    written = str(abs(value))
    return written if kind == "Nd" else f" {written} "


def _without_diacritics(c: str) -> str:
    """The compatibility decomposition without marks, empty where letters without a reading stay."""
    plain = unicodedata.normalize("NFKD", c)
    if plain == c:
        return ""
    plain = "".join(_folded(p) for p in plain if not unicodedata.combining(p))
    readable = all(p in ALPHABET or p.isascii() for p in plain)
    return plain if readable else ""
