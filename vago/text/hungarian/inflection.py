"""Hungarian suffixes on what was written as a figure, a sign or letters: vowel harmony, linking vowels, assimilation."""

from __future__ import annotations

import re

from vago.text.hungarian import numbers

_VOWELS = "aáeéiíoóöőuúüű"
_PAIRS = [  # each suffix after back, front and rounded front vowels
    tuple(forms.split("/"))
    for forms in "ba/be ban/ben ból/ből ra/re ról/ről tól/től nál/nél nak/nek hoz/hez/höz szor/szer/ször ul/ül".split()
]
_CONSONANT = "(?:sz|gy|cs|ny|zs|[bcdfghjklmnprstvz])"
_WITH = f"{_CONSONANT}?[ae]l"  # what writers put for -val, -vel: 5-tel, 100-zal, 100-al
_CASES = f"t|b[ae]n?|b[óő]l|r[ae]|r[óő]l|n|h[oeö]z|t[óő]l|n[áé]l|n[ae]k|ig|ért|ként|kor|képp(?:en)?|{_CONSONANT}?[ae]l"
_LINKED = f"(?:[aeoö]?t|[aeoö]n|{_CASES})"
_OWNED = f"j?(?:[ae]i?|[áé](?:{_CASES})|[uü]n?k(?:{_CASES})?)"
# What may follow a hyphen as a suffix; anything else there is the second half of a compound.
SUFFIX = (
    f"sz[oeö]r(?:[eoö]s|i|re|ra)?(?:{_LINKED}|{_OWNED})?|[aeoö]?d?ik(?:{_LINKED}|{_OWNED})?|[aeoö]?s(?:[aeoö]k)?(?:{_LINKED})?|"
    f"[aeoö]?k(?:{_LINKED})?|i(?:{_CASES})?|(?:fős|féle|fajta|nyi|beli|szerű|tagú|éves)(?:{_LINKED})?|[aeoö]d|{_OWNED}|{_LINKED}|"
    f"{_CONSONANT}[áé]|né"
)
OF_DATES = rf"j?(?:[ae](?:i(?:{_CASES})?)?|i(?:{_CASES})?|[áé](?:{_CASES}))"  # 15-én, 1-jéig, 2-ai
_PLAIN = {form for forms in _PAIRS for form in forms} | {"kor", "ként", "képp", "képpen", "né"}

# A numeral's last word: its stem and linking vowel before -t, -s, -n, and its harmony (index into _PAIRS).
_NUMERALS = {
    "nulla": ("nullá", "", 0), "egy": ("egy", "e", 1), "kettő": ("kett", "e", 2), "három": ("hárm", "a", 0),
    "négy": ("négy", "e", 1), "öt": ("öt", "ö", 2), "hat": ("hat", "o", 0), "hét": ("het", "e", 1), "nyolc": ("nyolc", "a", 0),
    "kilenc": ("kilenc", "e", 1), "tíz": ("tíz", "e", 1), "húsz": ("húsz", "a", 0), "harminc": ("harminc", "a", 0),
    "negyven": ("negyven", "e", 1), "ötven": ("ötven", "e", 1), "hatvan": ("hatvan", "a", 0), "hetven": ("hetven", "e", 1),
    "nyolcvan": ("nyolcvan", "a", 0), "kilencven": ("kilencven", "e", 1), "száz": ("száz", "a", 0), "ezer": ("ezr", "e", 1),
    "illió": ("illió", "", 0), "illiárd": ("illiárd", "o", 0),
}  # fmt: skip
_RE_LAST = re.compile(f"({'|'.join(sorted(_NUMERALS, key=len, reverse=True))})$")
_LINKS = {"mérföld": "e", "év": "e", "század": "o", "nap": "o"}


def harmony(word: str) -> int:
    """0 for back vowels, 1 for front ones, 2 for a rounded front vowel at the end; é and í take the side of what precedes."""
    if last := _RE_LAST.search(word):
        return _NUMERALS[last[1]][2]
    vowels = [c for c in word.lower() if c in _VOWELS]
    decisive = next((c for c in reversed(vowels) if c not in "éiíy"), "e")
    return 0 if decisive in "aáoóuú" else 2 if vowels[-1] in "öőüű" else 1


def join(word: str, suffix: str) -> str:
    """A suffix, or none, whose vowels are the writer's own: euró + t, óra + tól -> órától, emtéá + val -> emtéával."""
    if re.fullmatch(f"{_WITH}|{_CONSONANT}[áé]", suffix):
        own = "v" if word[-1] in _VOWELS else word[-1]
        if suffix[0] not in (own, "v", "a", "e") and not word.endswith(suffix[:2]):
            return f"{word}-{suffix}"  # ABBA-dal is no instrumental
        return _assimilated(word, suffix[-2:] if suffix[-1] == "l" else suffix[-1])
    if suffix and word[-1] in _VOWELS:
        suffix = re.sub("^[aeoö](?=[tsk]|n$)", "", suffix)
        if word[-1] in "ae" and not re.match("sz|k[oé]|féle|né$|i$|beli", suffix):
            word = word[:-1] + ("á" if word[-1] == "a" else "é")
        elif re.match("[aeáéuü]", suffix) and not suffix.startswith("ért"):
            suffix = "j" + suffix
    return word + suffix


