"""SubRip (.srt) and WebVTT (.vtt).

Not by pysubs2 or webvtt-py: they lose broken cues without an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vago import VagoError
from vago.corpus.transcripts import captions
from vago.corpus.transcripts.captions import Caption
from vago.corpus.transcripts.cue import Cue, one_line, seconds

_CLOCK = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_TIMING = re.compile(rf"^\s*({_CLOCK})\s*-->\s*({_CLOCK})(?:\s.*)?$")
_LOOKS_TIMED = re.compile(r"\d:\d\d.*\d:\d\d")


def read_srt(path: Path, text: str) -> list[Cue]:
    """The cues of a SubRip file with this text; raises as `read_cues` does."""
    lines = text.split("\n")
    timings = _timings(path, lines)
    if not timings and text.strip():
        raise VagoError(
            f"{path} holds no timing line: write each cue's like 00:01:02,500 --> 00:01:05,000"
        )

    found = []
    next_timings = [*(index for index, *_ in timings), None][1:]
    for (index, start, end), after in zip(timings, next_timings, strict=True):
        written = lines[index + 1 : after]
        if after is not None and written and written[-1].strip().isdigit():
            written = written[:-1]  # the next cue's number
        found.append(captions.caption(start, end, written, index + 1))
    return _cues(found)


def read_vtt(path: Path, text: str) -> list[Cue]:
    """The cues of a WebVTT file with this text; raises as `read_cues` does."""
    lines = text.split("\n")

    # Blank out NOTE, STYLE and REGION blocks; the line numbers stay
    skipping = False
    for index, line in enumerate(lines):
        begins = re.match(r"(NOTE|STYLE|REGION)(\s|$)", line) and not _in_cue(lines, index)
        skipping = bool(line.strip()) and (skipping or bool(begins))
        if skipping:
            lines[index] = ""

    timings = _timings(path, lines)
    found = []
    next_timings = [*(index for index, *_ in timings), len(lines)][1:]
    for (index, start, end), after in zip(timings, next_timings, strict=True):
        # an empty line ends a cue; one that holds a space does not
        written = lines[index + 1 : after]
        if "" in written:
            written = written[: written.index("")]
        elif after < len(lines) and len(written) > 1 and not written[-2].strip():
            written = written[:-1]  # the next cue's name
        found.append(captions.caption(start, end, written, index + 1))
    return _cues(found)


def _cues(found: Sequence[Caption]) -> list[Cue]:
    """What is spoken in these captions."""
    found = captions.without_repetitions(sorted(found, key=lambda one: (one.start, one.end)))
    names = captions.names_of_speakers(one.lines for one in found)
    cues = []
    for one in found:
        text, verdict = captions.spoken(one.lines, names)
        cues.append(Cue(one.start, one.end, text, one.line, verdict=verdict))
    return cues


def _in_cue(lines: list[str], index: int) -> bool:
    """Whether a line belongs to a cue: not after a blank line or at the start of the file."""
    return index > 0 and bool(lines[index - 1].strip())


def _timings(path: Path, lines: list[str]) -> list[tuple[int, float, float]]:
    """Index and times of each timing line.

    A line that only resembles one is an error: read as text, it would lose its cue.
    """
    found = []
    for index, line in enumerate(lines):
        if "-->" in line or (_LOOKS_TIMED.search(line) and not re.search(r"[^\W\d_]", line)):
            found.append((index, *_timing(path, index + 1, line)))
    return found


def _timing(path: Path, number: int, line: str) -> tuple[float, float]:
    match = _TIMING.match(line)
    try:
        return seconds(match[1]), seconds(match[2])
    except (TypeError, ValueError):
        raise VagoError(
            f"{path}, line {number}: {one_line(line)!r} is no timing: "
            "write it like 00:01:02,500 --> 00:01:05,000"
        ) from None
