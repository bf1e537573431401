"""Inflection: Hungarian suffixes on what was written as a number, a sign or letters.

Covers vowel harmony, linking vowels and the assimilation of -val, -vel.
"""

from __future__ import annotations

import re

from vago.text.hungarian import numbers
from vago.text.hungarian.characters import VOWELS

# Each suffix after back, front and rounded front vowels.
_PAIRS = [
    tuple(forms.split("/"))
    for forms in (
        "ba/be ban/ben ból/ből ra/re ról/ről tól/től nál/nél nak/nek hoz/hez/höz szor/szer/ször "
        "ul/ül"
    ).split()
]
_CONSONANT = "(?:sz|gy|cs|ny|zs|[bcdfghjklmnprstvz])"
_WITH = f"{_CONSONANT}?[ae]l"  # spellings of -val, -vel: 5-tel, 100-zal, 100-al
_CASES = (
    "t|b[ae]n?|b[óő]l|r[ae]|r[óő]l|n|h[oeö]z|t[óő]l|n[áé]l|n[ae]k|ig|ért|ként|kor|képp(?:en)?"
    f"|{_CONSONANT}?[ae]l"
)
_LINKED = f"(?:[aeoö]?t|[aeoö]n|{_CASES})"
_OWNED = f"j?(?:[ae]i?|[áé](?:{_CASES})|[uü]n?k(?:{_CASES})?)"
# What may follow a hyphen as a suffix; anything else there is the second half of a compound.
SUFFIX = (
    f"sz[oeö]r(?:[eoö]s|i|re|ra)?(?:{_LINKED}|{_OWNED})?|[aeoö]?d?ik(?:{_LINKED}|{_OWNED})?"
    f"|[aeoö]?s(?:[aeoö]k)?(?:{_LINKED})?|[aeoö]?k(?:{_LINKED})?|i(?:{_CASES})?"
    f"|(?:fős|féle|fajta|nyi|beli|szerű|tagú|éves)(?:{_LINKED})?|[aeoö]d|{_OWNED}|{_LINKED}"
    f"|{_CONSONANT}[áé]|né"
)
# Suffixes of a day of the month: 15-én, 1-jéig, 2-ai.
OF_DATES = rf"j?(?:[ae](?:i(?:{_CASES})?)?|i(?:{_CASES})?|[áé](?:{_CASES}))"
_PLAIN = {form for forms in _PAIRS for form in forms} | {"kor", "ként", "képp", "képpen", "né"}

# Last word of a numeral -> its stem and linking vowel before -t, -s, -n; harmony (see `harmony`).
_NUMERALS = {
    "nulla": ("nullá", "", 0), "egy": ("egy", "e", 1), "kettő": ("kett", "e", 2),
    "három": ("hárm", "a", 0), "négy": ("négy", "e", 1), "öt": ("öt", "ö", 2),
    "hat": ("hat", "o", 0), "hét": ("het", "e", 1), "nyolc": ("nyolc", "a", 0),
    "kilenc": ("kilenc", "e", 1), "tíz": ("tíz", "e", 1), "húsz": ("húsz", "a", 0),
    "harminc": ("harminc", "a", 0), "negyven": ("negyven", "e", 1), "ötven": ("ötven", "e", 1),
    "hatvan": ("hatvan", "a", 0), "hetven": ("hetven", "e", 1),
    "nyolcvan": ("nyolcvan", "a", 0), "kilencven": ("kilencven", "e", 1),
    "száz": ("száz", "a", 0), "ezer": ("ezr", "e", 1), "illió": ("illió", "", 0),
    "illiárd": ("illiárd", "o", 0),
}  # fmt: skip
_RE_LAST = re.compile(f"({'|'.join(sorted(_NUMERALS, key=len, reverse=True))})$")
_LONG = {"a": "á", "e": "é"}  # a final vowel before a suffix
_LINKS = {"mérföld": "e", "év": "e", "század": "o", "nap": "o"}


def harmony(word: str) -> int:
    """Vowel harmony: 0 back vowels, 1 front vowels, 2 a rounded front vowel at the end.

    é and í follow the vowel before them.
    """
    if last := _RE_LAST.search(word):
        return _NUMERALS[last[1]][2]

    vowels = [c for c in word.lower() if c in VOWELS]
    decisive = next((c for c in reversed(vowels) if c not in "éiíy"), "e")
    if decisive in "aáoóuú":
        return 0
    return 2 if vowels[-1] in "öőüű" else 1


def join(word: str, suffix: str) -> str:
    """`word` with a suffix (may be empty) whose vowels are kept as written.

    euró + t -> eurót, óra + tól -> órától, emtéá + val -> emtéával.
    """
    if re.fullmatch(f"{_WITH}|{_CONSONANT}[áé]", suffix):
        own = "v" if word[-1] in VOWELS else word[-1]
        if suffix[0] not in (own, "v", "a", "e") and not word.endswith(suffix[:2]):
            return f"{word}-{suffix}"  # -dal in ABBA-dal (a song) is not -val
        return _assimilated(word, re.search("[ae]l$|.$", suffix)[0])

    if suffix and word[-1] in VOWELS:
        suffix = re.sub("^[aeoö](?=[tsk]|n$)", "", suffix)
        if word[-1] in "ae" and not re.match("sz|k[oé]|féle|né$|i$|beli", suffix):
            word = word[:-1] + _LONG[word[-1]]
        elif re.match("[aeáéuü]", suffix) and not suffix.startswith("ért"):
            suffix = "j" + suffix
    return word + suffix


