from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vago import text

KNOWN = set("aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyzAB .,:;!?-'")


def encode(written: str) -> list[int]:
    return [2 + sorted(KNOWN).index(c) if c in KNOWN else text.UNKNOWN for c in written]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("A fődíj 40 000 000 Ft!", "A fődíj negyvenmillió forint!"),
        ("A fődíj 40\u00a0000\u202f000 Ft!", "A fődíj negyvenmillió forint!"),
        ("1.500 forint, azaz 1 500 Ft-ot", "ezerötszáz forint, azaz ezerötszáz forintot"),
        ("12,5 és 0,2", "tizenkettő egész öt tized és nulla egész két tized"),
        ("3,14 és 0,05", "három egész tizennégy század és nulla egész öt század"),
        ("A helyes válasz 42.", "A helyes válasz negyvenkettő."),
        ("A 3. kérdés az 1. fordulóból", "A harmadik kérdés az első fordulóból"),
        ("Az 1., 2. és 3. hely", "Az első, második és harmadik hely"),
        ("Ez a 102. és a 1 000 000. vendég", "Ez a százkettedik és a egymilliomodik vendég"),
        ("-5 °C, 20%, 20 %-os", "mínusz öt Celsius-fok, húsz százalék, húsz százalékos"),
        ("5-10 perc", "öt-tíz perc"),
        ("2-3 perc, 2 kérdés, 12 db", "két-három perc, két kérdés, tizenkét darab"),
        ("Kérem az 50:50 segítséget!", "Kérem az ötven-ötven segítséget!"),
        ("10:30-kor, 2:00-kor, 10:05", "tíz óra harminckor, két órakor, tíz óra öt"),
        ("$20, €5-ért? 10 €-t, 7 EUR, 3 HUF", "húsz dollár, öt euróért? tíz eurót, hét euró, három forint"),
        ("2024-ben 5-ször, 100-zal", "kétezer-huszonnégyben ötször, százzal"),
        ("1-gyel, 4-gyel, 20-szal, 2-vel", "eggyel, néggyel, hússzal, kettővel"),
        ("2-en, 3-an, 3-as, 7-et, 2-t, 12-szer", "ketten, hárman, hármas, hetet, kettőt, tizenkétszer"),
        ("2024. március 15-én", "kétezer-huszonnégy március tizenötödikén"),
        ("1848. március 15. napja", "ezernyolcszáznegyvennyolc március tizenötödike napja"),
        ("május 1-jén, 2-án", "május elsején, másodikán"),
        ("2024. 03. 15.", "kétezer-huszonnégy március tizenötödike."),
        ("Pl. a kb. 12 db. stb.", "Például a körülbelül tizenkét darab satöbbi."),
        ("Dr. Szabó ill. ún. barátja", "Doktor Szabó illetve úgynevezett barátja"),
        ("A válasz a B.", "A válasz a Bé."),
        ("A: Duna, B: Tisza, C: Dráva, D: Maros", "A: Duna, B: Tisza, C: Dráva, D: Maros"),
        ("2x annyi, 3 × 4 = 12", "kétszer annyi, háromszor négy egyenlő tizenkettő"),
        ("2½ óra, ½ + ½", "két és fél óra, fél plusz fél"),
        ("Tom & Jerry @ 3. § 9/10", "Tom és Jerry kukac harmadik paragrafus kilenc per tíz"),
        ("007, 1111222233334444", "nulla nulla hét, " + " ".join(4 * ["egy"] + 4 * ["kettő"] + 4 * ["három"] + 4 * ["négy"])),
        ("„Igen” – mondta…", "Igen - mondta..."),
        ("o\u0308t", "öt"),
        ("", ""),
    ],
)
def test_written_hungarian_is_read_as_a_host_would(written, spoken):
    assert text.normalise(written) == spoken


@pytest.mark.parametrize(
    ("number", "cardinal", "ordinal"),
    [
        (0, "nulla", "nulladik"),
        (2, "kettő", "második"),
        (102, "százkettő", "százkettedik"),
        (1002, "ezerkettő", "ezerkettedik"),
        (2001, "kétezer-egy", "kétezer-egyedik"),
        (12_000, "tizenkétezer", "tizenkétezredik"),
        (32_000, "harminckétezer", "harminckétezredik"),
        (2_000_002, "kétmillió-kettő", "kétmillió-kettedik"),
        (12_000_000, "tizenkétmillió", "tizenkétmilliomodik"),
        (2_000_000_000, "kétmilliárd", "kétmilliárdodik"),
        (1_234_567, "egymillió-kétszázharmincnégyezer-ötszázhatvanhét", "egymillió-kétszázharmincnégyezer-ötszázhatvanhetedik"),
    ],
)
def test_numbers_are_spelt_as_hungarian_does(number, cardinal, ordinal):
    assert (text.cardinal(number), text.ordinal(number)) == (cardinal, ordinal)


@settings(deadline=None)
@given(st.integers(0, 10**18))
def test_no_number_leaves_the_short_form_at_its_end_or_the_long_one_inside(number):
    words = text.cardinal(number)
    assert not words.endswith("két") and "kettőezer" not in words and "kettőmilli" not in words


written = st.text() | st.text("0123456789 .,:-+/%€$½²°x§AaBbFtdrbáé\u00a0–\"'", max_size=40)


@settings(max_examples=300, deadline=None)
@given(written)
@example("٣ ½² ⑤ ⅓")
@example('e"\u0301')
@example("1" * 5000)
def test_reading_leaves_no_digit_and_nothing_to_read_again(written):
    spoken = text.normalise(written)
    assert not any(c.isdigit() for c in spoken)
    assert text.normalise(spoken) == spoken


def test_check_gives_tokens_or_the_reason():
    assert text.check("jó estét!", encode, 200) == (encode("jó estét!"), None)
    assert text.check("abc", encode, 2)[1] == "text over 2 tokens"
    assert text.check("abc", encode, 3)[1] is None
    assert text.check(" ... ", encode, 200) == ([], "empty text")
    assert text.check("jó ☃ estét ж☃", encode, 200)[1] == "unknown token"
    assert text.unknown_characters("jó ☃ estét ж☃", encode) == "☃ж"


def test_categories():
    assert text.category("Ki ez?", 9.0) == "question"
    assert text.category("Ki ez?”", 9.0) == "question"
    assert text.category("Ki ez?", 9.0, own="opening") == "opening"
    assert [text.category("Ez.", s) for s in (7.0, 6.9, 4.0, 3.9)] == ["long", "medium", "medium", "short"]
    assert text.category("Ez.", 5.0, long_seconds=5.0) == "long"


@settings(deadline=None)
@given(st.text("abc. ,?!", max_size=300), st.integers(5, 60))
def test_splitting_loses_no_word_and_keeps_the_limit(line, limit):
    pieces = text.split_sentences(line, limit)
    assert " ".join(pieces).split() == line.split()
    assert all(len(piece) <= limit or " " not in piece for piece in pieces)


def test_splitting_prefers_sentence_ends_then_commas():
    assert text.split_sentences("Egy kettő. Három négy! Öt?", 224) == ["Egy kettő. Három négy! Öt?"]
    assert text.split_sentences("Egy kettő. Három négy! Öt?", 15) == ["Egy kettő.", "Három négy! Öt?"]
    assert text.split_sentences("Dr. Nagy itt van. Jó.", 19) == ["Dr. Nagy itt van.", "Jó."]
    assert text.split_sentences("egy kettő három, négy öt", 20) == ["egy kettő három,", "négy öt"]
