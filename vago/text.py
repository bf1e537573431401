"""Written Hungarian into the words a host would say, and what the tokenizer makes of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from num2words import num2words

UNKNOWN = 1  # token id of [UNK]
SOFT_LIMIT = 224  # characters; XTTS warns over it, and its speech gets worse

_MARKS = str.maketrans(
    dict.fromkeys('"„”“‟«»', "") | dict.fromkeys("’‘‚‛`´", "'") | dict.fromkeys("–—―−‐‑‒", "-") | {"…": "...", "⁄": "/"}
)
_MONTHS = "január február március április május június július augusztus szeptember október november december".split()
_SHORT = {
    "pl": "például", "stb": "satöbbi", "kb": "körülbelül", "dr": "doktor", "ún": "úgynevezett", "ill": "illetve", "nőv": "nővér",
    "db": "darab", "b": "bé", "vö": "vesd össze", "ld": "lásd",
}  # fmt: skip
_ENDS_SENTENCES = {"stb", "db", "b"}  # the others are always followed by what they announce
_SIGNS = {
    "€": "euró", "$": "dollár", "£": "font", "%": "százalék", "‰": "ezrelék", "°C": "Celsius-fok", "°": "fok", "§": "paragrafus",
    "&": "és", "@": "kukac", "#": "kettőskereszt", "+": "plusz", "=": "egyenlő", "½": "fél", "¼": "negyed", "¾": "háromnegyed",
    "²": "négyzet",
}  # fmt: skip
_WORDS = {"Ft": "forint", "ft": "forint", "HUF": "forint", "EUR": "euró", "USD": "dollár", "GBP": "font", "db": "darab"}
_MEASURES = {  # read as words after a number only
    "M Ft": "millió forint", "MFt": "millió forint", "kg": "kilogramm", "g": "gramm", "km/h": "kilométer per óra",
    "km": "kilométer", "m²": "négyzetméter", "m": "méter", "cm": "centiméter", "mm": "milliméter", "dl": "deciliter",
    "l": "liter", "mp": "másodperc", **_WORDS, **{sign: _SIGNS[sign] for sign in "€ $ £ % ‰ °C ° §".split()},
}  # fmt: skip
_FRACTIONS = ["", "tized", "század", "ezred", "tízezred", "százezred", "milliomod"]


def _any(words) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_LETTER = r"[^\W\d_]"
_CASES = (
    "[aeoö]?t|b[ae]n?|b[óő]l|r[ae]|r[óő]l|[aeoö]?n|h[oeö]z|t[óő]l|n[áé]l|n[ae]k|ig|ért|ként|kor|féle|nyi|fős|"
    "(?:sz|gy|[bcdfghjklmnprstvz])[ae]l"
)
_OF_DATES = "j?(?:[ae]i?|[áé](?:n|r[ae]|ig|t[óő]l|h[oe]z|n[ae]k|r[óő]l|t|b[ae]n|v[ae]l))"
_TIMES = f"sz[oeö]r(?:es|os|ös|i)?(?:{_CASES})?"
_SUFFIX = rf"{_TIMES}|[aeoö]?s(?:[ae]k)?(?:{_CASES})?|[aeoö]?dik|ik|{_OF_DATES}|{_CASES}"
_PLAIN = r"(?:\d{1,3}(?: \d{3})+(?!\d)|\d{1,3}(?:\.\d{3})+(?!\d)|\d+)"
_COUNTED = re.compile(  # what turns kettő into két; anywhere else kettő is never wrong
    r"(?:-\d+)? (?:és fél|ezer|millió|milliárd|forint|euró|dollár|font|darab|százalék|fok|év|óra|órá|perc|másodperc|nap|hét|"
    r"hónap|ember|fő|kérdés|válasz|pont|játékos|segítség|gyerek|ország|város|kilo|méter|liter|lehetőség|betű|szó)"
)
_RE_DATE = re.compile(rf"(?<![\d.])(\d{{4}})\. ?(0?[1-9]|1[0-2])\. ?(0?[1-9]|[12]\d|3[01])(?:-({_OF_DATES})(?!\w)|(?:\.|(?!\d)))")
_RE_DAY = re.compile(rf"(?<!\w)({_any(_MONTHS)}) (0?[1-9]|[12]\d|3[01])\.(?!\d)", re.IGNORECASE)
_RE_YEAR = re.compile(rf"(?<![\d.])(\d{{3,4}})\. (?={_any(_MONTHS)})", re.IGNORECASE)
_RE_TIME = re.compile(rf"(?<![\d:,.])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])(?:-({_SUFFIX})(?!\w))?")
_RE_SHORT = re.compile(rf"(?<!\w)({_any(_SHORT)})\.(?= ?(\w?))", re.IGNORECASE)
_RE_NUMBER = re.compile(
    rf"(?P<minus>(?<![\w.,:)%°-])-)?(?P<whole>{_PLAIN})(?:[,.](?P<part>\d+)(?![,.]?\d))?"
    rf"(?:(?P<times> ?[x×](?= ?\d|(?!\w)))|(?P<ordinal>\.)(?=,| [a-záéíóöőúüű§])"
    rf"| ?(?P<unit>{_any(_MEASURES)})(?![\w²])(?:-(?P<of_unit>{_LETTER}{{1,8}})(?!\w))?|-(?P<suffix>{_SUFFIX})(?!\w))?"
)
_ENDING = rf"(?:-({_LETTER}{{1,8}})(?!\w))?"
_RE_SIGN = re.compile(rf"({_any(_SIGNS)}){_ENDING}|(?<!\w)({_any(_WORDS)})(?!\w){_ENDING}")


def cardinal(number: int) -> str:
    """0, 1, 2 ... as Hungarian spells them; num2words says százkét for 102 and tizenkettőezer for 12,000."""
    if number >= 10**15:
        return " ".join(num2words(int(digit), lang="hu") for digit in str(number))
    words = re.sub(rf"kettő(?={_LETTER})", "két", num2words(number, lang="hu"))
    return re.sub("két$", "kettő", words)


def ordinal(number: int) -> str:
    """1 -> első, 102 -> százkettedik, 1,000,000 -> egymilliomodik."""
    words = cardinal(number)
    if number >= 10**15 or number < 3:
        return words if number > 2 else num2words(number, lang="hu", to="ordinal")
    if words.endswith("kettő"):
        return words.removesuffix("kettő") + "kettedik"
    if number % 10**6 == 0:
        return re.sub("illió$", "illiomodik", re.sub("illiárd$", "illiárdodik", words))
    return re.sub(rf"kettő(?={_LETTER})", "két", num2words(number, lang="hu", to="ordinal"))


def normalise(text: str) -> str:
    """Written text -> spoken words: numbers, money, dates, times, abbreviations and signs read out, letter case kept.

    The result holds no digit, and reading it again changes nothing; coqui's own Hungarian cleaner, which would read "42." as an
    ordinal and "b." as a title, finds nothing left to do. Characters nobody can read aloud stay, for `check` to name.
    """
    for _ in range(20):  # reading one thing can bring two others together, so until nothing changes
        before, text = text, _read(text)
        if text == before:
            break
    return text


def _read(text: str) -> str:
    text = "".join(_plain(c) for c in unicodedata.normalize("NFC", text)).translate(_MARKS)
    text = " ".join(unicodedata.normalize("NFC", text).split())
    text = re.sub(r"(?<=\d) ?/ ?(?=\d)", " per ", text)
    text = re.sub(r"(?<=\d) ?½", " és fél ", text)
    text = _RE_DATE.sub(lambda m: f"{m[1]}. {_MONTHS[int(m[2]) - 1]} {_day(int(m[3]), m[4])}{_stop(m)}", text)
    text = _RE_DAY.sub(lambda m: f"{m[1]} {_day(int(m[2]))}{_stop(m)}", text)
    text = _RE_YEAR.sub(r"\1 ", text)
    text = _RE_TIME.sub(_time, text)
    text = re.sub(r"(?<=\d):(?=\d)", "-", text)
    text = _RE_SHORT.sub(_short, text)
    text = re.sub(rf"([€$£]) ?({_PLAIN}(?:,\d+)?)(?!\d)", r"\2 \1", text)
    text = _RE_NUMBER.sub(_number, text)
    text = _RE_SIGN.sub(lambda m: f" {_join(_SIGNS[m[1]] if m[1] else _WORDS[m[3]], m[2] or m[4])} ", text)
    return re.sub(r" (?=[.,;:!?](?: |$))", "", " ".join(text.split()))


def _plain(c: str) -> str:
    """Digits of any script as 0-9, invisible characters gone."""
    kind = unicodedata.category(c)
    if kind == "Cf":
        return ""
    if kind == "Cc":
        return " "
    if c.isdigit() and not c.isascii() and c != "²":
        return str(unicodedata.digit(c))
    return c


def _back(word: str) -> bool:
    """Vowel harmony: whether `word` takes back vowels. i and í are neutral: harminc does, tíz does not."""
    return next((c in "aáoóuú" for c in reversed(word) if c in "aáoóuúeéöőüű"), False)


def _join(word: str, suffix: str | None) -> str:
    """forint + ot, euró + t, fél óra + tól -> fél órától."""
    if suffix and word[-1] in "ae" and not suffix.startswith(("sz", "kor")):
        word = word[:-1] + ("á" if word[-1] == "a" else "é")
    return word + (suffix or "")


def _times(words: str) -> str:
    """egyszer, kétszer, háromszor, ötször."""
    vowel = next((c for c in reversed(words) if c in "aáoóuúeéöőüű"), "e")
    if words.endswith("kettő"):
        return words.removesuffix("kettő") + "kétszer"
    return words + ("ször" if vowel in "öőüű" else "szor" if _back(words) else "szer")


def _day(day: int, suffix: str | None = None) -> str:
    """The day of a month: 1 -> elseje, (15, "én") -> tizenötödikén, (2, "án") -> másodikán."""
    suffix = (suffix or ("a" if _back(ordinal(day)) else "e")).removeprefix("j")
    return "elsej" + suffix if day == 1 else ordinal(day) + suffix


def _stop(match: re.Match) -> str:
    """The full stop after a date belongs to the date, unless the sentence ends there too."""
    return "." if match[0].endswith(".") and not re.match(r"[,.]| [a-záéíóöőúüű]|-", match.string[match.end() :]) else ""


def _inflect(number: int, suffix: str) -> str:
    """(2024, "ben") -> kétezer-huszonnégyben, (5, "ször") -> ötször, (3, "as") -> hármas, (15, "én") -> tizenötödikén."""
    words = cardinal(number)
    if re.fullmatch("[aeoö]?d?ik", suffix):
        return ordinal(number)
    if 1 <= number <= 31 and re.fullmatch(_OF_DATES, suffix):
        return _day(number, suffix)
    if re.match("sz[oeö]r|féle|nyi|fős", suffix):
        return words.removesuffix("kettő") + "két" * words.endswith("kettő") + suffix
    if re.match("[aeoö][snt]", suffix):
        if words.endswith("kettő") and suffix[1] == "t":
            return words + suffix[1:]
        for whole, stem in (("három", "hárm"), ("kettő", "kett"), ("hét", "het"), ("ezer", "ezr")):
            if words.endswith(whole):
                return words.removesuffix(whole) + stem + suffix
    joined = _join(words, suffix)
    return joined.replace("gygy", "ggy").replace("szsza", "ssza")  # egy + gyel -> eggyel, húsz + szal -> hússzal


def _time(match: re.Match) -> str:
    hour, minute = int(match[1]), int(match[2])
    words = ("két" if hour == 2 else re.sub("kettő$", "két", cardinal(hour))) + " óra"
    return words + f" {_inflect(minute, match[3]) if match[3] else cardinal(minute)}" if minute else _join(words, match[3])


def _short(match: re.Match) -> str:
    key, following = match[1].casefold(), match[2]
    word = _SHORT[key].capitalize() if match[1][0].isupper() else _SHORT[key]
    ends = key in _ENDS_SENTENCES and not (following and following.islower())
    return word + ("." if ends else " ")


def _two(words: str) -> str:
    """Before what is counted kettő becomes két."""
    return re.sub("kettő$", "két", words)


def _number(match: re.Match) -> str:
    whole, part = re.sub("[ .]", "", match["whole"]), match["part"]
    before, after = match.string[: match.start()], match.string[match.end() :]
    spelt = len(whole) > 15 or (len(whole) > 1 and whole[0] == "0")  # 007, and the 06 of a telephone number
    words = _digits(whole) if spelt else cardinal(int(whole))
    if part:
        words += " egész " + (f"{_two(cardinal(int(part)))} {_FRACTIONS[len(part)]}" if len(part) <= 6 else _digits(part))
    if match["ordinal"]:
        words = words + "." if spelt or part else ordinal(int(whole))
    elif match["suffix"]:
        words = _join(words, match["suffix"]) if spelt or part else _inflect(int(whole), match["suffix"])
    elif match["times"]:
        words = _times(words)
    elif match["unit"]:
        words = f"{_two(words)} {_join(_MEASURES[match['unit']], match['of_unit'])}"
    elif _COUNTED.match(after):
        words = _two(words)
    words = "mínusz " * bool(match["minus"]) + words
    return " " * before[-1:].isalnum() + words + " " * after[:1].isalnum()


def _digits(digits: str) -> str:
    return " ".join(cardinal(int(digit)) for digit in digits)


def check(text: str, encode: Callable[[str], list[int]], max_tokens: int) -> tuple[list[int], str | None]:
    """Tokens of a normalised text, and why it cannot be learnt from: a ledger's reason, None where it can.

    Args:
        encode: the base's tokenizer, `VoiceBpeTokenizer.encode` with its language bound
    """
    if not any(c.isalnum() for c in text):
        return [], "empty text"
    tokens = list(encode(text))
    if UNKNOWN in tokens:
        return tokens, "unknown token"
    return tokens, f"text over {max_tokens} tokens" if len(tokens) > max_tokens else None


def unknown_characters(text: str, encode: Callable[[str], list[int]]) -> str:
    """The characters of `text` that the tokenizer does not know, each once, in order."""
    return "".join(c for c in dict.fromkeys(text) if UNKNOWN in encode(c))


def category(text: str, seconds: float, own: str = "", long_seconds: float = 7.0, medium_seconds: float = 4.0) -> str:
    """The source's own category, else question, long, medium or short."""
    if own.strip():
        return own.strip()
    if text.rstrip().rstrip("\"'”’»)").endswith("?"):
        return "question"
    return "long" if seconds >= long_seconds else "medium" if seconds >= medium_seconds else "short"