def attach(word: str, suffix: str) -> str:
    """A suffix put right for the word that is really said: (deka, ot) -> dekát, (forint, t) -> forintot, (cent, ba) -> centbe."""
    side = harmony(word)
    suffix = next((forms[min(side, len(forms) - 1)] for forms in _PAIRS if suffix in forms), suffix)
    if re.fullmatch(_WITH, suffix):
        suffix = "v" + "ae"[side > 0] + "l"
    link = next((vowel for end, vowel in _LINKS.items() if word.endswith(end)), "oeö"[side])
    linked = None if suffix in _PLAIN else re.fullmatch("[aeoö]?([tsnk])((?:[aeoö]k)?.*)", suffix)
    if word[-1] not in _VOWELS and linked:
        bare = (
            suffix[-1] == "t"
            and len(suffix) < 3
            and re.search("[aáeéiíoóöőuúüű](?:[lrnjsz]|ny|sz|zs)$", word)
        )
        return word + ("" if bare else link) + linked[1] + re.sub("^[aeoö]k", link + "k", linked[2])
    return join(word, suffix)


def inflect(number: int, suffix: str, words: str | None = None) -> str:
    """A number's words with the suffix written behind its figures, right even where the writer was not.

    (2024, "ben") -> kétezer-huszonnégyben, (5, "szor") -> ötször, (3, "as") -> hármas, (15, "én") -> tizenötödikén,
    (100, "al") -> százzal. `words`: how the number is read, where it is not its cardinal.
    """
    words = words or numbers.cardinal(number)
    if found := re.fullmatch(f"[aeoö]?d?ik({_LINKED}|{_OWNED})?", suffix):
        return numbers.ordinal(number) + (found[1] or "")
    if re.fullmatch("[aeoö]d", suffix):
        return "másod" if number == 2 else numbers.part(number)
    if 1 <= number <= 31 and re.fullmatch(OF_DATES, suffix):
        return day(number, suffix)
    if re.match("féle|fajta|nyi|fős|tagú|éves|szerű", suffix):
        return numbers.two(words) + suffix
    last = _RE_LAST.search(words)[1]
    if re.fullmatch(_WITH, suffix):
        return attach(words, suffix)
    stem, link, side = _NUMERALS[last]
    head = words.removesuffix(last)
    if found := re.fullmatch("sz[oeö]r(.*)", suffix):
        return (
            numbers.two(words)
            + ("szor", "szer", "szer" if last == "kettő" else "ször")[side]
            + found[1]
        )
    if re.fullmatch("[aeoö]?t", suffix):
        return head + ("kettő" if last == "kettő" else stem) + link * (last != "kettő") + "t"
    if found := re.fullmatch("[aeoö]?(s|k)((?:[aeoö]k)?.*)", suffix):
        if suffix not in _PLAIN:  # -kor, -ként
            return head + stem + link + found[1] + found[2]
    if re.match("[uü]n?k", suffix):
        return head + (stem if last != "kettő" else "kettő") + suffix[last == "kettő" :]
    if re.fullmatch("[ae]n", suffix):
        return head + stem + ("n" if stem[-1] == "á" else "an" if side == 0 else "en")
    return attach(words, suffix)


def day(number: int, suffix: str | None = None) -> str:
    """The day of a month: 1 -> elseje, (15, "én") -> tizenötödikén, (2, "án") -> másodikán, (15, "től") -> tizenötödikétől."""
    back = number in (2, 3, 6, 8, 13, 16, 18, 20, 23, 26, 28, 30)
    stem = "elsej" if number == 1 else numbers.ordinal(number)
    suffix = (suffix or "ae"[not back]).removeprefix("j")
    if suffix[0] == "i" and suffix != "ig":
        return stem + "e" * (number == 1) + suffix
    if suffix[0] in "aáeé" and suffix != "ért":
        return stem + suffix
    return join(stem + "ae"[not back], suffix)


def _assimilated(word: str, ending: str) -> str:
    """-val, -vel, -vá, -vé: the v becomes the consonant before it; három -> hárommal, húsz -> hússzal, gramm -> grammal."""
    if word[-1] in _VOWELS:
        word = word[:-1] + {"a": "á", "e": "é"}.get(word[-1], word[-1])
        return word + "v" + ending
    double = re.search("(?:sz|gy|cs|ny|zs|ty|ly)$", word)
    if double:
        return word[:-2] + double[0][0] + double[0] + ending
    return word + ("" if word[-1] == word[-2:-1] else word[-1]) + ending
