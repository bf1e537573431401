"""A cue on its way to becoming a clip: cut, measured, judged, and as a row of the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.signal import correlate

from vago.audio import io, quality
from vago.audio.reader import Track
from vago.corpus import corpus, corrections, measures
from vago.corpus.corrections import Correction
from vago.corpus.params import CorpusParams
from vago.corpus.segmentation import cut
from vago.corpus.sources import Recording
from vago.corpus.transcripts import Cue
from vago.corpus.untranscribed import HeardCue
from vago.text import normalize

MAX_SAMPLES = 255_995  # at 22,050 Hz, XTTS's own limit
_AROUND_SECONDS = 1.5  # how far beside a clip its background is listened for


@dataclass
class Candidate:
    """A cue on its way through the pipeline; `reason` stays empty where it is kept. wav: (samples,) at 22,050 Hz, as recorded."""

    clip_id: str
    source: str
    recording: Recording
    cue: Cue
    start: float
    end: float
    text: str = ""
    written: str = ""
    recording_sha256: str = ""
    tokens: int = 0
    reason: str = ""
    detail: str = ""
    restored: bool = False
    denoised: bool = False
    sha256: str = ""
    samples: int = 0
    measured: dict[str, Any] = field(default_factory=dict)
    wav: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)

    @property
    def seconds(self) -> float:
        return self.samples / io.SAMPLE_RATE if self.samples else self.end - self.start

    def refuse(self, reason: str, detail: str) -> None:
        """What is found later than the judgement; what a person restored stays."""
        if reason and not self.reason and not self.restored:
            self.reason, self.detail = reason, detail


Encode = Callable[[str], list[int]]


def unreadable(source: str, recording: Recording, stem: str, error: Exception) -> list[Candidate]:
    """The cues of a recording that cannot be opened; one without text where it has none."""
    detail = str(error).replace(str(recording.path), recording.path.name)
    return [
        Candidate(f"{stem}-{number:04d}", source, recording, cue, cue.start, cue.end, normalize.normalise(cue.text), cue.text,
                  reason="unreadable", detail=detail)
        for number, cue in enumerate(recording.cues or [Cue(0.0, 0.0, "")], recording.number)
    ]  # fmt: skip


def judge(
    p: CorpusParams, source: str, recording: Recording, stem: str, encode: Encode, track: Track, cues: Sequence[Cue],
    speech: io.Speech, voiced: np.ndarray, decided: Sequence[Correction],
) -> list[Candidate]:  # fmt: skip
    """Cut one recording's cues, measure each and find what is wrong with it.

    Args:
        cues: the recording's, or those heard in it
        speech: by loudness, which the cues of a transcript are cut by
        voiced: (N, 2) seconds in which somebody speaks
        decided: corrections by hand
    """
    duration = track.seconds
    places = [(0.0, duration)] if recording.whole else [(cue.start, cue.end) for cue in cues]
    if recording.untold:
        spans = list(places)
    else:
        spans = cut(places, speech, p.search_seconds, p.padding_seconds, duration)
    found = []
    floor = float(np.percentile(speech.levels, 5)) if len(speech.levels) else -90.0
    for number, (cue, place, span) in enumerate(
        zip(cues, places, spans, strict=True), recording.number
    ):
        start, end = span or (min(place[0], duration), min(place[1], duration))
        one = Candidate(
            f"{stem}-{number:04d}",
            source,
            recording,
            cue,
            start,
            end,
            recording_sha256=track.sha256,
        )
        one.wav = track.wav(start, end)
        one.samples = len(one.wav)
        found.append(one)
    fixes = corrections.fixes(
        decided, source, recording.path.name, [(one.start, one.end) for one in found]
    )
    for one, span, fix in zip(found, spans, fixes, strict=True):
        one.written = fix.text.text if fix.text else one.cue.text
        _read(one, encode, p.max_tokens)
        begins = max(0.0, one.start - _AROUND_SECONDS)
        context = track.wav(begins, min(duration, one.end + _AROUND_SECONDS))
        one.measured = quality.measure(one.wav, one.start, context, begins, voiced, floor, one.text)
        one.measured["clipped"] = track.clipped(one.start, one.end)
        unread, why = one.reason, one.detail
        if (
            not unread or recording.untold
        ):  # without a text a cue may still be somebody else's, or silence
            one.reason, one.detail = _fault(p, one, span is None)
        if isinstance(one.cue, HeardCue):
            _heard(p, one, bool(fix.text))
        if not one.reason:
            one.reason, one.detail = unread, why
        usable = not unread and p.min_seconds <= one.seconds and 0 < one.samples <= MAX_SAMPLES
        one.reason, one.detail = fix.verdict(one.reason, one.detail, usable)
        one.restored = bool(fix.fate and fix.fate.action == "restore")
    return found


def _read(one: Candidate, encode: Encode, most: int) -> None:
    """The text as it is read aloud, in tokens, and what is wrong with it."""
    one.text = normalize.normalise(one.written)
    tokens, reason = normalize.check(one.text, encode, most)
    one.tokens, one.reason = len(tokens), reason or ""
    if reason == "unknown token":
        one.detail = normalize.unknown_characters(one.text, encode)
    elif reason and tokens:
        one.reason, one.detail = "text over 200 tokens", f"{len(tokens)} tokens, {most} is the most"


def _fault(p: CorpusParams, one: Candidate, speechless: bool) -> tuple[str, str]:
    """What is wrong with a cut clip's sound: the ledger's reason and its detail, both empty where nothing is."""
    loudest = io.loudest_dbfs(one.wav, io.SAMPLE_RATE)
    seconds, clipped = one.samples / io.SAMPLE_RATE, one.measured["clipped"]
    least = p.cut_min_seconds if one.recording.untold else p.min_seconds
    if one.samples and (speechless or loudest < p.silent_dbfs):
        return "silent", f"{loudest:.1f} dBFS at its loudest"
    if one.samples > MAX_SAMPLES or seconds > p.max_seconds:
        return "too long", f"{seconds:.2f} s, {p.max_seconds:g} s is the most"
    if seconds < least:
        where = "" if one.samples else ": it lies past the recording's end"
        return "too short", f"{seconds:.2f} s, {least:g} s is the least{where}"
    if clipped > p.clipped_fraction:
        return "clipped", f"{100 * clipped:.2f} % of the samples at full scale"
    return measures.fault(p, one.measured)


def _heard(p: CorpusParams, one: Candidate, corrected: bool) -> None:
    """What a cue that was heard here says of itself; whose voice it is comes before all that is wrong with it."""
    cue = one.cue
    one.measured |= {
        "confidence": cue.confidence,
        "heard_cer": cue.heard_cer,
        "speaker_similarity": cue.similarity,
    }
    if cue.reason:
        one.reason, one.detail = cue.reason, cue.detail
    elif one.reason or corrected:
        return
    elif cue.heard_cer > p.max_heard_cer:
        one.reason, one.detail = (
            "text unsure",
            f"heard alone it is {cue.heard!r}, {cue.heard_cer:.2f} of the characters differ",
        )
    elif cue.confidence < p.min_confidence:
        one.reason, one.detail = (
            "text unsure",
            f"confidence {cue.confidence:.2f}, {p.min_confidence:g} is the least",
        )


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two takes of a text are the same sound: nearly as long, and correlated at some small shift."""
    if min(len(one), len(other)) < 0.9 * max(len(one), len(other)):
        return False
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return scale > 0 and float(np.max(correlate(one, other, method="fft"))) > 0.9 * scale


