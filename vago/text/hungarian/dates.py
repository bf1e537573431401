"""Dates and times of day, with the suffixes written after them."""

from __future__ import annotations

import re

from vago.text.hungarian.characters import SMALL, sentence_case
from vago.text.hungarian.inflection import OF_DATES, SUFFIX, attach, day, inflect, join
from vago.text.hungarian.numbers import attributive, cardinal, decimal, roman

MONTHS = (
    "január február március április május június július augusztus szeptember október november "
    "december"
).split()
_MONTH = "|".join(MONTHS)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?!\d)"
_AFTER_DAY = rf"(?:{OF_DATES}|t[óő]l|ig|r[ae]|r[óő]l|h[oeö]z|b[ae]n?)"
_DATED = rf"{_DAY}(?:\.?-{_AFTER_DAY}(?!\w)|\.(?!\d))"  # 15. or 15-én
_RE_DATE = re.compile(
    rf"(?<![\d.,])(\d{{4}})(?:\. ?|-|/)(0?[1-9]|1[0-2]|[IVX]+)(?:\. ?|-|/)({_DAY})"
    rf"(?:\.?-({_AFTER_DAY})(?!\w)|(\.?)(?!-?\d|-\w|/))"
)
_OF_SHORT = "j?[áé](?:n|ra|re|ig|t[óő]l)|i|t[óő]l|ig|r[ae]"
# Without a year: 12.24-én, 05.12., III. 15-én, (II. 14.)
_RE_SHORT_DATE = re.compile(
    rf"(?<![\w.,:-])(?:(0?[1-9]|1[0-2])\. ?({_DAY})\.?-({_OF_SHORT})(?!\w)"
    rf"|(0[1-9]|1[0-2])\.({_DAY})\.(?!\d)"
    rf"|([IVX]+)\. ({_DAY})(?:\.?-({_OF_SHORT})(?!\w)|\.(?=\))))"
)
_PART_OF_DAY = "reggel|délelőtt|délben|délután|este|éjjel"
_RE_DAYS = re.compile(
    rf"(?<!\w)((?:{_MONTH})\w{{0,4}}) "
    rf"({_DATED}(?:(?:, | és | vagy | - |-|(?<=t[óő]l) ){_DATED})*|{_DAY}-{_DATED}"
    rf"|{_DAY}(?=$|[,;:!?)]|\.$| (?:óta|között|után|előtt|körül|{_PART_OF_DAY}|\()))",
    re.IGNORECASE,
)
_RE_ONE_DAY = re.compile(rf"({_DAY})(?:\.?-({_AFTER_DAY})(?!\w)|(\.)?)")
_PERIODS = (
    "tavasz|nyar|nyár|ősz|tél|tele|elej|közep|vég|első|második|harmadik|negyedik"
    "|I{1,3}V?\\. (?:fél|negyed)|karácsony|húsvét"
)
_RE_YEAR = re.compile(
    rf"(?<![\d.,])(\d{{3,4}})\. ?(?={_MONTH})|(?<![\d.,])([12]\d{{3}})\. (?={_PERIODS})",
    re.IGNORECASE,
)

_CLOCK = r"(?:[01]?\d|2[0-4])"
_OF_HOURS = "tól|től|ig|kor|ra|re|ről|hoz|i"
_RE_LAP = re.compile(
    rf"(?<![\d:.,])(?:(\d\d?):)?(\d\d?):([0-5]\d)[.,](\d{{1,3}})(?![\d:])(?:-({SUFFIX})(?!\w))?"
)
_RE_CLOCKS = re.compile(
    rf"(?<![\d:,.-])({_CLOCK}):([0-5]\d)(?::([0-5]\d))?(?: ?- ?({_CLOCK}):([0-5]\d))?"
    r"(?![\d:]|[.,]\d| \d{3}(?!\d))"
    rf"(?:-({SUFFIX})(?!\w)| ?ór(a|ától|áig|akor|ára|ás|ai)(?!\w)| ?h(?!\w))?"
)
# 10.30-kor is a time, 10.30 alone a decimal; the second one of a range follows the first.
_RE_DOTTED = re.compile(
    rf"(?<![\d:,.-])({_CLOCK})\.([0-5]\d)"
    rf"(?=-(?:{_OF_HOURS})(?!\w)| ór[aá]| ?- ?{_CLOCK}[.:][0-5]\d(?:-| ór[aá]| között))"
    rf"|(?<=\d:\d\d-)({_CLOCK})\.([0-5]\d)(?!\d)"
    rf"|(?<![\d:,.-])({_CLOCK})\.(00)(?![,.]?\d| ?[€$£%])"
)
_RE_QUARTERS = re.compile(
    r"(?<![\d/])(1/2|1/4|3/4) (?=(?:[1-9]|1[0-2])(?:-(?:kor|t[óő]l|ig|r[ae])(?!\w)))"
)
_QUARTERS = {"1/2": "fél ", "1/4": "negyed ", "3/4": "háromnegyed "}
# What follows ór- -> the suffix of óra.
_OF_ORA = {"ától": "tól", "áig": "ig", "akor": "kor", "ára": "ra", "ás": "s", "ai": "i"}
_SPORT = re.compile("győz|vert|nyert|kikap|vezet|döntetlen|állás|eredmény|gól|félidő|szett")


