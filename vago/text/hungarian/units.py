"""Units (measure, money): the symbols written after a number, and the words they are read as."""

from __future__ import annotations

import re
from collections.abc import Iterable

MONEY = {
    "€": "euró", "$": "dollár", "£": "font", "¥": "jen", "¢": "cent", "₽": "rubel",
    "₺": "líra", "US$": "amerikai dollár", "EUR": "euró", "eur": "euró", "USD": "dollár",
    "GBP": "font", "CHF": "svájci frank", "JPY": "jen", "RON": "lej", "CZK": "cseh korona",
    "PLN": "zloty", "SEK": "svéd korona", "NOK": "norvég korona", "DKK": "dán korona",
    "RSD": "szerb dinár", "UAH": "hrivnya", "RUB": "rubel", "TRY": "török líra", "CNY": "jüan",
    "AUD": "ausztrál dollár", "CAD": "kanadai dollár",
}  # fmt: skip
CENTS = {"euró": "cent", "dollár": "cent", "amerikai dollár": "cent", "font": "penny"}
_FORINT = {"Ft": "forint", "ft": "forint", "FT": "forint", "HUF": "forint", "huf": "forint"}
_SCALES = {
    "e": "ezer ", "E": "ezer ", "m": "millió ", "M": "millió ",
    "mrd": "milliárd ", "Mrd": "milliárd ", "md": "milliárd ",
}  # fmt: skip
_LENGTHS = {
    "km": "kilométer", "m": "méter", "dm": "deciméter",
    "cm": "centiméter", "mm": "milliméter",
}  # fmt: skip
MEASURES = {  # after a number only
    **MONEY, **_FORINT,
    **{scale + gap + "Ft": word + "forint" for scale, word in _SCALES.items() for gap in ("", " ")},
    "Mrd": "milliárd", "mrd": "milliárd", "M€": "millió euró", "M EUR": "millió euró",
    "mrd €": "milliárd euró", "kg": "kilogramm", "dkg": "deka", "dag": "deka", "g": "gramm",
    "mg": "milligramm", "µg": "mikrogramm", "t": "tonna", "q": "mázsa", **_LENGTHS,
    "µm": "mikrométer", "nm": "nanométer", "ha": "hektár", "l": "liter", "L": "liter",
    "dl": "deci", "cl": "centiliter", "ml": "milliliter", "hl": "hektoliter",
    "mp": "másodperc", "ms": "ezredmásodperc", "h": "óra", "min": "perc", "W": "watt",
    "kW": "kilowatt", "MW": "megawatt", "GW": "gigawatt", "kWh": "kilowattóra",
    "MWh": "megawattóra", "GWh": "gigawattóra", "V": "volt", "kV": "kilovolt",
    "mA": "milliamper", "Ah": "amperóra", "mAh": "milliamperóra", "Hz": "herc",
    "kHz": "kiloherc", "MHz": "megaherc", "GHz": "gigaherc", "kB": "kilobájt",
    "KB": "kilobájt", "MB": "megabájt", "GB": "gigabájt", "TB": "terabájt",
    "Mbps": "megabit per szekundum", "Gbps": "gigabit per szekundum", "Mbit": "megabit",
    "Gbit": "gigabit", "Pa": "paszkál", "hPa": "hektopaszkál", "kPa": "kilopaszkál",
    "bar": "bar", "kJ": "kilodzsúl", "cal": "kalória", "kcal": "kilokalória", "LE": "lóerő",
    "dB": "decibel", "px": "pixel", "MP": "megapixel", "mmol": "millimól", "Nm": "newtonméter",
    "Hgmm": "higanymilliméter", "°C": "Celsius-fok", "C°": "Celsius-fok", "℃": "Celsius-fok",
    "°F": "Fahrenheit-fok", "°": "fok", "%": "százalék", "‰": "ezrelék", "§": "paragrafus",
    "Ω": "ohm", "db": "darab", "fő": "fő", "col": "col", "csillag": "csillag",
    "ek": "evőkanál", "tk": "teáskanál", "kk": "kávéskanál", "mk": "mokkáskanál",
    **{unit + sign: "négyzet" + word for unit, word in _LENGTHS.items() for sign in ("²", "2")},
    **{unit + sign: "köb" + word for unit, word in _LENGTHS.items() for sign in ("³", "3")},
}  # fmt: skip
_PER = {
    "h": "óra", "ó": "óra", "s": "szekundum", "fő": "fő", "nap": "nap", "hó": "hó",
    "hónap": "hónap", "év": "év", "perc": "perc", "óra": "óra", "kWh": "kilowattóra",
    "s²": "szekundumnégyzet",
}  # fmt: skip
_ALONE = (
    "Ft ft HUF EUR GBP CHF db km kg dkg cm mm dl m² m2 km² m³ m3 kW MW kWh MWh MHz GHz GB MB "
    "TB kcal kJ Hgmm"
)
ALONE = {unit: MEASURES[unit] for unit in _ALONE.split()}  # also without a number: hány km, Ft-ban


def any_of(words: Iterable[str]) -> str:
    """A regular expression for any of `words`, longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_RATE = rf"/(?:{any_of({**MEASURES, **_PER})})"
UNIT = rf"(?:(?:{any_of(MEASURES)})(?:{_RATE})?)"
UNIT_ALONE = rf"(?:(?:{any_of(ALONE)})(?:{_RATE})?)"


def unit_name(unit: str) -> str:
    """km/h -> kilométer per óra."""
    over, slash, under = unit.partition("/")
    if not slash:
        return MEASURES[over]
    return f"{MEASURES[over]} per {_PER.get(under) or MEASURES[under]}"
