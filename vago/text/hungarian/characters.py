"""Characters: what a text is folded into before it is read, and how the signs that remain are called.

After reading, a text holds the letters a-z and Hungarian's own, the marks of `ALPHABET`, spaces, and what nobody can read
aloud (emoji, letters of other scripts): that stays, so that `text.check` can name it in the ledger.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from functools import cache

HUNGARIAN = "aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz"
MARKS = ".,!?:;-'()"
ALPHABET = frozenset(HUNGARIAN + HUNGARIAN.upper() + " " + MARKS)

SIGNS = {
    "€": "euró", "$": "dollár", "£": "font", "¥": "jen", "₽": "rubel", "₺": "líra", "₿": "bitcoin", "¢": "cent",
    "%": "százalék", "‰": "ezrelék", "℃": "Celsius-fok", "°C": "Celsius-fok", "°F": "Fahrenheit-fok", "°": "fok",
    "§": "paragrafus", "&": "és", "@": "kukac", "#": "kettőskereszt", "+": "plusz", "=": "egyenlő", "±": "plusz-mínusz",
    "×": "szorozva", "÷": "osztva", "≈": "körülbelül", "≠": "nem egyenlő", "≤": "kisebb vagy egyenlő",
    "≥": "nagyobb vagy egyenlő", "√": "gyök", "∞": "végtelen", "²": "négyzet", "³": "köb", "№": "szám", "∑": "szumma",
    "∆": "delta", "µ": "mikro",
}  # fmt: skip
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        "alfa béta gamma delta epszilon zéta éta théta ióta kappa lambda mű nű kszí omikron pí ró szigma szigma tau üpszilon fí "
        "khí pszí ómega".split(),
        strict=True,
    )
)
_OTHER_MARKS = {  # characters that are only another way to write those of ALPHABET, or say nothing
    **dict.fromkeys('"„”“‟«»″❝❞〝〞*`´¨¸¯ˇ˘˙˛˝', ""), **dict.fromkeys("’‘‚‛‹›′ʼ＇", "'"),
    **dict.fromkeys("[{⟨【「『〔", "("),
    **dict.fromkeys("]}⟩】」』〕", ")"), **dict.fromkeys("_\\~|¦¬", " "),
    **dict.fromkeys("•·‣◦▪●○■□►▶◆★☆✓✔✗✘→←↔⇒⇐➔➡¶†‡©®™℠\ufffd", " "), **dict.fromkeys("。．｡", "."), **dict.fromkeys("、，､", ","),
    "…": "...", "⁄": "/", "∕": "/", "¡": "", "¿": "", "º": "°", "˚": "°", "～": " ", "⋅": "×", "∙": "×", "✕": "×", "✖": "×",
}  # fmt: skip
_FOREIGN = {  # letters of other Latin alphabets as a Hungarian would write what he says; all the rest lose their marks
    "ä": "e", "æ": "e", "œ": "ö", "ø": "ö", "å": "o", "ß": "ss", "ç": "sz", "ñ": "ny", "ń": "ny", "ň": "ny", "č": "cs", "ć": "cs",
    "š": "s", "ś": "s", "ş": "s", "ș": "s", "ţ": "c", "ț": "c", "ž": "zs", "ż": "zs", "ź": "zs", "đ": "gy", "ď": "gy", "ť": "ty",
    "ł": "l", "ľ": "ly", "ř": "rzs", "ğ": "", "ı": "i", "ý": "i", "ě": "je", "ą": "on", "ę": "en", "þ": "t", "ð": "d", "ħ": "h",
    # The last two are ő and ű that went through a Western code page.
    "ŋ": "ng", "ŧ": "t", "ĸ": "k", "õ": "ő", "û": "ű",
}  # fmt: skip


def level(text: str) -> str:
    """One kind of space, one kind of hyphen, letters in one piece."""
    text = re.sub(r"[–—―−‐‑‒⁃﹣－]", "-", unicodedata.normalize("NFC", text))
    return re.sub(r"\s", " ", text)


def fold(text: str) -> str:
    """Other scripts' digits, invisible and typographic characters, foreign Latin letters -> what the reading rules know.

    `text` has been through `level`.
    """
    text = re.sub(r"(?<!\w)(?:[:;]-?[)(DP|]|<3|xD)(?!\w)", " ", text)  # smileys
    text = re.sub(r"(?<=\w)(?:\[\d+\])+", "", text)  # an encyclopedia's footnotes
    text = re.sub(r"(?<=\d)[\"″”]-", " col-", text)
    text = re.sub(r"(?<=\d)\*+-", " csillag-", text)
    text = re.sub(
        r"(?<=[a-záéíóöőúüű])([.!?])(?=[A-ZÁÉÍÓÖŐÚÜŰ][a-záéíóöőúüű])", r"\1 ", text
    )  # vége.Az
    text = (
        re.sub("~(?= ?\\d)", "≈", text)
        .replace("->", " ")
        .replace("=>", " ")
        .replace("--", " - ")
        .replace("||", " ")
    )
    text = re.sub(r"(?<=[\d)])( ?)[*·](?= ?[\d(])", r"\1×", text)
    text = re.sub(r"(?<=\d)[⁰¹²³⁴-⁹]+", lambda m: "^" + unicodedata.normalize("NFKC", m[0]), text)
    text = re.sub(r"(?<=\d)(?=[α-ωΑ-Ω])|(?<=[α-ωΑ-Ω])(?=\d)", " ", text)
    text = re.sub(
        r"(?<![^\W\d_])[α-ωΑ-Ω](?![^\W\d_])", lambda m: _GREEK.get(m[0].lower(), m[0]), text
    )
    text = "".join(map(_folded, re.sub(r"(?<=\d)( ?)μ(?=[gmls](?!\w))", r"\1µ", text)))
    text = re.sub(
        r"(?<=\w) ?< ?(?=\d)",
        " kisebb, mint ",
        re.sub(r"(?<=\w) ?> ?(?=\d)", " nagyobb, mint ", text),
    )
    text = re.sub("[<>]", " ", text)
    text = re.sub(r"\.{4,}", "...", text)
    kept: list[str] = []
    for c in (
        text
    ):  # a mark without its letter is noise; one on a letter of another script belongs to it
        if not unicodedata.combining(c) or (
            kept and kept[-1] not in ALPHABET and not kept[-1].isascii()
        ):
            kept.append(c)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def opening(words: str, before: str) -> str:
    """`words` with a capital where a sentence ends in `before`: pieces of speech are cut at capitals."""
    return words[:1].upper() + words[1:] if re.search(r"[.!?][\"')]* $", before) else words


@cache
def _folded(c: str) -> str:
    if c in _OTHER_MARKS:
        return _OTHER_MARKS[c]
    if c.isascii():
        return c if c.isprintable() else " "
    if c in ALPHABET or c in SIGNS:
        return c
    kind = unicodedata.category(c)
    if "ROMAN NUMERAL" in unicodedata.name(c, "") and len(unicodedata.normalize("NFKC", c)) < 5:
        return unicodedata.normalize("NFKC", c).upper()
    if kind[0] == "N" and not unicodedata.name(c, "").startswith("CJK"):
        value = Fraction(unicodedata.numeric(c)).limit_denominator(1000)
        wide = kind != "Nd"  # ½ after 2 is no 21/2; ٣ after ٢ is 23
        return " " * wide + (str(value) if value >= 0 else str(-value)) + " " * wide
    if kind in ("Cf", "Cs") or "VARIATION SELECTOR" in unicodedata.name(c, ""):
        return ""
    if kind[0] == "Z" or kind == "Cc":
        return " "
    low = c.lower()
    if low in _FOREIGN:
        return _FOREIGN[low] if c == low else _FOREIGN[low].capitalize()
    plain = unicodedata.normalize("NFKD", c)
    if plain != c:
        plain = "".join(_folded(p) for p in plain if not unicodedata.combining(p))
        if plain and all(p in ALPHABET or p.isascii() for p in plain):
            return plain
    return " " if kind[0] == "P" else c
