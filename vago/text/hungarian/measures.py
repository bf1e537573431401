"""Numbers with what they count: money, percentages, units, ordinals, and két or kettő by what follows."""

from __future__ import annotations

import re

from vago.text.hungarian.arithmetic import PLAIN
from vago.text.hungarian.characters import SIGNS, opening
from vago.text.hungarian.inflection import SUFFIX, attach, inflect
from vago.text.hungarian.numbers import cardinal, decimal, digits, grouped, halves, ordinal, two
from vago.text.hungarian.units import CENTS, MONEY, UNIT, UNIT_ALONE, any_of, said

_NOT_COUNTED = any_of(  # words after a number that it does not count: kettő és, kettő volt
    "és vagy meg is sem se az a egy ez de hogy mert ha akkor pedig azaz tehát illetve valamint között közötti közül alatt "
    "alatti felett fölött fölötti feletti után előtt körül körüli óta felé szerint helyett mellett nélkül miatt által plusz "
    "mínusz egyenlő osztva szorozva per egész volt voltak lett lesz van vannak nincs legyen maradt nyert győzött kapott "
    "jött jönnek ment kell elég jut jutott esett hiányzik igaz nem már még csak most itt ott aztán majd mint nagyobb kisebb "
    "kevesebb helyes hibás kukac esetén ellen alá fölé mögött mögé elé közé szemben percenként naponta hetente havonta "
    "évente óránként le fel ki be el".split()
)
_LETTER = r"[^\W\d_]"
_COUNTED = rf" (?!(?:{_NOT_COUNTED})(?!\w)|pont \d){_LETTER}{{2,}}"
_RE_COUNTED = re.compile(
    rf"{_COUNTED}|-\d+(?:[,.]\d+)?(?:-(?:sz[oeö]r|féle|fős|éves)| ?{UNIT}(?!\w)|{_COUNTED})"
)
_RE_HALVED = re.compile(
    " (?:millió|milliárd|ezer|óra|órá|év|hónap|hét|hete|nap|liter|kiló|deka|deci|méter|száza)"
)
_RE_NUMBER = re.compile(
    rf"(?P<sign>(?<![\w,:)%°²³-])(?<![^.]\.)(?:-|\+ ?(?=\d)))?(?P<whole>{PLAIN})(?:[,.](?P<part>\d+)(?![,.]?\d))?(?:"
    r"(?P<times> ?[x×](?= ?\d|(?!\w))(?:-(?P<of_times>[eoö]s\w*))?)"
    rf"|\.-(?P<of_ordinal>{SUFFIX})(?!\w)|(?P<ordinal>\.)(?=,| {_LETTER}| ?§)"
    rf"|(?P<price>[,.]-(?: ?(?:Ft|HUF)(?:-(?P<of_price>{_LETTER}{{1,8}}))?)?)(?!\w)"
    rf"| ?(?P<unit>{UNIT})(?![\w²³])(?:-(?P<of_unit>{_LETTER}{{1,10}})(?!\w))?"
    rf"|-(?P<suffix>{SUFFIX})(?!\w)|(?P<stuck>[aeoö]s|sz[oeö]r|[aeoö]dik|b[ae]n|t[óő]l|kor|ért|[aeo]n)(?!\w)"
    r"|(?P<scale> (?=ezer|ezr|millió|milliárd|billió)))?"
)
_RE_SIGN = re.compile(
    rf"(?:({any_of(SIGNS)})|(?<!\w)({UNIT_ALONE})(?!\w))(?:-({_LETTER}{{1,10}})(?!\w))?"
)
_CURRENCY = any_of(sign for sign in MONEY if not sign.isalpha())
_RE_CURRENCY_FIRST = re.compile(
    rf"(?<!\w)({_CURRENCY}) ?({PLAIN}(?:[.,]\d+)?)(?!\d)( millió| milliárd| ezer)?"
)


def read_quantities(text: str) -> str:
    """40 000 000 Ft -> negyvenmillió forint, 67%-a -> hatvanhét százaléka, 3. kérdés -> harmadik kérdés, 2 alma -> két alma."""
    text = re.sub(r"(?<!\w)'(?=\d)", "", text)  # '90-es
    text = re.sub(r"(?<![\d.,])1-ső(?!\w)", "első", text)
    text = _RE_CURRENCY_FIRST.sub(r"\2\3 \1", text)
    text = re.sub(r"\((\d+)\) (?=bek)", lambda m: ordinal(int(m[1])) + " ", text)
    text = re.sub(
        r"(?<=\d[%‰°€$]) -(?=[a-záéíóöőúüű])|(?<=\d [%‰°€$]) -(?=[a-záéíóöőúüű])", "-", text
    )  # 10 % -os
    text = _RE_NUMBER.sub(_number, text)
    text = _RE_SIGN.sub(_sign, text)
    return re.sub(r"(?<=\w)\s*/\s*(?=\w)", " per ", text.replace("és/vagy", "és vagy"))


