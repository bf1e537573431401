"""What the embedded base is taught to read: Hungarian words, numbers, and sentences of the demo's kind."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from vago import VagoError
from vago.recipes.demo.sentences import interview_clip, quiz_clip
from vago.recipes.demo.words import INTERVIEW_KINDS, PANGRAMS, QUIZ_CATEGORIES
from vago.text import normalize
from vago.text.hungarian.characters import HUNGARIAN

WORDS = 30_000
_WORD = re.compile(f"[{HUNGARIAN}]{{1,16}}")
_NOUNS = "forint kérdés válasz pont nap év perc ember ház könyv város kilométer játékos út szó óra lépés tanuló asztal".split()
_ENDS = ".", ".", ".", "!", "?"
# few words are learned first, so that the alignment of text and sound is found; sentences follow
KINDS = {
    "short": {"words": 0.7, "numbers": 0.15, "sentences": 0.15},
    "long": {"words": 0.3, "numbers": 0.1, "sentences": 0.6},
    "read": {
        "words": 0.5,
        "numbers": 0.12,
        "sentences": 0.38,
    },  # what the GPT alone reads, by the thousand
}
LENGTHS = {"short": (6, 38), "long": (20, 110), "read": (10, 110)}  # characters
COUNTS = {"short": (2, 5), "long": (4, 12), "read": (2, 12)}  # words in a row


def utterances(kind: str, seed: object, barred: frozenset[str] = frozenset()) -> Iterator[str]:
    """An endless row of distinct texts, normalised as synthesis will see them; the same for the same seed.

    Args:
        kind: `short` (two to five words), `long` (mostly sentences) or `read` (all lengths, mostly words in a row).
        barred: texts never to be given, as `key` makes them: what the base will be listened to on.
    """
    rng, said = random.Random(f"{kind} {seed}"), set(barred)
    words, weights = _vocabulary()
    makers = {
        "words": lambda: _words(rng, words, weights, COUNTS[kind]),
        "numbers": lambda: _number(rng),
        "sentences": lambda: _sentences(rng, 1 if kind == "short" else rng.choice((1, 1, 2))),
    }
    shares = KINDS[kind]
    low, high = LENGTHS[kind]
    while True:
        found = normalize.normalise(makers[rng.choices(list(shares), shares.values())[0]]())
        if low <= len(found) <= high and key(found) not in said:
            said.add(key(found))
            yield found


def key(written: str) -> str:
    """Letters and single spaces only: two texts with the same key are the same words."""
    return " ".join(re.findall(r"[^\W\d_]+", normalize.normalise(written).lower()))


def barred_lines(scripts: Path) -> frozenset[str]:
    """Keys of every line of every script in the folder, and of its single sentences: none of them is ever trained on."""
    import yaml

    lines = [
        line["text"]
        for path in sorted(scripts.glob("*.yaml"))
        for line in yaml.safe_load(path.read_text("utf-8"))["lines"]
    ]
    return frozenset(
        key(part) for line in lines for part in [line, *re.split(r"(?<=[.!?]) ", line)]
    )


def _vocabulary() -> tuple[list[str], list[float]]:
    """Words and their weights: the square root of their frequency's rank, so that rare ones are heard as well."""
    try:
        from wordfreq import top_n_list
    except ImportError:
        raise VagoError(
            "the package wordfreq is not installed: pip install -e '.[pretrain]'"
        ) from None
    words = [word for word in top_n_list("hu", WORDS) if _WORD.fullmatch(word)]
    return words, [rank**-0.5 for rank in range(1, len(words) + 1)]


def _words(
    rng: random.Random, words: list[str], weights: list[float], counts: tuple[int, int]
) -> str:
    chosen = rng.choices(words, weights, k=rng.randint(*counts))
    if len(chosen) > 3 and rng.random() < 0.6:
        comma = rng.randrange(1, len(chosen) - 1)
        chosen[comma] += ","
    return (" ".join(chosen)).capitalize() + rng.choice(_ENDS)


def _number(rng: random.Random) -> str:
    digits = rng.choice((1, 2, 2, 3, 3, 4, 5, 6))
    number = rng.randrange(10 ** (digits - 1), 10**digits)
    number = number * 10 ** rng.choice((0, 0, 3)) if digits <= 3 else number
    return f"{normalize.cardinal(number)} {rng.choice(_NOUNS)}".capitalize() + rng.choice(_ENDS)


def _sentences(rng: random.Random, count: int) -> str:
    if rng.random() < 0.03:
        return rng.choice(PANGRAMS)
    clip = (
        quiz_clip(rng.choice(QUIZ_CATEGORIES), rng)
        if rng.random() < 0.4
        else interview_clip(rng.choice(INTERVIEW_KINDS), rng)
    )
    return " ".join(clip[:count]) if rng.random() < 0.7 else " ".join(clip[-count:])
