"""Hungarian sentences for the demo's recordings, drawn from templates; one seed, one text."""

from __future__ import annotations

import random
import re

from vago.recipes.demo.templates import (
    QUESTIONS,
    QUIZ_PATTERNS,
    QUIZ_POOLS,
    REFLECTIONS,
    TOPICS,
)
from vago.recipes.demo.words import LADDER, LADDER_IN_WORDS, TRIVIA, WORDS

Slots = dict[str, str]

LEVELS = 12  # sums a question can be worth; the ladder has one more, the prize after the last
COSTLY_LEVEL = 8  # the least level whose sum can buy what the templates of the pool `risk` name


def fill(
    template: str,
    rng: random.Random,
    own: Slots | None = None,
    used: set[str] | None = None,
) -> str:
    """`template` with each {slot} filled from `own`, else from WORDS; the first letter is capital.

    A word in `used` is drawn again only where its list has no other; drawn words are added to it.
    """
    own = own or {}
    used = set() if used is None else used

    def draw(slot: re.Match) -> str:
        if slot[1] in own:
            return own[slot[1]]

        words = WORDS[slot[1]]
        word = rng.choice([word for word in words if word not in used] or words)
        used.add(word)
        return word

    text = re.sub(r"\{(\w+)\}", draw, template)
    return text[0].upper() + text[1:]


def quiz_clip(category: str, rng: random.Random, trivia: str | None = None) -> list[str]:
    """The sentences of one quiz-show clip.

    `trivia` is the line of TRIVIA that a question or its options are about; None draws one.
    """
    question, *answers = (trivia or rng.choice(TRIVIA)).split("|")
    rng.shuffle(answers)
    options = ", ".join(f"{letter}: {answer}" for letter, answer in zip("ABCD", answers))

    # A question and its options are worth the same sum. `money` names things that a sum buys, so
    # its sums are large.
    if trivia:
        level = TRIVIA.index(trivia) % LEVELS
    else:
        level = rng.randrange(COSTLY_LEVEL if category == "money" else 0, LEVELS)

    spoken = rng.choice((LADDER, LADDER_IN_WORDS))
    own = {
        "question": question,
        "options": f"{options}.",
        "nth": WORDS["nth"][level],
        "sum": spoken[level],
        "next": spoken[level + 1],
        "digits": LADDER[level],
        "next_digits": LADDER[level + 1],
    }
    pattern = rng.choice(QUIZ_PATTERNS[category])
    return _distinct([QUIZ_POOLS[pool] for pool in pattern.split()], rng, own)


def interview_clip(kind: str, rng: random.Random, asks: bool = False) -> list[str]:
    """The sentences of one interview clip of about the length that `kind` names.

    `asks`: the last sentence is a question.
    """
    topic = TOPICS[rng.choice(sorted(TOPICS))]
    # A short clip is one sentence. A longer one keeps to its topic and may end with a reflection.
    statements = {
        "long": rng.choice((2, 2, 3)),
        "medium": rng.choice((1, 1, 2)),
        "short": 1,
        "question": 0,
    }[kind]

    if asks or kind == "question":
        before = {"long": 2, "medium": 1}.get(kind, 0)
        return _distinct([topic] * before + [QUESTIONS], rng)
    if kind != "short" and rng.random() < 0.5:
        return _distinct([topic] * max(1, statements - 1) + [REFLECTIONS], rng)
    return _distinct([topic] * statements, rng)


def _distinct(pools: list[list[str]], rng: random.Random, own: Slots | None = None) -> list[str]:
    """One sentence of each pool; no template and, where the lists allow, no word twice."""
    chosen: list[str] = []
    for pool in pools:
        chosen.append(rng.choice([template for template in pool if template not in chosen] or pool))

    used: set[str] = set()
    return [fill(template, rng, own, used) for template in chosen]
