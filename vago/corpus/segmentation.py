"""Where to cut a recording: spans for a transcript's rough cues, or clips of segments of speech."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vago.audio.vad import SpeechSegments

MIN_SYLLABLE_SECONDS = 0.03  # shorter speech is a click: kept inside a cue, never added to one

LONG_PAUSE = 1.0  # seconds; a longer one should not be inside a clip

# Costs of `join_segments`
TOO_LONG, TOO_SHORT = 100.0, 50.0
CUT_IN_WORD = 1000.0
CUT_IN_SENTENCE = 2.0
CUT_IN_SHORT_PAUSE = 10
CLIP = 1.0
LONG_PAUSE_INSIDE = 30.0

Span = tuple[float, float]


# A transcript's cues


def cut_cues(
    cues: Sequence[Span], speech: SpeechSegments, search: float, padding: float, duration: float
) -> list[Span | None]:
    """A span of the recording for each cue; None where there is no speech in it.

    A segment of speech belongs, as a whole, to the cue that overlaps it most, as long as it extends
    at most `search` seconds beyond the cue's edge: an edge inside speech moves outward to the
    pause, one in a pause moves inward to the speech. A segment that continues further is cut at its
    quietest moment within `search`. Then `padding` is added on both sides, at most half the way to
    other speech.

    Args:
        cues: (start, end) in seconds, ordered by start.
        search, padding, duration: in seconds; duration is the recording's.
    """
    spans: list[Span | None] = [None] * len(cues)
    for layer in _layers(cues):
        found = _speech_of([cues[index] for index in layer], speech, search)
        for index, span in zip(layer, found, strict=True):
            if span:
                spans[index] = _pad(*span, speech.segments, padding, duration)
    return spans


def _layers(cues: Sequence[Span]) -> list[list[int]]:
    """Group the cues so that those of one layer compete for speech.

    Cues that overlap by more than half (a repeated line, two speakers at once) are kept apart.
    """
    layers: list[list[int]] = []
    for index, cue in enumerate(cues):
        for layer in layers:
            if not any(_overlap_by_half(cue, cues[k]) for k in layer[-3:]):
                layer.append(index)
                break
        else:
            layers.append([index])
    return layers


def _overlap_by_half(one: Span, other: Span) -> bool:
    shorter = min(one[1] - one[0], other[1] - other[0])
    return min(one[1], other[1]) - max(one[0], other[0]) > 0.5 * shorter


def _speech_of(cues: list[Span], speech: SpeechSegments, search: float) -> list[Span | None]:
    """The first and last moment of each cue's speech; None where it has none."""
    starts, ends = np.array(cues, dtype=float).reshape(-1, 2).T
    certain: list[list[Span]] = [[] for _ in cues]
    doubtful: list[list[Span]] = [[] for _ in cues]

    for a, b in speech.segments:
        owners = np.flatnonzero((starts < b) & (ends > a))
        if not len(owners):
            near = _nearest_cue(a, b, starts, ends, search)
            if near is not None:
                certain[near].append((float(a), float(b)))
            continue

        # Cues that overlap it by a little only do not share it
        overlaps = np.minimum(ends[owners], b) - np.maximum(starts[owners], a)
        most = owners[int(np.argmax(overlaps))]
        owners = [
            k for k, overlap in zip(owners, overlaps, strict=True) if overlap > search or k == most
        ]

        # Divide it among its cues, at the quietest moments between them
        borders = [a]
        for left, right in zip(owners, owners[1:], strict=False):
            low, high = sorted((ends[left], starts[right]))
            borders.append(speech.quietest(max(borders[-1], low - search), min(b, high + search)))
        borders.append(b)

        for k, low, high in zip(owners, borders, borders[1:], strict=False):
            before, after = starts[k] - low, high - ends[k]
            inside = min(ends[k], high) - max(starts[k], low)
            foreign = inside <= search and max(before, after) > max(search, inside)

            # What continues further than the search is another speaker's
            first, last = low, high
            if before > search:
                first = speech.quietest(starts[k] - search, starts[k])
            if after > search:
                last = speech.quietest(ends[k], ends[k] + search)
            (doubtful if foreign else certain)[k].append((first, last))

    pieces = [sure or possible for sure, possible in zip(certain, doubtful, strict=True)]
    return [(min(a for a, _ in own), max(b for _, b in own)) if own else None for own in pieces]


