"""The scripts: they load, hold the lines they promise, and every line can be spoken."""

from __future__ import annotations

import re

import pytest

from helpers.projects import SCRIPTS
from vago import VagoError
from vago.recipes.demo.templates import QUIZ_CATEGORIES
from vago.synthesis.params import Script

SHOW = (
    "opening question easy correct wrong medium confirm lifeline audience million bigwin tension "
    "countdown outro closing"
).split()
LIMIT = 224  # characters XTTS takes at once in Hungarian


def test_quiz_show_has_its_fifteen_lines_in_order():
    assert [line.name for line in Script.load(SCRIPTS / "quiz_show.yaml").lines] == SHOW


def test_quiz_show_says_sums_and_has_lines_that_must_be_split():
    texts = [line.text for line in Script.load(SCRIPTS / "quiz_show.yaml").lines]
    for expected in ("40 000 000 Ft", "500 000 forint", "50:50"):
        assert any(expected in text for text in texts), expected
    assert 1 <= sum(len(text) > LIMIT for text in texts) <= 2


def test_extra_scenarios_and_categories():
    extra = Script.load(SCRIPTS / "quiz_extra.yaml").lines
    assert len(extra) == 20 and not {line.name for line in extra} & set(SHOW)
    categories = Script.load(SCRIPTS / "categories.yaml").lines
    assert [line.name for line in categories] == ["question", "long", "medium", "short"]
    assert categories[0].text.endswith("?")
    assert len(categories[1].text) > len(categories[2].text) > len(categories[3].text)


@pytest.mark.parametrize("name", ["quiz_show", "quiz_extra", "categories"])
def test_every_line_can_be_spoken(name):
    for line in Script.load(SCRIPTS / f"{name}.yaml").lines:
        assert re.fullmatch(r"[a-záéíóöőúüű0-9 .,:!?-]+", line.text.lower()), line.text
        assert line.text == " ".join(line.text.split()) and line.text[-1] in ".!?"

        sentences = re.split(r"(?<=[.!?]) ", line.text)
        assert max(map(len, sentences)) <= LIMIT
        assert 1 <= len(sentences) <= 4 + (len(line.text) > LIMIT)
        assert name == "categories" or line.category in QUIZ_CATEGORIES


def test_a_script_with_a_name_twice_is_refused(tmp_path):
    path = tmp_path / "twice.yaml"
    lines = "- {name: a, text: Egy.}\n- {name: a, text: Kettő.}\n"
    path.write_text(f"title: t\nlines:\n{lines}", encoding="utf-8")
    with pytest.raises(VagoError, match="found twice: a"):
        Script.load(path)
