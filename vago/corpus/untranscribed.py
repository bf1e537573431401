"""A recording without a transcript -> cues, as a transcript would have them: voice activity, the right speaker, words, cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from vago import VagoError
from vago.audio import io, reader, speakers, vad
from vago.audio.asr import Transcriber, Word, assign, windows
from vago.audio.reader import EAR_RATE, Track
from vago.audio.speakers import Embed, Voices
from vago.corpus import segmentation
from vago.corpus.params import CorpusParams
from vago.corpus.transcripts import Cue
from vago.text.error_rate import character_error_rate, words_only

NAN = float("nan")
FOREIGN = 0.1  # a window of 1.6 s that is nearer to the target than to another voice by less than this has somebody else in it


@dataclass(frozen=True)
class HeardCue(Cue):
    """A cue that was cut and heard here: start and end are the clip's, padding and all.

    heard: what the recogniser hears in the clip alone; reason, detail: why it cannot be used, empty where it can.
    """

    confidence: float = NAN
    heard: str = ""
    heard_cer: float = NAN
    similarity: float = NAN
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Listened:
    """Where a recording speaks, (N, 2) seconds, and each stretch's voice: (n, D) windows, none where speakers are not told."""

    stretches: np.ndarray
    voices: list[np.ndarray]


def listen(track: Track, longest: float, embed: Embed | None) -> Listened:
    """Find the speech of a recording, apart at every pause, and hear who speaks.

    Args:
        track: opened at 22,050 and 16,000 Hz
        longest: seconds of a clip: longer stretches are split at shorter pauses
        embed: None where speakers are not told apart
    """
    stretches = vad.find(track.whole(EAR_RATE))
    stretches = segmentation.split_long(
        stretches, io.find_speech(track.whole(), io.SAMPLE_RATE), longest
    )
    return Listened(
        stretches, [embed(track.wav(a, b, EAR_RATE)) for a, b in stretches] if embed else []
    )


def voices_of(
    heard: Sequence[Listened], embed: Embed, sample: Path | None, least: float = 0.65
) -> Voices | None:
    """The voices in all recordings; None where nobody speaks.

    Args:
        sample: a file with a few seconds of the target; None: whoever speaks most
        least: see `speakers.tell_apart`

    Raises:
        VagoError: the sample cannot be read, or nobody speaks in it
    """
    vectors = [speakers.mean(one) for h in heard for one in h.voices if len(one)]
    seconds = [b - a for h in heard for (a, b), one in zip(h.stretches, h.voices) if len(one)]
    if not vectors:
        return None
    target = None
    if sample is not None:
        wav, rate = io.load(sample)
        wav = io.resample(wav, rate, EAR_RATE)
        spoken = embed(speakers.without_pauses(wav, 0.0, vad.find(wav)))
        if not len(spoken):
            raise VagoError(
                f"nobody speaks in {sample}: name a file with a few seconds of the target's voice alone"
            )
        target = speakers.mean(spoken)
    return speakers.tell_apart(np.stack(vectors), np.array(seconds), target, least)