def _nearest_cue(
    a: float, b: float, starts: np.ndarray, ends: np.ndarray, search: float
) -> int | None:
    """The cue that a segment outside all cues belongs to; None unless all of it is within `search`.

    It is a syllable that the cue's edge missed.
    """
    if not MIN_SYLLABLE_SECONDS <= b - a <= search:
        return None

    before = np.where(ends <= a, a - ends, np.inf)
    after = np.where(starts >= b, starts - b, np.inf)
    left, right = int(np.argmin(before)), int(np.argmin(after))

    nearest, reach = right, starts[right] - a
    if before[left] <= after[right]:
        nearest, reach = left, b - ends[left]
    return nearest if reach <= search else None


def _pad(start: float, end: float, segments: np.ndarray, padding: float, duration: float) -> Span:
    """A span with `padding` on both sides, at most half the way to other speech."""
    before = np.searchsorted(segments[:, 0], start, "left") - 1
    after = np.searchsorted(segments[:, 1], end, "right")

    room_before = room_after = np.inf
    if before >= 0:
        room_before = max(0.0, start - segments[before, 1]) / 2
    if after < len(segments):
        room_after = max(0.0, segments[after, 0] - end) / 2

    first = max(0.0, float(start - min(padding, room_before)))
    last = min(duration, float(end + min(padding, room_after)))
    return first, last


# Recordings without a transcript


def join_segments(
    segments: np.ndarray,
    ends: Sequence[bool],
    joined: Sequence[bool],
    padding: float,
    shortest: float,
    longest: float,
) -> list[tuple[int, int]]:
    """Join neighbouring segments of speech into clips, which are cut only in the pauses between.

    Dynamic programming finds the cuts with the lowest total cost. A cut in a word costs most, then
    a clip of a wrong length, a pause of over LONG_PAUSE inside a clip, a cut in a pause too short
    for the padding, a cut within a sentence, and each clip a little.

    Args:
        segments: (N, 2) seconds of one speaker, in order.
        ends: (N,) whether a sentence ends with each.
        joined: (N,) whether a word continues from each over the pause into the next.
        padding: seconds kept on both sides of a clip.
        shortest, longest: seconds of a clip with its padding.

    Returns:
        (first, last + 1) of each clip's segments
    """
    count = len(segments)
    best = np.full(count + 1, np.inf)  # the lowest cost up to a segment
    previous = np.zeros(count + 1, dtype=int)  # where the clip that ends there begins
    best[0] = 0.0

    for last in range(count):
        pause, in_word = np.inf, False
        if last + 1 < count:
            pause, in_word = segments[last + 1, 0] - segments[last, 1], joined[last]
        cut = _cost_of_cut(pause, ends[last], in_word, padding)

        pauses_inside = 0.0
        for first in range(last, -1, -1):
            if first < last and segments[first + 1, 0] - segments[first, 1] > LONG_PAUSE:
                pauses_inside += LONG_PAUSE_INSIDE
            seconds = segments[last, 1] - segments[first, 0] + 2 * padding
            if seconds > longest and first < last:
                break

            wrong_length = TOO_LONG * (seconds > longest) + TOO_SHORT * (seconds < shortest)
            cost = best[first] + cut + pauses_inside + wrong_length
            if cost < best[last + 1]:
                best[last + 1], previous[last + 1] = cost, first

    clips = []
    last = count
    while last:
        clips.append((int(previous[last]), last))
        last = previous[last]
    return clips[::-1]


def _cost_of_cut(pause: float, sentence_ends: bool, in_word: bool, padding: float) -> float:
    missing = max(0.0, 2 * padding - pause) / max(2 * padding, 1e-9)
    cost = CLIP + CUT_IN_SHORT_PAUSE * missing
    if not sentence_ends:
        cost += CUT_IN_SENTENCE
    if in_word:
        cost += CUT_IN_WORD
    return cost


def pad_clip(segments: np.ndarray, first: int, last: int, padding: float, duration: float) -> Span:
    """The span of segments first..last - 1, with `padding`, at most halfway to other speech."""
    return _pad(segments[first, 0], segments[last - 1, 1], segments, padding, duration)


def split_long(segments: np.ndarray, speech: SpeechSegments, longest: float) -> np.ndarray:
    """Split segments over `longest` seconds at the pauses that energy shows.

    Silero VAD misses short pauses in quick speech. (N, 2) -> (M, 2) seconds; a segment without a
    pause is not split.
    """
    found: list[Span] = []
    for start, end in segments:
        pieces = [(float(start), float(end))]
        if end - start > longest:
            inside = [(max(a, start), min(b, end)) for a, b in speech.segments]
            inside = [(float(a), float(b)) for a, b in inside if b - a > MIN_SYLLABLE_SECONDS]
            pieces = inside or pieces
            pieces[0], pieces[-1] = (float(start), pieces[0][1]), (pieces[-1][0], float(end))
        found += pieces
    return np.array(found, dtype=float).reshape(-1, 2)
