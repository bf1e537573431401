"""What the demo voice says: Hungarian sentences from templates and word lists, the same for the same seed."""

from __future__ import annotations

import random
import re

from vago.recipes.demo.words import (
    LADDER,
    LADDER_IN_WORDS,
    QUESTIONS,
    QUIZ_PATTERNS,
    QUIZ_POOLS,
    REFLECTIONS,
    TOPICS,
    TRIVIA,
    WORDS,
)


def fill(
    template: str,
    rng: random.Random,
    own: dict[str, str] | None = None,
    said: set[str] | None = None,
) -> str:
    """`template` with each {slot} filled from `own`, else drawn from WORDS; the first letter made a capital.

    Words in `said` are drawn again only where a list has no others; what is drawn is added to it.
    """
    own, said = own or {}, set() if said is None else said

    def draw(slot: re.Match) -> str:
        if slot[1] in own:
            return own[slot[1]]
        word = rng.choice([word for word in WORDS[slot[1]] if word not in said] or WORDS[slot[1]])
        said.add(word)
        return word

    text = re.sub(r"\{(\w+)\}", draw, template)
    return text[0].upper() + text[1:]


def quiz_clip(category: str, rng: random.Random, trivia: str | None = None) -> list[str]:
    """The sentences of one quiz-show clip. `trivia`: the line of TRIVIA a question or its options are about."""
    question, *answers = (trivia or rng.choice(TRIVIA)).split("|")
    rng.shuffle(answers)
    # A question and its options are worth the same, and what money can buy is only said of sums that can buy it.
    level = (
        TRIVIA.index(trivia) % 12 if trivia else rng.randrange(8 if category == "money" else 0, 12)
    )
    spoken = rng.choice((LADDER, LADDER_IN_WORDS))
    own = {
        "question": question,
        "options": ", ".join(f"{letter}: {answer}" for letter, answer in zip("ABCD", answers))
        + ".",
        "nth": WORDS["nth"][level],
        "sum": spoken[level],
        "next": spoken[level + 1],
        "digits": LADDER[level],
        "next_digits": LADDER[level + 1],
    }
    return _distinct(
        [QUIZ_POOLS[pool] for pool in rng.choice(QUIZ_PATTERNS[category]).split()], rng, own
    )


def interview_clip(kind: str, rng: random.Random, asks: bool = False) -> list[str]:
    """The sentences of one interview clip of about the length `kind` names; `asks`: the last one is a question."""
    topic = TOPICS[rng.choice(sorted(TOPICS))]
    # A short clip is one sentence; a longer one stays with its topic and may end in a thought about it.
    statements = {
        "long": rng.choice((2, 2, 3)),
        "medium": rng.choice((1, 1, 2)),
        "short": 1,
        "question": 0,
    }[kind]
    if asks or kind == "question":
        return _distinct([topic] * {"long": 2, "medium": 1}.get(kind, 0) + [QUESTIONS], rng)
    if kind != "short" and rng.random() < 0.5:
        return _distinct([topic] * max(1, statements - 1) + [REFLECTIONS], rng)
    return _distinct([topic] * statements, rng)


def _distinct(
    pools: list[list[str]], rng: random.Random, own: dict[str, str] | None = None
) -> list[str]:
    """One sentence from each pool, no template and, as far as the lists go, no word twice."""
    chosen: list[str] = []
    for pool in pools:
        chosen.append(rng.choice([template for template in pool if template not in chosen] or pool))
    said: set[str] = set()
    return [fill(template, rng, own, said) for template in chosen]