def cues_of(
    p: CorpusParams, track: Track, heard: Listened, voices: Voices | None, transcriber: Transcriber,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> list[HeardCue]:  # fmt: skip
    """Every stretch of speech of a recording in exactly one cue, in order; those of others without text.

    Args:
        tell: called with (seconds heard, seconds in all)
    """
    stretches, found, total = heard.stretches, [], round(track.seconds)
    own = np.ones(len(stretches), bool)
    if voices is not None:
        vectors = [
            speakers.mean(one) if len(one) else np.zeros_like(voices.target) for one in heard.voices
        ]
        own = (
            speakers.whose(voices, np.stack(vectors), stretches, p.min_similarity)
            if len(vectors)
            else own
        )
    for mine, run in groupby(range(len(stretches)), key=lambda k: own[k]):
        indices = list(run)
        first, part = indices[0], stretches[indices[0] : indices[-1] + 1]
        words = (
            _words(track, part, transcriber, lambda at: tell(at, total))
            if mine
            else [[] for _ in part]
        )
        ends = [bool(said) and said[-1].text[-1] in ".?!…" for said in words]
        joined = [mine and _runs_over(words, part, k) for k in range(len(part))]
        padding, shortest, longest = p.cut_padding_seconds, p.cut_min_seconds, p.max_seconds
        for a, b in segmentation.build(part, ends, joined, padding, shortest, longest):
            span = segmentation.padded(stretches, first + a, first + b, padding, track.seconds)
            cue = HeardCue(*span, "", reason="" if mine else "another speaker")
            if mine:
                said = [word for at in range(a, b) for word in words[at]]
                around = [words[a - 1][-1:] if a else [], words[b][:1] if b < len(words) else []]
                cue = _heard_again(cue, said, around, track, transcriber)
            if voices is not None:
                cue = _identified(
                    cue, heard.voices[first + a : first + b], voices, p.min_similarity
                )
            found.append(cue)
            tell(round(cue.end), total)
    return found


def _words(
    track: Track, part: np.ndarray, transcriber: Transcriber, tell: Callable[[int], None]
) -> list[list[Word]]:
    """What is said in each stretch of a run of one speaker's, with times of the recording."""
    said: list[list[Word]] = [[] for _ in part]
    for first, last in windows(part):
        start = part[first, 0]
        heard = transcriber.words(track.wav(start, part[last - 1, 1], EAR_RATE))
        heard = [replace(word, start=start + word.start, end=start + word.end) for word in heard]
        for word, at in zip(heard, assign(heard, part[first:last])):
            said[first + at].append(word)
        tell(round(part[last - 1, 1]))
    return said


def _runs_over(words: list[list[Word]], part: np.ndarray, k: int) -> bool:
    """Whether a word is said across the pause after stretch k: a tenth of a second and more on both sides of a short pause."""
    if k + 1 >= len(part) or part[k + 1, 0] - part[k, 1] > 0.25:
        return False
    near = words[k][-1:] + words[k + 1][:1]
    return any(word.start < part[k, 1] - 0.1 and word.end > part[k + 1, 0] + 0.1 for word in near)


def _heard_again(
    cue: HeardCue,
    said: list[Word],
    around: list[list[Word]],
    track: Track,
    transcriber: Transcriber,
) -> HeardCue:
    """The cue's text, after the clip has been heard alone: a word at its edge belongs to it only if it is heard in it.

    Args:
        around: the word before the clip and the one after it
    """
    heard = transcriber.hear(track.wav(cue.start, cue.end, EAR_RATE))
    texts = [said]
    before, after = around
    if said and said[0].start < cue.start:
        texts.append(said[1:])
    if said and said[-1].end > cue.end:
        texts.append(said[:-1])
    if before and before[0].end > cue.start:
        texts.append([*before, *said])
    if after and after[0].start < cue.end:
        texts.append([*said, *after])
    rates = [_error_rate(" ".join(word.text for word in words), heard) for words in texts]
    words = texts[int(np.argmin(rates))]  # the first of equals: what the recogniser said at once
    confidence = float(np.mean([word.probability for word in words])) if words else NAN
    text = " ".join(word.text for word in words)
    return replace(cue, text=text, confidence=confidence, heard=heard, heard_cer=min(rates))


def _error_rate(text: str, heard: str) -> float:
    return character_error_rate(text, heard) if words_only(text) else float(bool(words_only(heard)))


def _identified(cue: HeardCue, windows: list[np.ndarray], voices: Voices, least: float) -> HeardCue:
    """The cue with its speaker's similarity, and refused where it is not the target, or not the target alone."""
    vectors = np.concatenate(
        [one for one in windows if len(one)] or [np.zeros((0, len(voices.target)))]
    )
    similarity = voices.similarity(vectors)
    cue = replace(cue, similarity=similarity)
    if cue.reason or not len(vectors):
        return cue
    if similarity < least:
        return replace(
            cue,
            reason="another speaker",
            detail=f"similarity {similarity:.2f}, {least:g} is the least",
        )
    foreign = int((voices.foreign(vectors) > -FOREIGN).sum())
    if foreign:
        return replace(
            cue,
            reason="another speaker",
            detail=f"another voice in {foreign} of {len(vectors)} parts: an overlap?",
        )
    return cue


def read(path: Path, folder: Path):
    """`tracks.opened` at the rates that are needed here."""
    return reader.opened(path, folder, (io.SAMPLE_RATE, EAR_RATE))
