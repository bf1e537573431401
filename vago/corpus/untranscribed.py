"""Cues for a recording without a transcript: VAD, diarization, ASR, and cuts in the pauses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from vago import VagoError
from vago.audio import io, speakers, vad
from vago.audio.asr import Transcriber, Word, assign_words, recognition_windows
from vago.audio.io import ASR_RATE
from vago.audio.reader import OpenRecording
from vago.audio.speakers import Embed, SpeakerEmbeddings
from vago.corpus import segmentation
from vago.corpus.params import CorpusParams
from vago.corpus.transcripts.cue import Cue
from vago.corpus.verdicts import ANOTHER_SPEAKER, Verdict
from vago.text.error_rate import character_error_rate, words_only

NAN = float("nan")
RATES = (io.SAMPLE_RATE, ASR_RATE)  # Hz that a recording is opened with here
FOREIGN_MARGIN = 0.1  # cosine; a window this close to another speaker counts as an overlap

# A word crosses a pause of up to 0.25 s if it lasts over 0.1 s on both sides of it
MAX_PAUSE_IN_WORD = 0.25
MIN_WORD_OUTSIDE = 0.1

OnSeconds = Callable[[int, int], None]  # called with (seconds done, seconds in all)


@dataclass(frozen=True)
class EmbeddedSegments:
    """The segments of speech of a recording with their speaker embeddings.

    spans: (N, 2) seconds.
    embeddings: N times (n, D), one for each window of a segment; empty if speakers are not checked.
    """

    spans: np.ndarray
    embeddings: list[np.ndarray]

    def part(self, first: int, last: int) -> EmbeddedSegments:
        return EmbeddedSegments(self.spans[first:last], self.embeddings[first:last])


def find_segments(track: OpenRecording, longest: float, embed: Embed | None) -> EmbeddedSegments:
    """Find the segments of speech, separated at every pause, and who speaks in them.

    Args:
        track: opened with RATES.
        longest: seconds of a clip; longer segments are split at shorter pauses.
        embed: None: speakers are not checked.
    """
    spans = vad.silero_segments(track.whole(ASR_RATE))
    energy = vad.energy_segments(track.whole(), io.SAMPLE_RATE)
    spans = segmentation.split_long(spans, energy, longest)

    embeddings = []
    if embed:
        embeddings = [embed(track.wav(start, end, ASR_RATE)) for start, end in spans]
    return EmbeddedSegments(spans, embeddings)


def diarize(
    recordings: Sequence[EmbeddedSegments],
    embed: Embed,
    sample: Path | None,
    min_similarity: float = 0.65,
) -> SpeakerEmbeddings | None:
    """The speakers in all these recordings together; None where nobody speaks.

    Args:
        sample: a file with a few seconds of the target; None: the target is who speaks most.
        min_similarity: see `speakers.cluster_speakers`.

    Raises:
        VagoError: the sample cannot be read, or nobody speaks in it.
    """
    vectors = []
    seconds = []
    for segments in recordings:
        for (start, end), windows in zip(segments.spans, segments.embeddings):
            if len(windows):
                vectors.append(speakers.mean_embedding(windows))
                seconds.append(end - start)
    if not vectors:
        return None

    target = None if sample is None else _embed_sample(sample, embed)
    return speakers.cluster_speakers(np.stack(vectors), np.array(seconds), target, min_similarity)


def _embed_sample(sample: Path, embed: Embed) -> np.ndarray:
    """The target's embedding, (D,)."""
    wav = io.resample(*io.load(sample), ASR_RATE)
    windows = embed(speakers.remove_pauses(wav, vad.silero_segments(wav)))
    if not len(windows):
        raise VagoError(
            f"nobody speaks in {sample}: name a file with a few seconds of the target's voice alone"
        )
    return speakers.mean_embedding(windows)


def transcribe(
    p: CorpusParams,
    track: OpenRecording,
    segments: EmbeddedSegments,
    voices: SpeakerEmbeddings | None,
    transcriber: Transcriber,
    report: OnSeconds = lambda done, total: None,
) -> list[Cue]:
    """Cues that hold every segment once, in order; those of other speakers have no text.

    Args:
        voices: None: speakers are not checked.
    """
    total = round(track.seconds)
    own = _target_segments(segments, voices, p.min_similarity)
    cues = []

    # Runs of neighbouring segments of the target, or of others
    for is_target, run in groupby(range(len(own)), key=lambda k: own[k]):
        indices = list(run)
        start, end = indices[0], indices[-1] + 1
        part = segments.part(start, end)
        words: list[list[Word]] = [[] for _ in part.spans]
        if is_target:
            words = _recognise(
                track, part.spans, transcriber, lambda seconds: report(seconds, total)
            )

        for first, last in _join(p, part.spans, words):
            span = segmentation.pad_clip(
                segments.spans, start + first, start + last, p.cut_padding_seconds, track.seconds
            )
            cue = Cue(*span, "", verdict=Verdict("" if is_target else ANOTHER_SPEAKER))
            if is_target:
                before = words[first - 1][-1:] if first else []
                after = words[last][:1] if last < len(words) else []
                texts = _possible_texts(cue, sum(words[first:last], []), before, after)
                hypothesis = transcriber.transcribe(track.wav(cue.start, cue.end, ASR_RATE))
                cue = _with_text(cue, texts, hypothesis)
            if voices is not None:
                cue = _with_speaker(cue, part.embeddings[first:last], voices, p.min_similarity)
            cues.append(cue)
            report(round(cue.end), total)

    return cues


