"""Dates, years and times of day, with the suffixes that writers put behind them."""

from __future__ import annotations

import re

from vago.text.hungarian.characters import opening
from vago.text.hungarian.inflection import OF_DATES, SUFFIX, attach, day, inflect, join
from vago.text.hungarian.numbers import cardinal, decimal, roman, two

MONTHS = "január február március április május június július augusztus szeptember október november december".split()
_MONTH = "|".join(MONTHS)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?!\d)"
_AFTER_DAY = rf"(?:{OF_DATES}|t[óő]l|ig|r[ae]|r[óő]l|h[oeö]z|b[ae]n?)"
_DATED = rf"{_DAY}(?:\.?-{_AFTER_DAY}(?!\w)|\.(?!\d))"  # 15. or 15-én
_RE_DATE = re.compile(
    rf"(?<![\d.,])(\d{{4}})(?:\. ?|-|/)(0?[1-9]|1[0-2]|[IVX]+)(?:\. ?|-|/)({_DAY})"
    rf"(?:\.?-({_AFTER_DAY})(?!\w)|(\.?)(?!-?\d|-\w|/))"
)
_OF_SHORT = "j?[áé](?:n|ra|re|ig|t[óő]l)|i|t[óő]l|ig|r[ae]"
_RE_SHORT_DATE = re.compile(  # without a year: 12.24-én, 05.12., III. 15-én, (II. 14.)
    rf"(?<![\w.,:-])(?:(0?[1-9]|1[0-2])\. ?({_DAY})\.?-({_OF_SHORT})(?!\w)|(0[1-9]|1[0-2])\.({_DAY})\.(?!\d)|"
    rf"([IVX]+)\. ({_DAY})(?:\.?-({_OF_SHORT})(?!\w)|\.(?=\))))"
)
_RE_DAYS = re.compile(
    rf"(?<!\w)((?:{_MONTH})\w{{0,4}}) ({_DATED}(?:(?:, | és | vagy | - |-|(?<=t[óő]l) ){_DATED})*|{_DAY}-{_DATED}|"
    rf"{_DAY}(?=$|[,;:!?)]|\.$| (?:óta|között|után|előtt|körül|reggel|délelőtt|délben|délután|este|éjjel|\()))",
    re.IGNORECASE,
)
_RE_ONE_DAY = re.compile(rf"({_DAY})(?:\.?-({_AFTER_DAY})(?!\w)|(\.)?)")
_PERIODS = "tavasz|nyar|nyár|ősz|tél|tele|elej|közep|vég|első|második|harmadik|negyedik|I{1,3}V?\\. (?:fél|negyed)|karácsony|húsvét"
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
    rf"(?<![\d:,.-])({_CLOCK}):([0-5]\d)(?::([0-5]\d))?(?: ?- ?({_CLOCK}):([0-5]\d))?(?![\d:]|[.,]\d| \d{{3}}(?!\d))"
    rf"(?:-({SUFFIX})(?!\w)| ?ór(a|ától|áig|akor|ára|ás|ai)(?!\w)| ?h(?!\w))?"
)
_RE_DOTTED = re.compile(  # 10.30-kor is a time, 10.30 alone a decimal
    rf"(?<![\d:,.-])({_CLOCK})\.([0-5]\d)(?=-(?:{_OF_HOURS})(?!\w)| ór[aá]| ?- ?{_CLOCK}[.:][0-5]\d(?:-| ór[aá]| között))"
    rf"|(?<=\d:\d\d-)({_CLOCK})\.([0-5]\d)(?!\d)|(?<![\d:,.-])({_CLOCK})\.(00)(?![,.]?\d| ?[€$£%])"
)
_RE_QUARTERS = re.compile(
    r"(?<![\d/])(1/2|1/4|3/4) (?=(?:[1-9]|1[0-2])(?:-(?:kor|t[óő]l|ig|r[ae])(?!\w)))"
)
_SPORT = re.compile("győz|vert|nyert|kikap|vezet|döntetlen|állás|eredmény|gól|félidő|szett")


def read_dates(text: str) -> str:
    """2024. március 15-én -> kétezer-huszonnégy március tizenötödikén; times are read by `read_times`."""
    text = re.sub(rf"(?<!\w)({_MONTH})\. (?=\d)", r"\1 ", text)  # 2025. március. 14.
    text = _RE_DATE.sub(_date, text)
    text = _RE_SHORT_DATE.sub(_short_date, text)
    text = _RE_DAYS.sub(_days, text)
    return _RE_YEAR.sub(
        lambda m: opening(cardinal(int(m[1] or m[2])), m.string[: m.start()]) + " ", text
    )


