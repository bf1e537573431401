"""What captions hold besides the spoken words: sounds, names of speakers, dialogue, repetitions.

What is certainly not spoken is removed. Where it is not certain, or where two people speak, the cue
gets a verdict: a clip with a wrong text does more harm than one clip less.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vago.corpus.transcripts.cue import one_line
from vago.corpus.verdicts import KEPT, Verdict

TOGETHER_SECONDS = 0.1  # captions that roll or grow follow each other without a pause
ROLLING_SHARE = 0.4  # of the captions of a file repeat the one before

_TAG = re.compile(
    r"</?(?:[ibu]|c|v|lang|font|ruby|rt)(?:[\s.][^<>]*)?>|<[\d:.]+>|\{\\[^{}]*\}", re.IGNORECASE
)
_ASS_BREAK = re.compile(r"\\[Nnh]")

_SQUARE = re.compile(r"\[[^\[\]]*\]")
_ROUND = re.compile(r"\([^()]*\)|\*[^*\n]+\*")
_NOTES = re.compile(r"[♪♫♬]+")
# beginnings of the words for sounds and ways of speaking, as subtitlers write them
_SOUNDS = re.compile(
    r"(?:nevet|kacag|kuncog|vihog|taps|zene|zené|dal|dúdol|ének|énekel|sóhaj|köhög|köhint|krákog|"
    r"sír|zokog|szipog|kiabál|kiált|ordít|üvölt|sikolt|sikít|suttog|csend|csönd|szünet|zaj|csörög|"
    r"csörg|csenget|cseng|kopog|telefon|lövés|robban|ugat|mormog|mormol|dünnyög|hümmög|liheg|"
    r"lélegz|fütyül|tüsszent|ásít|horkol|moraj|közönség|ováció|éljenz|érthetetlen|nem érthető|"
    r"halkan|hangosan|music|laugh|applau|sigh|cough|cry|silence|noise|inaudible)",
    re.IGNORECASE,
)

_UPPER = "A-ZÁÉÍÓÖŐÚÜŰ"
_CAPITALS = re.compile(rf"^(?:>>+\s*)?[{_UPPER}][{_UPPER}\d .'’-]+:\s+")
_NAME = re.compile(rf"^(?:>>+\s*)?([{_UPPER}]\w+(?:[ -][{_UPPER}]\w*\.?){{0,2}}):\s+")
# words before a colon that are read aloud
_READ_ALOUD = frozenset(
    "kérdés válasz feladat például figyelem megoldás következtetés cím vagyis tehát és".split()
)
_DASH = re.compile(r"^[-–—]+\s*(?=[^\W\d_]|[„\"»…])")
_DASH_AFTER_SENTENCE = re.compile(r"[.?!…]\s+[-–—]\s*(?=[^\W\d_]|[„\"»…])")


@dataclass(frozen=True)
class Caption:
    """A cue as written: from `start` to `end` seconds, in `lines`; `line` is its number."""

    start: float
    end: float
    lines: tuple[str, ...]
    line: int


def caption(start: float, end: float, written: Iterable[str], line: int) -> Caption:
    """A caption without tags, entities and breaks of subtitle formats, and without blank lines."""
    plain = "\n".join(written)
    plain = html.unescape(_TAG.sub("", plain))
    lines = _ASS_BREAK.sub("\n", plain).split("\n")
    return Caption(start, end, tuple(filter(None, map(one_line, lines))), line)


# Captions that repeat each other


def without_repetitions(captions: Sequence[Caption]) -> list[Caption]:
    """Each line once, where captions roll (the line before stands above) or grow word by word.

    Files in which captions only now and then repeat each other are left as they are.
    """
    if _share(captions, _repeated_lines) >= ROLLING_SHARE:
        return _unrolled(captions)
    if _share(captions, _grows) >= ROLLING_SHARE:
        return _fully_grown(captions)
    return list(captions)


def _share(captions: Sequence[Caption], repeats) -> float:
    """The share of captions that repeat the one before; at least two must."""
    count = sum(bool(repeats(*pair)) for pair in zip(captions, captions[1:]))
    return count / (len(captions) - 1) if count >= 2 else 0.0


def _follows(before: Caption, now: Caption) -> bool:
    return now.start - before.end <= TOGETHER_SECONDS


def _repeated_lines(before: Caption, now: Caption) -> int:
    """How many lines at the start of a caption are the last ones of the caption before."""
    if not _follows(before, now):
        return 0
    most = min(len(before.lines), len(now.lines))
    return next((n for n in range(most, 0, -1) if before.lines[-n:] == now.lines[:n]), 0)


def _unrolled(captions: Sequence[Caption]) -> list[Caption]:
    found: list[Caption] = []
    for before, now in zip([None, *captions], captions):
        repeated = _repeated_lines(before, now) if before else 0
        if fresh := now.lines[repeated:]:
            found.append(replace(now, lines=fresh))
    return found


def _grows(before: Caption, now: Caption) -> bool:
    old, new = " ".join(before.lines), " ".join(now.lines)
    return bool(old) and _follows(before, now) and new.startswith(f"{old} ")


def _fully_grown(captions: Sequence[Caption]) -> list[Caption]:
    found: list[Caption] = []
    for now in captions:
        if found and _grows(found[-1], now):
            now = replace(now, start=found.pop().start)
        found.append(now)
    return found


# What is spoken


def names_of_speakers(texts: Iterable[Sequence[str]]) -> frozenset[str]:
    """Names before a colon that begin captions so often that they must be speakers'.

    Two names that come again, or one on half of the captions. "Kérdés:" is read aloud.
    """
    texts = list(texts)
    found = Counter(
        match[1]
        for lines in texts
        for line in lines
        if (match := _NAME.match(_DASH.sub("", line))) and match[1].lower() not in _READ_ALOUD
    )
    again = [name for name, count in found.items() if count > 1]
    if len(again) > 1 or (again and 2 * found[again[0]] >= len(texts)):
        return frozenset(found)
    return frozenset()


def spoken(lines: Sequence[str], names: frozenset[str] = frozenset()) -> tuple[str, Verdict]:
    """The words of a caption that are spoken, in one line, and why it cannot be used."""
    written = one_line(" ".join(lines))
    if any(_NOTES.search(line) and _NOTES.sub("", line).strip() for line in lines):
        return written, Verdict("music", f"the transcript marks it as sung: {written}")

    text = _NOTES.sub("", _SQUARE.sub(" ", "\n".join(lines)))
    text = _ROUND.sub(lambda match: _in_brackets(match, text), text)
    unclear = _ROUND.search(text)
    rows = [row.strip() for row in text.split("\n") if row.strip(" -–—")]
    speakers = _speakers(rows)
    text = one_line(" ".join(_without_name(row, names) for row in rows))

    if not text or (text != written and not re.search(r"\w", text)):
        return "", Verdict("empty text", f"nothing but {written}" if written else "")
    if speakers > 1:
        return text, Verdict("two speakers", f"the transcript marks {speakers}: {written}")
    if unclear:
        detail = f"{unclear[0]} may not be spoken: write the text as it is spoken"
        return text, Verdict("text unsure", detail)
    return text, KEPT


def _in_brackets(match: re.Match, text: str) -> str:
    """Nothing for a sound or a direction; what else stands in brackets stays as it is."""
    inside = match[0][1:-1].strip()
    direction = not text[: match.start()].strip(" \n-–—") and inside[:1].islower()
    alone = match[0] == text.strip()
    if _SOUNDS.match(inside) or alone or (direction and len(inside.split()) <= 3):
        return " "
    return match[0]


def _speakers(rows: Sequence[str]) -> int:
    """How many turns dashes or >> mark; 1 where nothing is marked."""
    begins = [bool(_DASH.match(row)) or row.startswith(">>") for row in rows]
    turns = sum(begins) + (len(rows) > 1 and not begins[0] and any(begins))
    if begins and begins[0]:
        turns += sum(len(_DASH_AFTER_SENTENCE.findall(row)) for row in rows)
    turns += sum(row[2:].count(">>") for row in rows)
    return max(1, turns)


def _without_name(row: str, names: frozenset[str]) -> str:
    """A row without its dialogue dash and its speaker's name."""
    row = _DASH.sub("", row)
    match = _NAME.match(row)
    if match and match[1] in names:
        row = row[match.end() :]
    return re.sub(r"^>>+\s*", "", _CAPITALS.sub("", row))
