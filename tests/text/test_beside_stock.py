"""Coqui's own Hungarian cleaner, which runs in the tokenizer, finds nothing left to change."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.readings import READINGS
from vago.text.normalize import normalize_text

PIECES = [
    *"b. B. dr. nőv. 5 3. 12,5 ik $ & % ° @ - ' . a D Dr ad".split(),
    " ",
    " ",
]


@pytest.fixture(scope="module")
def clean():
    from TTS.tts.layers.xtts.tokenizer import multilingual_cleaners

    return lambda spoken: multilingual_cleaners(spoken, "hu")


def test_the_stock_cleaner_would_have_changed_much(clean):
    changed = [case for case in READINGS if clean(case["written"]) != case["written"].lower()]
    assert len(changed) > len(READINGS) // 2, "else the next test would show nothing"


def test_the_stock_cleaner_leaves_the_table_alone(clean):
    for case in READINGS:
        assert clean(case["spoken"]) == case["spoken"].lower(), case["written"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("'b.")
@example("x-B. dr.")
def test_the_stock_cleaner_leaves_any_reading_alone(clean, written):
    spoken = normalize_text(written)
    assert clean(spoken) == spoken.lower()
