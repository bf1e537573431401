"""Measures and money (and ordinals): numbers with what they count.

Also decides between két and kettő, by the word that follows.
"""

from __future__ import annotations

import re

from vago.text.hungarian.arithmetic import PLAIN
from vago.text.hungarian.characters import CAPITAL, LETTER, SIGNS, SMALL, sentence_case
from vago.text.hungarian.inflection import SUFFIX, attach, inflect
from vago.text.hungarian.numbers import (
    attributive,
    cardinal,
    decimal,
    digit_groups,
    digits,
    halves,
    ordinal,
)
from vago.text.hungarian.units import CENTS, MONEY, UNIT, UNIT_ALONE, any_of, unit_name

# Words that a number before them does not count: kettő és, kettő volt.
_NOT_COUNTED = any_of(
    "és vagy meg is sem se az a egy ez de hogy mert ha akkor pedig azaz tehát illetve "
    "valamint között közötti közül alatt alatti felett fölött fölötti feletti után előtt "
    "körül körüli óta felé szerint helyett mellett nélkül miatt által plusz mínusz egyenlő "
    "osztva szorozva per egész volt voltak lett lesz van vannak nincs legyen maradt nyert "
    "győzött kapott jött jönnek ment kell elég jut jutott esett hiányzik igaz nem már még "
    "csak most itt ott aztán majd mint nagyobb kisebb kevesebb helyes hibás kukac esetén "
    "ellen alá fölé mögött mögé elé közé szemben percenként naponta hetente havonta évente "
    "óránként le fel ki be el".split()
)
_COUNTED = rf" (?!(?:{_NOT_COUNTED})(?!\w)|pont \d){LETTER}{{2,}}"
_RE_COUNTED = re.compile(
    rf"{_COUNTED}|-\d+(?:[,.]\d+)?(?:-(?:sz[oeö]r|féle|fős|éves)| ?{UNIT}(?!\w)|{_COUNTED})"
)
_RE_HALVED = re.compile(
    " (?:millió|milliárd|ezer|óra|órá|év|hónap|hét|hete|nap|liter|kiló|deka|deci|méter|száza)"
)
# A number, and the first of these after it: times, ordinal, price, unit, suffix, scale.
_RE_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w,:)%°²³-])(?<![^.]\.)(?:-|\+ ?(?=\d)))?"
    rf"(?P<whole>{PLAIN})(?:[,.](?P<part>\d+)(?![,.]?\d))?(?:"
    r"(?P<times> ?[x×](?= ?\d|(?!\w))(?:-(?P<of_times>[eoö]s\w*))?)"
    rf"|\.-(?P<of_ordinal>{SUFFIX})(?!\w)|(?P<ordinal>\.)(?=,| {LETTER}| ?§)"
    rf"|(?P<price>[,.]-(?: ?(?:Ft|HUF)(?:-(?P<of_price>{LETTER}{{1,8}}))?)?)(?!\w)"
    rf"| ?(?P<unit>{UNIT})(?![\w²³])(?:-(?P<of_unit>{LETTER}{{1,10}})(?!\w))?"
    rf"|-(?P<suffix>{SUFFIX})(?!\w)"
    r"|(?P<stuck>[aeoö]s|sz[oeö]r|[aeoö]dik|b[ae]n|t[óő]l|kor|ért|[aeo]n)(?!\w)"
    r"|(?P<scale> (?=ezer|ezr|millió|milliárd|billió)))?"
)
_RE_SIGN = re.compile(
    rf"(?:({any_of(SIGNS)})|(?<!\w)({UNIT_ALONE})(?!\w))(?:-({LETTER}{{1,10}})(?!\w))?"
)
_CURRENCY = any_of(sign for sign in MONEY if not sign.isalpha())
_RE_CURRENCY_FIRST = re.compile(
    rf"(?<!\w)({_CURRENCY}) ?({PLAIN}(?:[.,]\d+)?)(?!\d)( millió| milliárd| ezer)?"
)
_RE_SPACED_SUFFIX = re.compile(rf"(?:(?<=\d[%‰°€$])|(?<=\d [%‰°€$])) -(?={SMALL})")  # 10 % -os


def read_measures(text: str) -> str:
    """40 000 000 Ft -> negyvenmillió forint, 67%-a -> hatvanhét százaléka, 2 alma -> két alma."""
    text = re.sub(r"(?<!\w)'(?=\d)", "", text)  # '90-es
    text = re.sub(r"(?<![\d.,])1-ső(?!\w)", "első", text)
    text = _RE_CURRENCY_FIRST.sub(r"\2\3 \1", text)
    text = re.sub(r"\((\d+)\) (?=bek)", lambda m: ordinal(int(m[1])) + " ", text)
    text = _RE_SPACED_SUFFIX.sub("-", text)

    text = _RE_NUMBER.sub(_number, text)
    text = _RE_SIGN.sub(_sign, text)
    return re.sub(r"(?<=\w)\s*/\s*(?=\w)", " per ", text.replace("és/vagy", "és vagy"))