def read_dates(text: str) -> str:
    """2024. március 15-én -> kétezer-huszonnégy március tizenötödikén."""
    text = re.sub(rf"(?<!\w)({_MONTH})\. (?=\d)", r"\1 ", text)  # 2025. március. 14.
    text = _RE_DATE.sub(_date, text)
    text = _RE_SHORT_DATE.sub(_short_date, text)
    text = _RE_DAYS.sub(_days, text)
    return _RE_YEAR.sub(_year, text)


def read_times(text: str) -> str:
    """10:30-kor -> tíz óra harminckor, 8:00-16:00 -> nyolc órától tizenhat óráig.

    The score of a match becomes 3-2, for `measures.read_measures`.
    """
    text = _RE_QUARTERS.sub(lambda m: _QUARTERS[m[1]], text)
    text = _RE_LAP.sub(_lap, text)
    for _ in range(2):  # the end of a range is recognised once its beginning has a colon
        text = _RE_DOTTED.sub(lambda m: ":".join(filter(None, m.groups())), text)
    return _RE_CLOCKS.sub(_clocks, text)


def _date(match: re.Match) -> str:
    year, month, number, suffix = match[1], _month(match[2]), match[3], match[4]
    if not month:
        return match[0]
    words = f"{cardinal(int(year))} {month} {day(int(number), suffix)}{_stop(match)}"
    return sentence_case(words, match.string[: match.start()])


def _short_date(match: re.Match) -> str:
    readings = (match.group(1, 2, 3), (match[4], match[5], None), match.group(6, 7, 8))
    written, number, suffix = next(reading for reading in readings if reading[0])
    month = _month(written)
    if not month:
        return match[0]
    return f"{month} {day(int(number), suffix)}{_stop(match)}"


def _month(written: str) -> str | None:
    """05, V -> május; None for a numeral that is no month."""
    number = int(written) if written.isdecimal() else roman(written)
    return MONTHS[number - 1] if number and number <= 12 else None


def _days(match: re.Match) -> str:
    """The days after a month's name; the first of a range is a cardinal: október öt-hatodikán."""
    month, written = match[1], match[2]
    spoken = re.sub(rf"({_DAY})-(?={_DAY})", lambda m: f"{cardinal(int(m[1]))}-", written)
    spoken = _RE_ONE_DAY.sub(lambda m: day(int(m[1]), m[2]), spoken)
    return f"{month} {spoken}{_stop(match)}"


def _year(match: re.Match) -> str:
    words = cardinal(int(match[1] or match[2]))
    return sentence_case(words, match.string[: match.start()]) + " "


def _stop(match: re.Match) -> str:
    """The full stop after a date belongs to the date, unless the sentence ends there too."""
    goes_on = re.match(rf"[,.;:)]| (?:{SMALL}|\()| ?[-\d]", match.string[match.end() :])
    return "." * (match[0].endswith(".") and not goes_on)


def _lap(match: re.Match) -> str:
    """1:42,35 -> egy perc negyvenkettő egész harmincöt század másodperc."""
    hours = f"{_counted(match[1])} óra " if match[1] else ""
    seconds = f"{decimal(str(int(match[3])), match[4])} {attach('másodperc', match[5] or '')}"
    return f"{hours}{_counted(match[2])} perc {seconds}"


def _clocks(match: re.Match) -> str:
    before, after = match.string[: match.start()], match.string[match.end() :]
    sentence = re.split(r"[.!?] ", before)[-1][-60:] + re.split(r"[.!?](?: |$)", after)[0][:60]
    score = re.fullmatch(r"([1-9]\d?):(?!00)(\d\d)", match[0])
    if score and _SPORT.search(sentence.lower()):
        return f"{score[1]}-{int(score[2])}"
    return sentence_case(_clock(match, after), before)


def _clock(match: re.Match, after: str) -> str:
    hour, minute, second, until_hour, until_minute, suffix, unit = match.groups()
    suffix = suffix or _OF_ORA.get(unit or "")

    if until_hour and re.match(" között", after):
        return f"{_time(hour, minute)} és {_time(until_hour, until_minute)}"
    if until_hour and suffix in (None, "ig"):
        return f"{_time(hour, minute, 'tól')} {_time(until_hour, until_minute, 'ig')}"
    if until_hour:
        return f"{_time(hour, minute)}-{_time(until_hour, until_minute, suffix)}"

    if second:
        unit = join("másodperc", suffix or "")
        return f"{_time(hour, '0')} {_counted(minute)} perc {_counted(second)} {unit}"
    return _time(hour, minute, suffix)


def _time(hour: str, minute: str, suffix: str | None = None) -> str:
    words = _counted(hour) + " óra"
    if not int(minute):
        return join(words, (suffix or "").replace("től", "tól").replace("re", "ra"))
    if suffix:
        return f"{words} {inflect(int(minute), suffix)}"
    return f"{words} {cardinal(int(minute))}"


def _counted(figures: str) -> str:
    return attributive(cardinal(int(figures)))