def attach(word: str, suffix: str) -> str:
    """`word` with a suffix corrected for the word that is spoken.

    (deka, ot) -> dekát, (forint, t) -> forintot, (cent, ba) -> centbe.
    """
    side = harmony(word)
    suffix = next((forms[min(side, len(forms) - 1)] for forms in _PAIRS if suffix in forms), suffix)
    if re.fullmatch(_WITH, suffix):
        suffix = "v" + "ae"[side > 0] + "l"

    linked = re.fullmatch("[aeoö]?([tsnk])((?:[aeoö]k)?.*)", suffix)
    if word[-1] in VOWELS or suffix in _PLAIN or not linked:
        return join(word, suffix)

    link = next((vowel for end, vowel in _LINKS.items() if word.endswith(end)), "oeö"[side])
    rest = re.sub("^[aeoö]k", link + "k", linked[2])
    accusative = suffix[-1] == "t" and len(suffix) < 3
    if accusative and re.search(f"[{VOWELS}](?:[lrnjsz]|ny|sz|zs)$", word):
        link = ""
    return word + link + linked[1] + rest


def inflect(number: int, suffix: str, words: str | None = None) -> str:
    """A number's words with the suffix written after its digits, correct even where that is not.

    (2024, "ben") -> kétezer-huszonnégyben, (5, "szor") -> ötször, (3, "as") -> hármas,
    (15, "én") -> tizenötödikén, (100, "al") -> százzal.

    Args:
        words: how the number is read, where it is not its cardinal
    """
    words = words or numbers.cardinal(number)

    # Ordinals, parts, days of the month, and suffixes that leave the number as it is.
    if found := re.fullmatch(f"[aeoö]?d?ik({_LINKED}|{_OWNED})?", suffix):
        return numbers.ordinal(number) + (found[1] or "")
    if re.fullmatch("[aeoö]d", suffix):
        return "másod" if number == 2 else numbers.denominator(number)
    if 1 <= number <= 31 and re.fullmatch(OF_DATES, suffix):
        return day(number, suffix)
    if re.match("féle|fajta|nyi|fős|tagú|éves|szerű", suffix):
        return numbers.attributive(words) + suffix
    if re.fullmatch(_WITH, suffix):
        return attach(words, suffix)

    # Everything else goes by the numeral's last word.
    last = _RE_LAST.search(words)[1]
    stem, link, side = _NUMERALS[last]
    head = words.removesuffix(last)
    two = last == "kettő"

    if found := re.fullmatch("sz[oeö]r(.*)", suffix):
        times = "szer" if two else ("szor", "szer", "ször")[side]
        return numbers.attributive(words) + times + found[1]
    if two and re.fullmatch("[aeoö]?t", suffix):
        return words + "t"
    if re.fullmatch("[aeoö]?t", suffix):
        return head + stem + link + "t"
    found = re.fullmatch("[aeoö]?(s|k)((?:[aeoö]k)?.*)", suffix)
    if found and suffix not in _PLAIN:  # -kor, -ként
        return head + stem + link + found[1] + found[2]
    if re.match("[uü]n?k", suffix):
        return words + suffix[1:] if two else head + stem + suffix
    if re.fullmatch("[ae]n", suffix):
        vowel = "" if stem[-1] == "á" else "ae"[side > 0]
        return head + stem + vowel + "n"
    return attach(words, suffix)


def day(number: int, suffix: str | None = None) -> str:
    """The day of a month with its suffix.

    1 -> elseje, (2, "án") -> másodikán, (15, "én") -> tizenötödikén, (15, "től") ->
    tizenötödikétől.
    """
    back = number in (2, 3, 6, 8, 13, 16, 18, 20, 23, 26, 28, 30)
    stem = "elsej" if number == 1 else numbers.ordinal(number)
    suffix = (suffix or "ae"[not back]).removeprefix("j")

    if suffix[0] == "i" and suffix != "ig":
        return stem + "e" * (number == 1) + suffix
    if suffix[0] in "aáeé" and suffix != "ért":
        return stem + suffix
    return join(stem + "ae"[not back], suffix)


def _assimilated(word: str, ending: str) -> str:
    """-val, -vel, -vá, -vé: the v becomes the consonant before it.

    három -> hárommal, húsz -> hússzal, gramm -> grammal.
    """
    if word[-1] in VOWELS:
        return word[:-1] + _LONG.get(word[-1], word[-1]) + "v" + ending
    if double := re.search("(?:sz|gy|cs|ny|zs|ty|ly)$", word):
        return word[:-2] + double[0][0] + double[0] + ending
    if word[-1] == word[-2:-1]:
        return word + ending
    return word + word[-1] + ending