def _number(match: re.Match) -> str:
    whole, part = re.sub("[ .,]", "", match["whole"]), match["part"]
    before, after = match.string[: match.start()], match.string[match.end() :]
    number, words, spelt = _read_digits(whole, grouped=not match["whole"].isdecimal())

    if part == "5" and not spelt and (match["unit"] or match["scale"] or _RE_HALVED.match(after)):
        words = halves(number)
    elif part:
        words = decimal(whole, part)

    words = _with_follower(match, number, words, spelt)
    words = {"-": "mínusz ", "+": "plusz "}.get((match["sign"] or " ")[0], "") + words
    space_before = " " * before[-1:].isalnum()
    space_after = " " * (after[:1].isalnum() and not match["scale"])
    return space_before + sentence_case(words, before) + space_after


def _read_digits(whole: str, grouped: bool) -> tuple[int, str, bool]:
    """Digits -> the number whose suffixes they take, their words, and whether they are read singly.

    Digit by digit with a leading zero (007) or over 15 digits; in groups from 8 digits without
    separators (`grouped`: with them), which is a number of some register and not a sum.
    """
    if len(whole) > 15 or (len(whole) > 1 and whole[0] == "0"):
        return int(whole[-1]), digits(whole), True
    if len(whole) >= 8 and not grouped and not whole.endswith("000"):
        return int(whole[-1]), digit_groups(whole), True
    return int(whole), cardinal(int(whole)), False


def _with_follower(match: re.Match, number: int, words: str, spelt: bool) -> str:
    """A number's words with what follows it: unit, ordinal, suffix, times, price, scale or noun."""
    part, suffix = match["part"], match["suffix"] or match["stuck"]
    before, after = match.string[: match.start()], match.string[match.end() :]

    if match["unit"]:
        return _measured(words, match["unit"], match["of_unit"] or "", number, part)
    if match["ordinal"] or match["of_ordinal"]:
        ends = match["ordinal"] and after[:1] == " " and not _is_ordinal(number, before, after)
        if spelt or part or ends:
            return words + "."
        return _ordinal(number, match["of_ordinal"])

    if suffix and part:
        return attach(words, suffix)
    if suffix:
        return inflect(number, suffix, words)
    if match["times"]:
        if part or spelt:
            return attach(words, "szor")
        return inflect(number, "szor" + (match["of_times"] or ""))
    if match["price"]:
        return f"{attributive(words)} {attach('forint', match['of_price'] or '')}"
    if match["scale"]:
        joined = number < 1000 and not part and not spelt
        return attributive(words) + " " * (not joined)
    if _RE_COUNTED.match(after):
        return attributive(words)
    return words


def _measured(words: str, unit: str, suffix: str, number: int, part: str | None) -> str:
    """A number with its unit: két kilogramm, négy euró ötven cent, ötmillió forint."""
    name = unit_name(unit)
    if name in CENTS and part and len(part) == 2:
        cents = attributive(cardinal(int(part)))
        return f"{attributive(cardinal(number))} {name} {cents} {attach(CENTS[name], suffix)}"

    joined = name.startswith(("ezer ", "millió", "milliárd")) and not part and number < 1000
    return attributive(words) + " " * (not joined) + attach(name, suffix)


def _ordinal(number: int, suffix: str | None) -> str:
    """3.-at -> harmadikat; but 5.-én is a day and 2024.-ben a year, despite their full stops."""
    if not suffix:
        return ordinal(number)
    if number > 31 or re.fullmatch("j?[áé]n|j?[ae]", suffix):
        return inflect(number, suffix)
    return ordinal(number) + suffix


def _is_ordinal(number: int, before: str, after: str) -> bool:
    """Whether the full stop between a number and a word makes it an ordinal.

    So before a small letter (a 3. kérdés) and inside a name (A 2. Norris, a 2. Magyar Hadsereg);
    not in "A válasz a 42. Gratulálok!" and "Ez 1990. Az ország ...".
    """
    if after[1].islower() or after[1] == "§":
        return True
    if number >= 200:
        return False
    if re.search(r"(?:^|[.!?] )Az? $", before):
        return True
    name = rf" {CAPITAL}[\w-]*(?:-| {CAPITAL})"
    return bool(re.search(" az? $", before) and re.match(name, after))


def _sign(match: re.Match) -> str:
    """A sign or a unit without a number: Ft-ban -> forintban, a + b -> a plusz b."""
    sign, unit, suffix = match.groups()
    name = SIGNS[sign] if sign else unit_name(unit)
    return f" {attach(name, suffix or '')} "