def _number(match: re.Match) -> str:
    whole, part, suffix = (
        re.sub("[ .,]", "", match["whole"]),
        match["part"],
        match["suffix"] or match["stuck"],
    )
    before, after = match.string[: match.start()], match.string[match.end() :]
    spelt = len(whole) > 15 or (len(whole) > 1 and whole[0] == "0")  # 007
    number = int(whole[-1] if spelt else whole)
    words = digits(whole) if spelt else cardinal(number)
    if (
        8 <= len(match["whole"]) < 16
        and match["whole"].isdecimal()
        and not whole.endswith("000")
        and not spelt
    ):
        spelt, number, words = (
            True,
            int(whole[-1]),
            grouped(whole),
        )  # no sum is written so: a number of some register
    if part == "5" and not spelt and (match["unit"] or match["scale"] or _RE_HALVED.match(after)):
        words = halves(number)
    elif part:
        words = decimal(whole, part)

    if match["unit"]:
        words = _measured(words, match["unit"], match["of_unit"] or "", number, part)
    elif match["ordinal"] or match["of_ordinal"]:
        plain = (
            spelt
            or part
            or (match["ordinal"] and after[:1] == " " and not _is_ordinal(number, before, after))
        )
        words = words + "." if plain else _ordinal(number, match["of_ordinal"])
    elif suffix:
        words = attach(words, suffix) if part else inflect(number, suffix, words if spelt else None)
    elif match["times"]:
        words = (
            attach(words, "szor")
            if part or spelt
            else inflect(number, "szor" + (match["of_times"] or ""))
        )
    elif match["price"]:
        words = f"{two(words)} {attach('forint', match['of_price'] or '')}"
    elif match["scale"]:
        words = two(words) + ("" if number < 1000 and not part and not spelt else " ")
    elif _RE_COUNTED.match(after):
        words = two(words)
    words = {"-": "mínusz ", "+": "plusz "}.get((match["sign"] or " ")[0], "") + words
    return (
        " " * before[-1:].isalnum()
        + opening(words, before)
        + " " * (after[:1].isalnum() and not match["scale"])
    )


def _measured(words: str, unit: str, suffix: str, number: int, part: str | None) -> str:
    """A number with its unit: két kilogramm, négy euró ötven cent, ötmillió forint."""
    name = said(unit)
    if name in CENTS and part and len(part) == 2:
        return f"{two(cardinal(number))} {name} {two(cardinal(int(part)))} {attach(CENTS[name], suffix)}"
    joined = name.startswith(("ezer ", "millió", "milliárd")) and not part and number < 1000
    return two(words) + " " * (not joined) + attach(name, suffix)


def _ordinal(number: int, suffix: str | None) -> str:
    if not suffix:
        return ordinal(number)
    # 5.-én is a day and 2024.-ben a year for all that their full stop does not belong there; 3.-at is the third one.
    if number > 31 or re.fullmatch("j?[áé]n|j?[ae]", suffix):
        return inflect(number, suffix)
    return ordinal(number) + suffix


def _is_ordinal(number: int, before: str, after: str) -> bool:
    """Whether the full stop between a number and a word makes an ordinal of it: before a small letter, or as a name goes on.

    "a 3. kérdés", "A 2. Norris", "a 2. Magyar Hadsereg"; but "A válasz a 42. Gratulálok!", "Ez 1990. Az ország ...".
    """
    if after[1].islower() or after[1] == "§":
        return True
    name = r" [A-ZÁÉÍÓÖŐÚÜŰ][\w-]*(?:-| [A-ZÁÉÍÓÖŐÚÜŰ])"
    return number < 200 and bool(
        re.search(r"(?:^|[.!?] )Az? $", before)
        or (re.search(" az? $", before) and re.match(name, after))
    )


def _sign(match: re.Match) -> str:
    """A sign or a unit without a number: Ft-ban -> forintban, %-os -> százalékos, a + b -> a plusz b."""
    return f" {attach(SIGNS[match[1]] if match[1] else said(match[2]), match[3] or '')} "
