"""What captions hold besides the spoken words, as public reports and real files have it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vago.corpus.transcripts import captions
from vago.corpus.transcripts.captions import caption, spoken


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("[Zene] Jó estét!", "Jó estét!"),
        ("Jó [taps] estét!", "Jó estét!"),
        ("[a közönség\nnevet] Jó estét!", "Jó estét!"),
        ("(nevet) Jó estét!", "Jó estét!"),
        ("Jó estét! (NEVETÉS)", "Jó estét!"),
        ("(felnéz a lapból) Jó estét!", "Jó estét!"),
        ("*köhög* Jó estét!", "Jó estét!"),
        ("JÁNOS: Jó estét!", "Jó estét!"),
        ("KOVÁCS PÉTER: Jó estét!", "Jó estét!"),
        (">> JÁNOS: Jó estét!", "Jó estét!"),
        (">> Jó estét!", "Jó estét!"),
        ("- Jó estét!", "Jó estét!"),
        ("–Jó estét!", "Jó estét!"),
        ("— [sóhajt] Jó estét!", "Jó estét!"),
        ("– Jó estét – mondta a házigazda.", "Jó estét – mondta a házigazda."),
        (r"Jó\Nestét!", "Jó estét!"),
        (r"{\an8}<i>Jó</i>\hestét!", "Jó estét!"),
        ("Tom &amp; Jerry &lt;3&nbsp;sajt", "Tom & Jerry <3 sajt"),
        ("-5 fok van.", "-5 fok van."),
        ("Kérdés: mi a fővárosa?", "Kérdés: mi a fővárosa?"),
        ("A 3 < 5, ugye?", "A 3 < 5, ugye?"),
        ("Ez az – úgy értem – jó.", "Ez az – úgy értem – jó."),
        (".", "."),
    ],
)
def test_only_the_spoken_words_are_left(written, text):
    found, verdict = spoken(caption(0, 1, written.split("\n"), 1).lines)
    assert (found, verdict.reason) == (text, "")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("[Zene]", "empty text"),
        ("(nevetés)", "empty text"),
        ("(Kovács úr a telefonban)", "empty text"),
        ("♪", "empty text"),
        ("♪ Szép vagy, gyönyörű vagy ♪", "music"),
        ("- Igen. - A Duna.", "two speakers"),
        ("- Igen.\n- A Duna.", "two speakers"),
        ("Igen.\n– A Duna.", "two speakers"),
        (">> Igen. >> A Duna.", "two speakers"),
        ("A Duna (Európa második leghosszabb folyója) szép.", "text unsure"),
    ],
)
def test_what_cannot_be_used_has_a_reason(written, reason):
    text, verdict = spoken(caption(0, 1, written.split("\n"), 1).lines)
    assert verdict.reason == reason
    assert verdict.detail, "and says what was found"


def test_names_before_a_colon_are_speakers_where_they_come_again():
    dialogue = [["János: Jó estét!"], ["Anna: Jó estét!"], ["- János: Kezdjük."], ["Anna: Igen."]]
    names = captions.names_of_speakers(dialogue)
    assert names == {"János", "Anna"}
    assert spoken(dialogue[2], names)[0] == "Kezdjük."

    quiz = [["Kérdés: mi ez?"], ["Válasz: az."], ["Kérdés: mi az?"], ["Válasz: ez."]]
    assert captions.names_of_speakers(quiz) == frozenset()
    once = [["Egy dolog biztos: jó."], ["János: jó."], ["Nem."], ["De."], ["Jó."]]
    assert captions.names_of_speakers(once) == frozenset()


def rolled(lines: list[str], blank: bool) -> list[captions.Caption]:
    """As YouTube writes captions: each line stands above the next one."""
    found = []
    for k, line in enumerate(lines):
        shown = [line] if not k else [lines[k - 1], line]
        found.append(caption(3.0 * k, 3.0 * k + 2.99, shown, 4 * k + 1))
        if blank:
            found.append(caption(3.0 * k + 2.99, 3.0 * k + 3.0, [line, " "], 4 * k + 3))
    return found


distinct = st.lists(st.text("abcű ", min_size=1, max_size=9), min_size=4, max_size=9, unique=True)


@settings(max_examples=60, deadline=None)
@given(distinct, st.booleans())
def test_rolling_captions_are_said_once(lines, blank):
    lines = [f"{k}. {line}".strip() for k, line in enumerate(lines)]
    found = captions.without_repetitions(rolled(lines, blank))
    assert [" ".join(one.lines) for one in found] == [" ".join(line.split()) for line in lines]
    assert [one.start for one in found] == [3.0 * k for k in range(len(lines))]


def test_growing_captions_are_said_once():
    words = "Jó estét kívánok, hölgyeim és uraim!".split()
    grown = [
        caption(0.5 * k, 0.5 * k + 0.5, [" ".join(words[: k + 1])], k + 1)
        for k in range(len(words))
    ]
    grown += [caption(9, 11, ["Kezdjük!"], 20)]
    found = captions.without_repetitions(grown)
    assert [" ".join(one.lines) for one in found] == [" ".join(words), "Kezdjük!"]
    assert (found[0].start, found[0].end) == (0.0, 3.0)


def test_a_line_that_someone_repeats_stays():
    texts = ["Nem!", "Nem!", "Jó.", "Hol van?", "Itt.", "Köszönöm.", "Szívesen.", "Akkor menjünk."]
    spoken_twice = [caption(2 * k, 2 * k + 2, [text], k) for k, text in enumerate(texts)]
    assert captions.without_repetitions(spoken_twice) == spoken_twice