def read_times(text: str) -> str:
    """10:30-kor -> tíz óra harminckor, 8:00-16:00 -> nyolc órától tizenhat óráig; a score stays for the numbers."""
    text = _RE_QUARTERS.sub(
        lambda m: {"1/2": "fél ", "1/4": "negyed ", "3/4": "háromnegyed "}[m[1]], text
    )
    text = _RE_LAP.sub(_lap, text)
    for _ in range(2):  # the end of a range is known by its beginning
        text = _RE_DOTTED.sub(lambda m: ":".join(filter(None, m.groups())), text)
    return _RE_CLOCKS.sub(_clocks, text)


def _date(match: re.Match) -> str:
    number = int(match[2]) if match[2].isdecimal() else roman(match[2])
    if not number or number > 12:
        return match[0]
    words = f"{cardinal(int(match[1]))} {MONTHS[number - 1]} {day(int(match[3]), match[4])}{_stop(match)}"
    return opening(words, match.string[: match.start()])


def _short_date(match: re.Match) -> str:
    written, number, suffix = next(
        m for m in (match.group(1, 2, 3), (*match.group(4, 5), None), match.group(6, 7, 8)) if m[0]
    )
    month = int(written) if written.isdecimal() else roman(written)
    return (
        f"{MONTHS[month - 1]} {day(int(number), suffix)}{_stop(match)}"
        if month and month <= 12
        else match[0]
    )


def _days(match: re.Match) -> str:
    """The days after a month's name; of a range the first is told plainly: október öt-hatodikán."""
    month, written = match[1], match[2]
    spoken = re.sub(rf"({_DAY})-(?={_DAY})", lambda m: f"{cardinal(int(m[1]))}-", written)
    spoken = _RE_ONE_DAY.sub(lambda m: day(int(m[1]), m[2]), spoken)
    return f"{month} {spoken}{_stop(match)}"


def _stop(match: re.Match) -> str:
    """The full stop after a date belongs to the date, unless the sentence ends there too."""
    return (
        "."
        if match[0].endswith(".")
        and not re.match(r"[,.;:)]| [a-záéíóöőúüű(]| ?[-\d]", match.string[match.end() :])
        else ""
    )


def _lap(match: re.Match) -> str:
    """1:42,35 -> egy perc negyvenkettő egész harmincöt század másodperc."""
    hours = f"{two(cardinal(int(match[1])))} óra " if match[1] else ""
    seconds = f"{decimal(str(int(match[3])), match[4])} {attach('másodperc', match[5] or '')}"
    return f"{hours}{two(cardinal(int(match[2])))} perc {seconds}"


def _clocks(match: re.Match) -> str:
    before, after = match.string[: match.start()], match.string[match.end() :]
    sentence = re.split(r"[.!?] ", before)[-1][-60:] + re.split(r"[.!?](?: |$)", after)[0][:60]
    score = re.fullmatch(r"([1-9]\d?):(?!00)(\d\d)", match[0])
    if score and _SPORT.search(sentence.lower()):
        return f"{score[1]}-{int(score[2])}"
    return opening(_clock(match, after), before)


def _clock(match: re.Match, after: str) -> str:
    hour, minute, second, until_hour, until_minute, suffix, unit = match.groups()
    suffix = suffix or {
        "ától": "tól",
        "áig": "ig",
        "akor": "kor",
        "ára": "ra",
        "ás": "s",
        "ai": "i",
    }.get(unit or "")
    if until_hour:
        if re.match(" között", after):
            return f"{_time(hour, minute)} és {_time(until_hour, until_minute)}"
        if suffix in (None, "ig"):
            return f"{_time(hour, minute, 'tól')} {_time(until_hour, until_minute, 'ig')}"
        return f"{_time(hour, minute)}-{_time(until_hour, until_minute, suffix)}"
    if second:
        minutes, seconds = two(cardinal(int(minute))), two(cardinal(int(second)))
        return f"{_time(hour, '0')} {minutes} perc {seconds} {join('másodperc', suffix or '')}"
    return _time(hour, minute, suffix)


def _time(hour: str, minute: str, suffix: str | None = None) -> str:
    words = two(cardinal(int(hour))) + " óra"
    if not int(minute):
        return join(words, suffix.replace("től", "tól").replace("re", "ra") if suffix else "")
    return f"{words} {inflect(int(minute), suffix) if suffix else cardinal(int(minute))}"
