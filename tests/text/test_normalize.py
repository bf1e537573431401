"""Normalization as a whole: the reviewed cases, properties of any text, checks and splitting."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.readings import READINGS
from vago.synthesis.params import HUNGARIAN_CHARACTERS
from vago.text import normalize
from vago.text.hungarian.characters import ALPHABET

KNOWN = set("aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyzAB .,:;!?-'")
KEYBOARD = "".join(map(chr, range(32, 127))) + "áéíóöőúüűÁÉÍÓÖŐÚÜŰ–—„”’…€£½¼¾²³°§‰×÷±≈≤≥√µ№čšžäñ"
# Pieces of real texts, so that short random examples hit the rules.
PIECES = [
    *"1 2 12 2024 1.500 3,5 0 . , - : / % ( ) ' ! ? ... x ½".split(),
    *"Ft € km °C -ban -os -t -kor -én A B C I V IV XIX stb. pl. dr.".split(),
    *"b. a és alma MTA NATO március óra § = + @ hu www. # század között".split(),
    *"sz. u. tv Kft. millió".split(),
    "40 000",
    *[" "] * 6,
]
ugly = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def encode(written: str) -> list[int]:
    return [2 + sorted(KNOWN).index(c) if c in KNOWN else normalize.UNKNOWN for c in written]


@pytest.mark.parametrize("case", READINGS, ids=lambda case: f"{case['topic']}: {case['written']}")
def test_written_hungarian_is_read_as_a_host_would(case):
    assert normalize.normalize_text(case["written"]) == case["spoken"]


def test_the_table_is_as_broad_as_it_says():
    topics = Counter(case["topic"] for case in READINGS)
    assert len(READINGS) >= 250 and len({case["written"] for case in READINGS}) == len(READINGS)
    assert len(topics) >= 25 and all(count > 1 for count in topics.values())


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("A fődíj 40\u00a0000\u202f000 Ft!", "A fődíj negyvenmillió forint!"),
        ("o\u0308t és e\u0301n", "öt és én"),
        ("5\u00ad0 %\u200b-os", "ötven százalékos"),
        ("egy\tkettő\r\nhárom\x00négy", "egy kettő három négy"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_invisible_characters_are_not_read(written, spoken):
    assert normalize.normalize_text(written) == spoken


def assert_read_once(written: str) -> str:
    spoken = normalize.normalize_text(written)
    assert not any(c.isdigit() for c in spoken)
    assert normalize.normalize_text(spoken) == spoken
    assert spoken == " ".join(spoken.split())
    return spoken


@settings(max_examples=150, deadline=None)
@given(ugly | st.text(KEYBOARD, max_size=40))
@example("a`b.c")
@example("A+A")
@example("5 µg Aµ")
@example("1" * 3000)
@example("1/2/3:4.5,6-7")
def test_what_a_keyboard_can_write_comes_out_in_the_alphabet(written):
    assert set(assert_read_once(written)) <= ALPHABET


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
@example("٣ ½² ⑤ ⅓ Ⅳ 五 𐄇")
@example('e"\u0301')
@example("漢字。👩‍👩‍👧 Ж\u0301 \ud800")
def test_other_characters_stay_only_without_a_reading(written):
    for c in set(assert_read_once(written)) - ALPHABET:
        assert not c.isascii() and unicodedata.category(c)[0] not in "PZ" and not c.isspace(), c
        assert any(c in unicodedata.normalize(form, written) for form in ("NFKC", "NFC")), c


def test_a_character_without_a_reading_is_named():
    spoken = normalize.normalize_text("jó 5 ☃ estét Жора!")
    assert spoken == "jó öt ☃ estét Жора!"
    assert normalize.unknown_characters(spoken, encode) == "☃Жора"


def test_sentences_still_begin_with_a_capital():
    """Texts are split before capitals, so a sentence that began with a number needs one."""
    spoken = normalize.normalize_text(
        "Vége. 2 perc maradt. IV. Béla jön! 10:30-kor. 2024. május 1-jén."
    )
    assert normalize.split_sentences(spoken, 35) == [
        "Vége. Két perc maradt.",
        "Negyedik Béla jön!",
        "Tíz óra harminckor.",
        "Kétezer-huszonnégy május elsején.",
    ]


@pytest.mark.parametrize(
    "written", [case["written"] for case in READINGS[::7]] + ["", "Semmi új.", "漢 5"]
)
def test_changes_are_the_text_and_its_reading_side_by_side(written):
    parts = normalize.changes(written)
    old, new = (" ".join(filter(None, side)) for side in zip(*parts)) if parts else ("", "")
    assert (old, new) == (" ".join(written.split()), normalize.normalize_text(written))


def test_changes_name_only_what_changes():
    assert normalize.changes("A fődíj 40 000 000 Ft volt.") == [
        ("A fődíj", "A fődíj"),
        ("40 000 000 Ft", "negyvenmillió forint"),
        ("volt.", "volt."),
    ]
    assert normalize.changes("Jó estét!") == [("Jó estét!", "Jó estét!")]


def test_check_gives_tokens_or_the_reason():
    assert normalize.check("jó estét!", encode, 200) == (encode("jó estét!"), None)
    assert normalize.check("abc", encode, 2)[1] == "text over 2 tokens"
    assert normalize.check("abc", encode, 3)[1] is None
    assert normalize.check(" ... ", encode, 200) == ([], "empty text")
    assert normalize.check("jó ☃ estét ж☃", encode, 200)[1] == "unknown token"
    assert normalize.unknown_characters("jó ☃ estét ж☃", encode) == "☃ж"


def test_categories():
    assert normalize.category("Ki ez?", 9.0) == "question"
    assert normalize.category("Ki ez?”", 9.0) == "question"
    assert normalize.category("Ki ez?", 9.0, own="opening") == "opening"
    by_length = [normalize.category("Ez.", seconds) for seconds in (7.0, 6.9, 4.0, 3.9)]
    assert by_length == ["long", "medium", "medium", "short"]
    assert normalize.category("Ez.", 5.0, long_seconds=5.0) == "long"


@settings(deadline=None)
@given(st.text("abc. ,?!", max_size=300), st.integers(5, 60))
def test_splitting_loses_no_word_and_keeps_the_limit(line, limit):
    pieces = normalize.split_sentences(line, limit)
    assert " ".join(pieces).split() == line.split()
    assert all(len(piece) <= limit or " " not in piece for piece in pieces)


@pytest.mark.parametrize(
    ("line", "limit", "pieces"),
    [
        ("Egy kettő. Három négy! Öt?", 224, ["Egy kettő. Három négy! Öt?"]),
        ("Egy kettő. Három négy! Öt?", 15, ["Egy kettő.", "Három négy! Öt?"]),
        ("Dr. Nagy itt van. Jó.", 19, ["Dr. Nagy itt van.", "Jó."]),
        ("egy kettő három, négy öt", 20, ["egy kettő három,", "négy öt"]),
    ],
)
def test_splitting_prefers_sentence_ends_then_commas(line, limit, pieces):
    assert normalize.split_sentences(line, limit) == pieces


def test_synthesis_has_the_same_soft_limit():
    """A constant of its own: settings do not import the text room."""
    assert HUNGARIAN_CHARACTERS == normalize.SOFT_LIMIT
