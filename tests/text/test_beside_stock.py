"""coqui's own Hungarian cleaner, which every text passes on its way to the tokenizer, finds nothing left to do."""

from __future__ import annotations

import csv

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpers.projects import FIXTURES
from vago.text import normalize

with open(FIXTURES / "hungarian.csv", encoding="utf-8", newline="") as file:
    TABLE = list(csv.DictReader(file))
PIECES = [
    "b.",
    "B.",
    "dr.",
    "nőv.",
    "5",
    "3.",
    "12,5",
    "ik",
    "$",
    "&",
    "%",
    "°",
    "@",
    "-",
    "'",
    ".",
    " ",
    " ",
    "a",
    "D",
    "Dr",
    "ad",
]


@pytest.fixture(scope="module")
def clean():
    from TTS.tts.layers.xtts.tokenizer import multilingual_cleaners

    return lambda spoken: multilingual_cleaners(spoken, "hu")


def test_the_stock_cleaner_would_have_changed_much(clean):
    changed = [case for case in TABLE if clean(case["written"]) != case["written"].lower()]
    assert len(changed) > len(TABLE) // 2  # else the next test would show nothing


def test_the_stock_cleaner_leaves_the_table_alone(clean):
    for case in TABLE:
        assert clean(case["spoken"]) == case["spoken"].lower(), case["written"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("'b.")
@example("x-B. dr.")
def test_the_stock_cleaner_leaves_any_reading_alone(clean, written):
    spoken = normalize.normalise(written)
    assert clean(spoken) == spoken.lower()
