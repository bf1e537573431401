"""Texts for the teachers to speak: words in a row, numbers and sentences."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from vago.recipes.demo.sentences import interview_clip, quiz_clip
from vago.recipes.demo.templates import INTERVIEW_KINDS, PANGRAMS, QUIZ_CATEGORIES
from vago.text import normalize
from vago.text.hungarian.characters import HUNGARIAN
from vago.text.hungarian.numbers import cardinal

WORDS = 30_000  # most frequent words of the list
_WORD = re.compile(f"[{HUNGARIAN}]{{1,16}}")
_NOUNS = (
    "forint kérdés válasz pont nap év perc ember ház könyv város kilométer játékos út szó óra "
    "lépés tanuló asztal"
).split()
_ENDS = ".", ".", ".", "!", "?"

# Share of each sort of text. Short texts of few words come first, so that the GPT aligns text and
# speech; sentences follow. `read` is for the GPT alone, by the thousand.
KINDS = {
    "short": {"words": 0.7, "numbers": 0.15, "sentences": 0.15},
    "long": {"words": 0.3, "numbers": 0.1, "sentences": 0.6},
    "read": {"words": 0.5, "numbers": 0.12, "sentences": 0.38},
}
LENGTHS = {"short": (6, 38), "long": (20, 110), "read": (10, 110)}  # characters
COUNTS = {"short": (2, 5), "long": (4, 12), "read": (2, 12)}  # words in a row


def utterances(kind: str, seed: object, excluded: frozenset[str] = frozenset()) -> Iterator[str]:
    """Distinct texts without end, normalized as for synthesis; one seed, one sequence.

    Args:
        kind: `short` (two to five words), `long` (mostly sentences) or `read` (all lengths, mostly
            words in a row).
        excluded: `word_key` of the texts that must not come: those the base is evaluated on.
    """
    rng = random.Random(f"{kind} {seed}")
    used = set(excluded)
    words, weights = _vocabulary()
    makers = {
        "words": lambda: _words(rng, words, weights, COUNTS[kind]),
        "numbers": lambda: _number(rng),
        "sentences": lambda: _sentences(rng, 1 if kind == "short" else rng.choice((1, 1, 2))),
    }
    shares = KINDS[kind]
    low, high = LENGTHS[kind]

    while True:
        sort = rng.choices(list(shares), shares.values())[0]
        text = normalize.normalize_text(makers[sort]())
        if low <= len(text) <= high and word_key(text) not in used:
            used.add(word_key(text))
            yield text


def word_key(written: str) -> str:
    """Letters and single spaces only: two texts with the same key are the same words."""
    return " ".join(re.findall(r"[^\W\d_]+", normalize.normalize_text(written).lower()))


def script_keys(scripts: Path) -> frozenset[str]:
    """`word_key` of every line of every script in the folder, and of the single sentences."""
    import yaml

    lines = [
        line["text"]
        for path in sorted(scripts.glob("*.yaml"))
        for line in yaml.safe_load(path.read_text("utf-8"))["lines"]
    ]
    return frozenset(
        word_key(part) for line in lines for part in [line, *re.split(r"(?<=[.!?]) ", line)]
    )


def _vocabulary() -> tuple[list[str], list[float]]:
    """Words and their weights, rank ** -0.5: flatter than speech, so that rare words come too."""
    from wordfreq import top_n_list

    words = [word for word in top_n_list("hu", WORDS) if _WORD.fullmatch(word)]
    return words, [rank**-0.5 for rank in range(1, len(words) + 1)]


def _words(
    rng: random.Random, words: list[str], weights: list[float], counts: tuple[int, int]
) -> str:
    """Random words in a row, often with a comma somewhere."""
    chosen = rng.choices(words, weights, k=rng.randint(*counts))
    if len(chosen) > 3 and rng.random() < 0.6:
        comma = rng.randrange(1, len(chosen) - 1)
        chosen[comma] += ","
    return (" ".join(chosen)).capitalize() + rng.choice(_ENDS)


def _number(rng: random.Random) -> str:
    """A number in words, up to six digits, and a noun."""
    digits = rng.choice((1, 2, 2, 3, 3, 4, 5, 6))
    number = rng.randrange(10 ** (digits - 1), 10**digits)
    if digits <= 3:
        number *= 10 ** rng.choice((0, 0, 3))
    return f"{cardinal(number)} {rng.choice(_NOUNS)}".capitalize() + rng.choice(_ENDS)


def _sentences(rng: random.Random, count: int) -> str:
    """The first or last `count` sentences of a clip of the demo, rarely a pangram."""
    if rng.random() < 0.03:
        return rng.choice(PANGRAMS)

    if rng.random() < 0.4:
        clip = quiz_clip(rng.choice(QUIZ_CATEGORIES), rng)
    else:
        clip = interview_clip(rng.choice(INTERVIEW_KINDS), rng)
    return " ".join(clip[:count] if rng.random() < 0.7 else clip[-count:])