def _target_segments(
    segments: EmbeddedSegments, voices: SpeakerEmbeddings | None, min_similarity: float
) -> np.ndarray:
    """(N,) bool: whether each segment is the target's; all are where speakers are not checked."""
    if voices is None or not len(segments.spans):
        return np.ones(len(segments.spans), bool)

    vectors = [
        speakers.mean_embedding(windows) if len(windows) else np.zeros_like(voices.target)
        for windows in segments.embeddings
    ]
    return speakers.target_segments(voices, np.stack(vectors), segments.spans, min_similarity)


def _recognise(
    track: OpenRecording,
    spans: np.ndarray,
    transcriber: Transcriber,
    report: Callable[[int], None],
) -> list[list[Word]]:
    """The words in each of the target's segments, with times of the recording."""
    found: list[list[Word]] = [[] for _ in spans]
    for first, last in recognition_windows(spans):
        start, end = spans[first, 0], spans[last - 1, 1]
        words = [
            replace(word, start=start + word.start, end=start + word.end)
            for word in transcriber.words(track.wav(start, end, ASR_RATE))
        ]
        for word, at in zip(words, assign_words(words, spans[first:last])):
            found[first + at].append(word)
        report(round(end))
    return found


def _join(p: CorpusParams, spans: np.ndarray, words: list[list[Word]]) -> list[tuple[int, int]]:
    """Join the segments of a run into clips: (first, last + 1) of each."""
    sentence_ends = [bool(own) and own[-1].text[-1] in ".?!…" for own in words]
    joined = [_crosses_pause(words, spans, k) for k in range(len(spans))]
    return segmentation.join_segments(
        spans, sentence_ends, joined, p.cut_padding_seconds, p.cut_min_seconds, p.max_seconds
    )


def _crosses_pause(words: list[list[Word]], spans: np.ndarray, k: int) -> bool:
    """Whether a word crosses the pause after segment k."""
    if k + 1 >= len(spans) or spans[k + 1, 0] - spans[k, 1] > MAX_PAUSE_IN_WORD:
        return False

    before, after = spans[k, 1] - MIN_WORD_OUTSIDE, spans[k + 1, 0] + MIN_WORD_OUTSIDE
    near = words[k][-1:] + words[k + 1][:1]
    return any(word.start < before and word.end > after for word in near)


def _possible_texts(
    cue: Cue, own: list[Word], before: list[Word], after: list[Word]
) -> list[list[Word]]:
    """What a clip's text may be: its segments' words, or these with one more or less at an edge.

    A word is added or left out where its times lie on both sides of the clip's edge.

    Args:
        before, after: the words next to its own, at most one of each.
    """
    texts = [own]
    if own and own[0].start < cue.start:
        texts.append(own[1:])
    if own and own[-1].end > cue.end:
        texts.append(own[:-1])
    if before and before[0].end > cue.start:
        texts.append([*before, *own])
    if after and after[0].start < cue.end:
        texts.append([*own, *after])
    return texts


def _with_text(cue: Cue, texts: list[list[Word]], hypothesis: str) -> Cue:
    """The cue with the text of the lowest CER to the hypothesis; the first one of equals."""
    rates = [_error_rate(_text(words), hypothesis) for words in texts]
    words = texts[int(np.argmin(rates))]

    confidence = float(np.mean([word.probability for word in words])) if words else NAN
    measured = replace(cue.measured, confidence=confidence, heard_cer=min(rates))
    return replace(cue, text=_text(words), hypothesis=hypothesis, measured=measured)


def _text(words: list[Word]) -> str:
    return " ".join(word.text for word in words)


def _error_rate(text: str, hypothesis: str) -> float:
    """CER; for a text without words 0 or 1, since it has no characters to divide by."""
    if words_only(text):
        return character_error_rate(text, hypothesis)

    return float(bool(words_only(hypothesis)))


def _with_speaker(
    cue: Cue, embeddings: list[np.ndarray], voices: SpeakerEmbeddings, min_similarity: float
) -> Cue:
    """The cue with its speaker similarity, rejected unless only the target speaks in it."""
    empty = np.zeros((0, len(voices.target)))
    windows = np.concatenate([one for one in embeddings if len(one)] or [empty])
    similarity = voices.similarity(windows)
    cue = replace(cue, measured=replace(cue.measured, speaker_similarity=similarity))
    if cue.verdict.reason or not len(windows):
        return cue

    detail = ""
    foreign = int((voices.foreign_margin(windows) > -FOREIGN_MARGIN).sum())
    if similarity < min_similarity:
        detail = f"similarity {similarity:.2f}, {min_similarity:g} is the least"
    elif foreign:
        detail = f"another voice in {foreign} of {len(windows)} parts: an overlap?"
    return replace(cue, verdict=Verdict(ANOTHER_SPEAKER, detail)) if detail else cue