def split_sentences(text: str, limit: int = SOFT_LIMIT) -> list[str]:
    """Pieces of at most `limit` characters, split at sentence ends, else at commas, else at spaces; no word is lost or broken."""
    words = text.split()
    sentences: list[list[str]] = [[]]
    for word, following in zip(words, [*words, ""][1:], strict=False):
        sentences[-1].append(word)
        if re.search(r"[.!?…][\"'”’»)]*$", word) and not following[:1].islower() and word.casefold().rstrip(".") not in _SHORT:
            sentences.append([])
    pieces = [""]
    for piece in (piece for sentence in sentences if sentence for piece in _break(sentence, limit)):
        if len(pieces[-1]) + 1 + len(piece) <= limit or not pieces[-1]:
            pieces[-1] = f"{pieces[-1]} {piece}".strip()
        else:
            pieces.append(piece)
    return [piece for piece in pieces if piece]


def _break(words: list[str], limit: int) -> list[str]:
    """A sentence in pieces of at most `limit` characters; a comma in a piece's second half beats a later space."""
    pieces = []
    while words:
        fit = 1
        while fit < len(words) and len(" ".join(words[: fit + 1])) <= limit:
            fit += 1
        if fit < len(words):
            fit = next((k for k in range(fit, fit // 2, -1) if words[k - 1].endswith((",", ";", ":"))), fit)
        pieces.append(" ".join(words[:fit]))
        words = words[fit:]
    return pieces
