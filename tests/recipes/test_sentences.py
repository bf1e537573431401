"""The demo's sentences: many, the same for a seed, and correct Hungarian."""

from __future__ import annotations

import random
import re

import pytest

from helpers.projects import drawn_lines
from vago.recipes.demo.sentences import quiz_clip
from vago.recipes.demo.templates import QUIZ_CATEGORIES
from vago.recipes.demo.words import WORDS

CHARACTERS = set("aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz0123456789 ,.?!:-")


def test_sentences_are_many_and_the_same_for_a_seed():
    texts = drawn_lines(seed=1, rounds=150)
    assert len(texts) > 1000
    assert texts == drawn_lines(seed=1, rounds=150)
    assert texts != drawn_lines(seed=2, rounds=150)

    assert not set("".join(texts).lower()) - CHARACTERS
    for text in texts:
        assert text[0] == text[0].upper() and text[-1] in ".!?" and "  " not in text


@pytest.mark.parametrize("category", QUIZ_CATEGORIES)
def test_quiz_clips_leave_no_slot_open(category):
    rng = random.Random(5)
    for _ in range(200):
        assert "{" not in " ".join(quiz_clip(category, rng))


def test_articles_agree_with_the_next_word():
    """Never 'a' before a vowel, in filled slots too; 'az' may be a pronoun after a comma."""
    for text in drawn_lines(seed=4, rounds=300):
        assert not re.search(r"\ba [aáeéiíoóöőuúüű15]", text, re.IGNORECASE), text
        assert not re.search(r"(?<!, )\baz [bcdfghjklmnprstvz]", text, re.IGNORECASE), text


def test_no_list_of_words_is_short_or_has_one_twice():
    assert all(len(set(words)) == len(words) > 1 for words in WORDS.values())
