"""Where to cut: a transcript's rough cues and a recording's speech into spans that lose no syllable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vago.audio.io import Speech

_CLICK_SECONDS = (
    0.03  # speech too short to be a syllable is taken along inside a cue, never sought outside one
)

Span = tuple[float, float]


def cut(
    cues: Sequence[Span], speech: Speech, search: float, padding: float, duration: float
) -> list[Span | None]:
    """A span of the recording for each cue, None where nobody speaks in it.

    A stretch of speech belongs to the cue that holds most of it, whole, though it reach up to `search` seconds over the cue's
    edge: an edge inside speech moves outward to the silence, one in silence inward to the speech. Speech that runs on further
    is cut at its quietest moment within `search`. Then `padding` is kept on both sides, up to half the way to other speech.

    Args:
        cues: (start, end) in seconds, ordered by start
        search, padding, duration: in seconds; duration is the recording's
    """
    spans: list[Span | None] = [None] * len(cues)
    for layer in _layers(cues):
        for index, span in zip(
            layer, _assign([cues[index] for index in layer], speech, search), strict=True
        ):
            spans[index] = span and _pad(*span, speech.segments, padding, duration)
    return spans


def _layers(cues: Sequence[Span]) -> list[list[int]]:
    """Cues that cover each other by more than half (the same line twice, two who talk at once) do not compete for speech."""
    layers: list[list[int]] = []
    for index, (start, end) in enumerate(cues):
        for layer in layers:
            if all(
                min(end, cues[k][1]) - max(start, cues[k][0]) <= 0.5 * min(end - start, cues[k][1] - cues[k][0])
                for k in layer[-3:]
            ):  # fmt: skip
                layer.append(index)
                break
        else:
            layers.append([index])
    return layers


def _assign(cues: list[Span], speech: Speech, search: float) -> list[Span | None]:
    starts, ends = np.array(cues, dtype=float).reshape(-1, 2).T
    sure: list[list[Span]] = [[] for _ in cues]
    maybe: list[list[Span]] = [[] for _ in cues]
    for a, b in speech.segments:
        owners = np.flatnonzero((starts < b) & (ends > a))
        if not len(owners):
            _adopt(a, b, starts, ends, search, sure)
            continue
        overlaps = np.minimum(ends[owners], b) - np.maximum(starts[owners], a)
        most = owners[int(np.argmax(overlaps))]
        owners = [
            k for k, overlap in zip(owners, overlaps, strict=True) if overlap > search or k == most
        ]
        borders = [a]
        for left, right in zip(owners, owners[1:], strict=False):
            low, high = sorted((ends[left], starts[right]))
            borders.append(speech.quietest(max(borders[-1], low - search), min(b, high + search)))
        borders.append(b)
        for k, low, high in zip(owners, borders, borders[1:], strict=False):
            # What runs on beyond the edge further than the search goes is somebody else's, and cut at its quietest moment.
            first = (
                low if starts[k] - low <= search else speech.quietest(starts[k] - search, starts[k])
            )
            last = high if high - ends[k] <= search else speech.quietest(ends[k], ends[k] + search)
            inside = min(ends[k], high) - max(starts[k], low)
            foreign = inside <= search and max(starts[k] - low, high - ends[k]) > max(
                search, inside
            )
            (maybe if foreign else sure)[k].append((first, last))
    pieces = [certain or possible for certain, possible in zip(sure, maybe, strict=True)]
    return [(min(a for a, _ in own), max(b for _, b in own)) if own else None for own in pieces]


def _adopt(
    a: float, b: float, starts: np.ndarray, ends: np.ndarray, search: float, sure: list[list[Span]]
) -> None:
    """Give speech outside all cues, a syllable that a cue's edge missed, to the nearer cue if all of it is within `search`."""
    if not _CLICK_SECONDS <= b - a <= search:
        return
    before, after = np.where(ends <= a, a - ends, np.inf), np.where(starts >= b, starts - b, np.inf)
    left, right = int(np.argmin(before)), int(np.argmin(after))
    k, reach = (
        (left, b - ends[left]) if before[left] <= after[right] else (right, starts[right] - a)
    )
    if reach <= search:
        sure[k].append((float(a), float(b)))


