"""Candidates: the cues of a recording, cut, measured, judged, and as rows of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from vago.audio import io, quality
from vago.audio.reader import OpenRecording
from vago.audio.vad import SpeechSegments
from vago.corpus import verdicts
from vago.corpus.corrections import Correction
from vago.corpus.fixes import Fix, find_fixes
from vago.corpus.measures import Measures
from vago.corpus.params import CorpusParams
from vago.corpus.segmentation import Span, cut_cues
from vago.corpus.sources import Recording
from vago.corpus.transcripts.cue import Cue
from vago.corpus.verdicts import KEPT, Encode, Verdict
from vago.text import normalize

CONTEXT_SECONDS = 1.5  # on both sides of a clip; the pauses in it show the background
SILENCE_DBFS = -90.0


@dataclass(frozen=True)
class Place:
    """Where a candidate lies: from `start` to `end` seconds of a recording.

    recording_sha256: of the recording's samples, since files may be renamed; empty if unreadable.
    """

    recording: Recording
    start: float
    end: float
    recording_sha256: str = ""


@dataclass(frozen=True)
class ClipText:
    """The text as `written` (transcript, ASR or correction) and as `spoken` (normalized).

    by_hand: a person has corrected it.
    """

    written: str
    spoken: str
    tokens: int = 0
    by_hand: bool = False


@dataclass(frozen=True)
class ClipAudio:
    """samples: as cut, at 22,050 Hz. sha256: of the clip's file, empty as long as there is none."""

    samples: int = 0
    denoised: bool = False
    sha256: str = ""


@dataclass
class Candidate:
    """A cue on its way to becoming a clip. category: the source's own, often empty."""

    clip_id: str
    place: Place
    text: ClipText
    category: str = ""
    audio: ClipAudio = ClipAudio()
    measured: Measures = Measures()
    verdict: Verdict = KEPT

    @property
    def kept(self) -> bool:
        return not self.verdict.reason

    @property
    def seconds(self) -> float:
        if self.audio.samples:
            return self.audio.samples / io.SAMPLE_RATE

        return self.place.end - self.place.start

    def reject(self, reason: str, detail: str) -> None:
        """Record a fault; an earlier one stays, and so does what was restored by hand."""
        self.verdict = self.verdict.or_else(reason, detail)


def unreadable(recording: Recording, error: Exception) -> list[Candidate]:
    """The cues of a recording that cannot be opened; without a transcript, one empty candidate."""
    detail = str(error).replace(str(recording.path), recording.path.name)
    return [
        Candidate(
            clip_id(recording, number),
            Place(recording, cue.start, cue.end),
            ClipText(cue.text, normalize.normalize_text(cue.text)),
            verdict=Verdict("unreadable", detail),
        )
        for number, cue in enumerate(recording.cues or [Cue(0.0, 0.0, "")], recording.number)
    ]


def speechless(recording: Recording, track: OpenRecording) -> Candidate:
    """All of a recording in which nobody speaks."""
    return Candidate(
        clip_id(recording, recording.number),
        Place(recording, 0.0, track.seconds, track.sha256),
        ClipText("", ""),
        verdict=Verdict("silent", "no speech was found in the whole recording"),
    )


def clip_id(recording: Recording, number: int) -> str:
    return f"{recording.stem}-{number:04d}"


