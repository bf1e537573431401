"""The script of the speech evaluation: varied lines, none of which stands in a training text."""

from __future__ import annotations

import itertools
import re

import pytest

from helpers.projects import SCRIPTS, drawn_lines
from vago.recipes.demo import templates, words
from vago.synthesis.script import Script
from vago.text import normalize

UNHEARD = [line.text for line in Script.load(SCRIPTS / "unheard.yaml").lines]


def words_of(line: str) -> list[str]:
    return re.findall(r"\w+", normalize.normalize_text(line).lower())


def word_runs(lines: list[str], length: int = 5) -> set[tuple[str, ...]]:
    """Every `length` consecutive words of a line."""
    found = set()
    for line in lines:
        spoken = words_of(line)
        found |= {tuple(spoken[k : k + length]) for k in range(len(spoken) - length + 1)}
    return found


@pytest.fixture(scope="module")
def demo_sentences() -> list[str]:
    """Every sentence of the demo's templates, with a question's options in one order."""
    questions, options = zip(*(line.split("|", 1) for line in words.TRIVIA))
    fillers = dict(words.WORDS)
    fillers |= {"question": questions, "options": [text.replace("|", ", ") for text in options]}
    fillers |= dict.fromkeys(("sum", "next"), words.LADDER + words.LADDER_IN_WORDS)
    fillers |= dict.fromkeys(("digits", "next_digits"), words.LADDER)

    pools = [*templates.QUIZ_POOLS.values(), *templates.TOPICS.values()]
    pools += [templates.REFLECTIONS, templates.QUESTIONS, templates.PANGRAMS]
    found = []
    for template in itertools.chain(*pools):
        slots = re.findall(r"\{(\w+)\}", template)
        for chosen in itertools.product(*(fillers[slot] for slot in slots)):
            found.append(template.format(**dict(zip(slots, chosen))))
    return found


def test_the_templates_give_all_that_the_demo_draws(demo_sentences):
    known = {sentence.lower() for sentence in demo_sentences}
    lines = [*drawn_lines(1, 150), *drawn_lines(2, 150)]
    drawn = {line.lower() for line in lines if not line.startswith("A: ")}  # without options
    assert len(drawn) > 1000
    assert drawn <= known


def test_no_line_and_no_five_words_of_it_are_in_the_demos_texts(demo_sentences):
    others = [path for path in SCRIPTS.glob("*.yaml") if path.stem != "unheard"]
    scripts = [line.text for path in others for line in Script.load(path).lines]
    texts = demo_sentences + scripts
    assert len(others) >= 3
    assert len(texts) > 2500

    whole = {" ".join(words_of(line)) for line in texts}
    assert not whole & {" ".join(words_of(line)) for line in UNHEARD}
    assert not word_runs(UNHEARD) & word_runs(texts)


def test_thirty_varied_lines_that_can_be_spoken():
    assert len(UNHEARD) == len(set(UNHEARD)) == 30
    for line in UNHEARD:
        assert re.fullmatch(r"[a-záéíóöőúüű0-9 .,:!?-]{25,90}", line.lower()), line
        assert line[-1] in ".!?"

    assert sum(any(c.isdigit() for c in line) for line in UNHEARD) >= 4
    assert sum(line.endswith("?") for line in UNHEARD) >= 5
    assert sum(line.endswith("!") for line in UNHEARD) >= 4
    assert not set("abdefghijklmnoprstuvzáéíóöőúüű") - set("".join(UNHEARD).lower())