def _pad(start: float, end: float, segments: np.ndarray, padding: float, duration: float) -> Span:
    before = np.searchsorted(segments[:, 0], start, "left") - 1
    after = np.searchsorted(segments[:, 1], end, "right")
    room_before = max(0.0, start - segments[before, 1]) / 2 if before >= 0 else np.inf
    room_after = max(0.0, segments[after, 0] - end) / 2 if after < len(segments) else np.inf
    return max(0.0, float(start - min(padding, room_before))), min(
        duration, float(end + min(padding, room_after))
    )


def build(
    stretches: np.ndarray, ends: Sequence[bool], joined: Sequence[bool], padding: float, shortest: float, longest: float,
    widest: float = 1.0,
) -> list[tuple[int, int]]:  # fmt: skip
    """Clips out of neighbouring stretches of speech, cut only in the pauses between them.

    Of all ways to cut, the one with the fewest faults: a clip that is too short or long to be used weighs most, then a pause of
    more than `widest` inside a clip, then a cut in a pause that leaves no room for the padding, then one within a sentence, then
    that there are many clips.

    Args:
        stretches: (N, 2) seconds of one speaker, in order
        ends: (N,) whether a sentence ends with each
        joined: (N,) whether a word runs from each over the pause into the next, which must not be cut then
        padding: kept on both sides of a clip; shortest, longest: of a clip with its padding; all in seconds

    Returns:
        (first, last + 1) of each clip's stretches
    """
    count = len(stretches)
    best, came = np.full(count + 1, np.inf), np.zeros(count + 1, dtype=int)
    best[0] = 0.0
    for last in range(count):
        pause = stretches[last + 1, 0] - stretches[last, 1] if last + 1 < count else np.inf
        cut_here = (
            1.0
            + 10 * max(0.0, 2 * padding - pause) / max(2 * padding, 1e-9)
            + (0.0 if ends[last] else 2.0)
        )
        cut_here += 1000.0 if joined[last] and last + 1 < count else 0.0
        inside = 0.0
        for first in range(last, -1, -1):
            if first < last and stretches[first + 1, 0] - stretches[first, 1] > widest:
                inside += 30.0
            seconds = stretches[last, 1] - stretches[first, 0] + 2 * padding
            if seconds > longest and first < last:
                break
            wrong = 100.0 * (seconds > longest) + 50.0 * (seconds < shortest)
            if (cost := best[first] + cut_here + inside + wrong) < best[last + 1]:
                best[last + 1], came[last + 1] = cost, first
    clips, last = [], count
    while last:
        clips.append((int(came[last]), last))
        last = came[last]
    return clips[::-1]


def padded(stretches: np.ndarray, first: int, last: int, padding: float, duration: float) -> Span:
    """Where the clip of stretches first..last - 1 is cut: `padding` seconds outside them, at most halfway to other speech."""
    return _pad(stretches[first, 0], stretches[last - 1, 1], stretches, padding, duration)


def split_long(stretches: np.ndarray, speech: Speech, longest: float) -> np.ndarray:
    """Stretches of speech with those over `longest` seconds split at the pauses that their loudness shows.

    Voice activity hears over short pauses in quick speech. (N, 2) -> (M, 2) seconds; what has no pause stays as it is.
    """
    found: list[Span] = []
    for start, end in stretches:
        pieces = [(float(start), float(end))]
        if end - start > longest:
            inside = [
                (max(a, start), min(b, end))
                for a, b in speech.segments
                if min(b, end) - max(a, start) > _CLICK_SECONDS
            ]
            pieces = [(float(a), float(b)) for a, b in inside] or pieces
            pieces[0], pieces[-1] = (float(start), pieces[0][1]), (pieces[-1][0], float(end))
        found += pieces
    return np.array(found, dtype=float).reshape(-1, 2)