@dataclass(frozen=True)
class Judge:
    """Cuts and judges the cues of one open recording.

    Args:
        decided: corrections by hand.
        energy: the recording's speech by energy; a transcript's cues are cut by it.
        voiced: (N, 2) seconds of speech, which the measures take for it.
    """

    p: CorpusParams
    encode: Encode
    decided: Sequence[Correction]
    recording: Recording
    track: OpenRecording
    energy: SpeechSegments
    voiced: np.ndarray

    def candidates(self, cues: Sequence[Cue]) -> list[Candidate]:
        """One candidate for each cue, in order.

        The cues of an untranscribed recording are cut already.
        """
        duration = self.track.seconds
        rough = [(cue.start, cue.end) for cue in cues]
        if self.recording.is_clip:
            rough = [(0.0, duration)]

        found: list[Span | None] = list(rough)
        if not self.recording.untranscribed:
            # a cue that ends before it starts has a verdict and takes no part
            whole = [place for place, (start, end) in enumerate(rough) if end > start]
            found = [None] * len(rough)
            cut = cut_cues(
                [rough[place] for place in whole],
                self.energy,
                self.p.search_seconds,
                self.p.padding_seconds,
                duration,
            )
            for place, span in zip(whole, cut, strict=True):
                found[place] = span
        spans = [
            span or (min(start, duration), min(end, duration))
            for span, (start, end) in zip(found, rough, strict=True)
        ]

        name = self.recording.path.name
        fixes = find_fixes(self.decided, self.recording.source, name, spans)
        return [
            self._candidate(number, cue, span, speech is None, fix)
            for number, (cue, span, speech, fix) in enumerate(
                zip(cues, spans, found, fixes, strict=True), self.recording.number
            )
        ]

    def _candidate(
        self, number: int, cue: Cue, span: Span, speechless: bool, fix: Fix
    ) -> Candidate:
        p, recording = self.p, self.recording
        written = fix.text.text if fix.text else cue.text
        spoken = normalize.normalize_text(written)
        wav = self.track.wav(*span)
        measured = self._measure(cue, wav, span, spoken)

        # The first fault is reported. A cue of an untranscribed recording may be another speaker's,
        # or silence, and then has no text, so its text comes last.
        of_text, tokens = verdicts.of_text(p, spoken, self.encode)
        shortest = p.cut_min_seconds if recording.untranscribed else p.min_seconds
        of_audio = verdicts.of_audio(p, wav, measured, speechless, shortest)
        faults = [of_text, of_audio]
        if not fix.text:  # what a person has written is believed
            spoken_seconds = len(spoken) / measured.rate if measured.rate > 0 else 0.0
            of_length = verdicts.of_length(spoken, len(wav) / io.SAMPLE_RATE, spoken_seconds)
            faults = [cue.verdict, *faults, of_length]
        if recording.untranscribed:
            of_asr = KEPT if fix.text else verdicts.of_recognition(p, cue.hypothesis, measured)
            faults = [cue.verdict, of_audio, of_asr, of_text]
        fault = verdicts.first_fault(faults)

        candidate = Candidate(
            clip_id(recording, number),
            Place(recording, *span, self.track.sha256),
            ClipText(written, spoken, tokens, by_hand=bool(fix.text)),
            cue.category,
            ClipAudio(len(wav)),
            measured,
        )
        usable = len(wav) > 0 and not verdicts.unusable(p, candidate.seconds, of_text)
        restored = bool(fix.fate and fix.fate.action == "restore")
        candidate.verdict = Verdict(*fix.verdict(fault.reason, fault.detail, usable), restored)
        return candidate

    def _measure(self, cue: Cue, wav: np.ndarray, span: Span, text: str) -> Measures:
        """The cue's measures (by ASR and speaker embeddings) with those of its audio."""
        start, end = span
        context_start = max(0.0, start - CONTEXT_SECONDS)
        context_end = min(self.track.seconds, end + CONTEXT_SECONDS)
        context = self.track.wav(context_start, context_end)

        measured = quality.measure(
            wav, start, context, context_start, self.voiced, self._floor_dbfs, text
        )
        clipped = self.track.clipped_fraction(start, end)
        return replace(cue.measured, **vars(measured), clipped=clipped)

    @cached_property
    def _floor_dbfs(self) -> float:
        """The level of the recording's quietest moments."""
        if not len(self.energy.levels):
            return SILENCE_DBFS

        return float(np.percentile(self.energy.levels, 5))


def ledger_row(one: Candidate) -> dict[str, Any]:
    """Every candidate's row of ledger.csv."""
    return {
        "candidate": one.clip_id,
        "source": one.place.recording.source,
        "recording": one.place.recording.path.name,
        "start": one.place.start,
        "end": one.place.end,
        "seconds": one.seconds,
        "text": one.text.spoken,
        "fate": "kept" if one.kept else "rejected",
        "reason": one.verdict.reason,
        "detail": one.verdict.detail,
        "clip_id": one.clip_id if one.kept else "",
        **vars(one.measured),
    }


def clip_row(p: CorpusParams, one: Candidate) -> dict[str, Any]:
    """A kept candidate's row of clips.csv, and its recording's hash, by which it is held out."""
    recording = one.place.recording
    category = normalize.category(
        one.text.spoken, one.seconds, one.category, p.long_seconds, p.medium_seconds
    )
    return {
        "clip_id": one.clip_id,
        "file": f"clips/{one.clip_id}.wav",
        "source": recording.source,
        "category": category,
        "recording": recording.path.name,
        "recording_sha256": one.place.recording_sha256,
        "start": one.place.start,
        "end": one.place.end,
        "seconds": one.seconds,
        "text": one.text.spoken,
        "written": one.text.written,
        "tokens": one.text.tokens,
        "sha256": one.audio.sha256,
        "speaker": recording.speaker or p.speaker,
        "transcribed": recording.untranscribed,
        "denoised": one.audio.denoised,
        **vars(one.measured),
    }
