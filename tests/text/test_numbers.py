"""Number words and the suffixes on them, for every number and every way of writing them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vago.text import normalize
from vago.text.hungarian import inflection, numbers

BACK = {0, 3, 6, 8}  # last digits whose words have back vowels, and the same for full tens
BACK_TENS = {20, 30, 60, 80}


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
def test_numbers_are_spelt_as_hungarian_does(number, cardinal, ordinal):
    assert (normalize.cardinal(number), normalize.ordinal(number)) == (cardinal, ordinal)


@settings(deadline=None)
@given(st.integers(0, 10**18))
def test_no_number_leaves_the_short_form_at_its_end_or_the_long_one_inside(number):
    words = normalize.cardinal(number)
    assert not words.endswith("két") and "kettőezer" not in words and "kettőmilli" not in words


@settings(deadline=None)
@given(st.integers(1, 10**7))
def test_harmony_is_that_of_the_last_digit_that_is_said(number):
    side = 0 if is_back(number) else 1
    assert (
        inflection.inflect(number, "ban")
        == inflection.inflect(number, "ben")
        == normalize.cardinal(number) + ("ban", "ben")[side]
    )
    assert inflection.inflect(number, "nál").endswith(("nál", "nél")[side])
    assert inflection.inflect(number, "en").endswith("n") and inflection.inflect(
        number, "t"
    ).endswith("t")


@settings(deadline=None)
@given(
    st.integers(0, 10**7), st.sampled_from(["val", "vel", "al", "el", "zal", "mal", "tel", "gyel"])
)
def test_the_v_of_val_becomes_the_consonant_before_it_however_it_was_written(number, suffix):
    spoken = inflection.inflect(number, suffix)
    words = normalize.cardinal(number)
    if words[-1] in "aáeéiíoóöőuúüű":
        assert re.search("v[ae]l$", spoken)
    else:
        assert re.search(r"(?:ssz|ggy|([a-zé])\1)[ae]l$", spoken) and spoken.startswith(words[:-2])
    assert spoken.endswith("al") == is_back(number)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10**6))
def test_a_written_suffix_says_what_inflect_says(number):
    """However thousands are written, figures with a suffix come to the same words."""
    for written in (str(number), f"{number:,}".replace(",", " "), f"{number:,}".replace(",", ".")):
        assert normalize.normalise(f"{written}-es") == inflection.inflect(number, "es")
        assert (
            normalize.normalise(f"a {written}. kérdés") == f"a {normalize.ordinal(number)} kérdés"
        )
        assert (
            normalize.normalise(f"{written} kérdés")
            == f"{numbers.two(normalize.cardinal(number))} kérdés"
        )


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
def test_a_suffix_fits_the_word_that_is_said(word, suffix, joined):
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
    for value, letters in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "M CM D CD C XC L XL X IX V IV I".split(),
        strict=True,
    ):
        written, left = written + letters * (left // value), left % value
    assert numbers.roman(written) == number


@pytest.mark.parametrize("written", ["", "IIII", "IC", "VX", "ABC", "IL", "iv"])
def test_other_letters_are_no_roman_numeral(written):
    assert numbers.roman(written) is None


READ_BACK = {
    numbers.grouped(figures): figures
    for size in (1, 2, 3)
    for figures in (f"{number:0{size}}" for number in range(10**size))
}


@given(st.text("0123456789", min_size=1, max_size=14))
@settings(deadline=None)
def test_a_row_of_figures_can_be_written_down_again_from_its_reading(figures):
    assert len(READ_BACK) == 1110
    assert "".join(READ_BACK[part] for part in numbers.grouped(figures).split(", ")) == figures
