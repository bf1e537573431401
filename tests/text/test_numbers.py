"""Number words and the suffixes on them, for every number and every way of writing them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vago.text.hungarian import inflection, numbers
from vago.text.normalize import normalize_text

BACK = {0, 3, 6, 8}  # last digits whose words have back vowels, and the same for full tens
BACK_TENS = {20, 30, 60, 80}
ROMAN = {
    1000: "M", 900: "CM", 500: "D", 400: "CD", 100: "C", 90: "XC", 50: "L", 40: "XL",
    10: "X", 9: "IX", 5: "V", 4: "IV", 1: "I",
}  # fmt: skip


def is_back(number: int) -> bool:
    if number % 10 or number == 0:
        return number % 10 in BACK
    if number % 100:
        return number % 100 in BACK_TENS
    return bool(number % 1000) or number % 1_000_000 == 0  # száz and millió, but ezer


@pytest.mark.parametrize(
    ("number", "cardinal", "ordinal"),
    [
        (0, "nulla", "nulladik"),
        (1, "egy", "első"),
        (2, "kettő", "második"),
        (21, "huszonegy", "huszonegyedik"),
        (102, "százkettő", "százkettedik"),
        (1002, "ezerkettő", "ezerkettedik"),
        (2001, "kétezer-egy", "kétezer-egyedik"),
        (12_000, "tizenkétezer", "tizenkétezredik"),
        (32_000, "harminckétezer", "harminckétezredik"),
        (2_000_002, "kétmillió-kettő", "kétmillió-kettedik"),
        (12_000_000, "tizenkétmillió", "tizenkétmilliomodik"),
        (2_000_000_000, "kétmilliárd", "kétmilliárdodik"),
        (10**14 + 2, "százbillió-kettő", "százbillió-kettedik"),
        (
            1_234_567,
            "egymillió-kétszázharmincnégyezer-ötszázhatvanhét",
            "egymillió-kétszázharmincnégyezer-ötszázhatvanhetedik",
        ),
    ],
)
def test_number_words(number, cardinal, ordinal):
    assert (numbers.cardinal(number), numbers.ordinal(number)) == (cardinal, ordinal)


@settings(deadline=None)
@given(st.integers(0, 10**18))
def test_the_long_form_stands_at_the_end_and_the_short_one_inside(number):
    words = numbers.cardinal(number)
    assert not words.endswith("két") and "kettőezer" not in words and "kettőmilli" not in words


@settings(deadline=None)
@given(st.integers(1, 10**7))
def test_harmony_is_that_of_the_last_word(number):
    side = 0 if is_back(number) else 1
    inessive = numbers.cardinal(number) + ("ban", "ben")[side]
    assert inflection.inflect(number, "ban") == inflection.inflect(number, "ben") == inessive
    assert inflection.inflect(number, "nál").endswith(("nál", "nél")[side])
    assert inflection.inflect(number, "en").endswith("n")
    assert inflection.inflect(number, "t").endswith("t")


@settings(deadline=None)
@given(
    st.integers(0, 10**7), st.sampled_from(["val", "vel", "al", "el", "zal", "mal", "tel", "gyel"])
)
def test_val_assimilates_however_it_was_written(number, suffix):
    spoken = inflection.inflect(number, suffix)
    words = numbers.cardinal(number)
    if words[-1] in "aáeéiíoóöőuúüű":
        assert re.search("v[ae]l$", spoken)
    else:
        assert re.search(r"(?:ssz|ggy|([a-zé])\1)[ae]l$", spoken) and spoken.startswith(words[:-2])
    assert spoken.endswith("al") == is_back(number)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10**6))
def test_a_written_suffix_is_inflected(number):
    """The same words however thousands are separated."""
    grouped = f"{number:,}"
    ordinal = numbers.ordinal(number)
    counted = numbers.attributive(numbers.cardinal(number))
    for written in (str(number), grouped.replace(",", " "), grouped.replace(",", ".")):
        assert normalize_text(f"{written}-es") == inflection.inflect(number, "es")
        assert normalize_text(f"a {written}. kérdés") == f"a {ordinal} kérdés"
        assert normalize_text(f"{written} kérdés") == f"{counted} kérdés"


@pytest.mark.parametrize(
    ("word", "suffix", "joined"),
    [
        ("forint", "t", "forintot"),
        ("forint", "tal", "forinttal"),
        ("deka", "ot", "dekát"),
        ("cent", "ba", "centbe"),
        ("százalék", "ának", "százalékának"),
        ("gramm", "mal", "grammal"),
        ("kilométer per óra", "s", "kilométer per órás"),
        ("herc", "t", "hercet"),
        ("méter", "t", "métert"),
        ("óra", "kor", "órakor"),
        ("euró", "a", "eurója"),
        ("mérföld", "es", "mérföldes"),
    ],
)
def test_a_suffix_fits_the_spoken_word(word, suffix, joined):
    assert inflection.attach(word, suffix) == joined


@pytest.mark.parametrize(
    ("word", "suffix", "joined"),
    [
        ("emtéá", "val", "emtéával"),
        ("ertéel", "lel", "ertéellel"),
        ("nató", "ba", "natóba"),
        ("elte", "n", "eltén"),
        ("abba", "dal", "abba-dal"),
        ("tévé", "s", "tévés"),
    ],
)
def test_a_suffix_of_an_acronym_keeps_the_writers_vowels(word, suffix, joined):
    assert inflection.join(word, suffix) == joined


@settings(deadline=None)
@given(st.integers(1, 3999))
def test_roman_numerals_mean_what_they_are(number):
    written, left = "", number
    for value, letters in ROMAN.items():
        written += letters * (left // value)
        left %= value
    assert numbers.roman(written) == number


@pytest.mark.parametrize("written", ["", "IIII", "IC", "VX", "ABC", "IL", "iv"])
def test_other_letters_are_no_roman_numeral(written):
    assert numbers.roman(written) is None


READ_BACK = {
    numbers.digit_groups(figures): figures
    for size in (1, 2, 3)
    for figures in (f"{number:0{size}}" for number in range(10**size))
}


@given(st.text("0123456789", min_size=1, max_size=14))
@settings(deadline=None)
def test_a_row_of_figures_can_be_written_down_again_from_its_reading(figures):
    assert len(READ_BACK) == 1110
    assert "".join(READ_BACK[part] for part in numbers.digit_groups(figures).split(", ")) == figures