def ledger_row(one: Candidate) -> dict[str, Any]:
    return {
        "candidate": one.clip_id,
        "source": one.source,
        "recording": one.recording.path.name,
        "start": one.start,
        "end": one.end,
        "seconds": one.seconds,
        "text": one.text,
        "fate": "rejected" if one.reason else "kept",
        "reason": one.reason,
        "detail": one.detail,
        "clip_id": "" if one.reason else one.clip_id,
        **_measures(one),
    }


def clip_row(p: CorpusParams, one: Candidate) -> dict[str, Any]:
    return {
        "clip_id": one.clip_id,
        "file": f"clips/{one.clip_id}.wav",
        "source": one.source,
        "category": normalize.category(
            one.text, one.seconds, one.cue.category, p.long_seconds, p.medium_seconds
        ),
        "recording": one.recording.path.name,
        "recording_sha256": one.recording_sha256,
        "start": one.start,
        "end": one.end,
        "seconds": one.seconds,
        "text": one.text,
        "written": one.written,
        "tokens": one.tokens,
        "sha256": one.sha256,
        "speaker": one.recording.speaker or p.speaker,
        "transcribed": one.recording.untold,
        "denoised": one.denoised,
        **_measures(one),
    }


def _measures(one: Candidate) -> dict[str, Any]:
    nan = float("nan")
    return {"background": one.measured.get("background", "")} | {
        name: one.measured.get(name, nan) for name in corpus.MEASURES
    }
