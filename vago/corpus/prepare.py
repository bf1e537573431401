"""Make a corpus of recordings: find them, cut and judge their cues, write clips and tables."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from vago import VagoError
from vago.audio import io, vad
from vago.audio.asr import Transcriber
from vago.audio.reader import OpenRecording, open_recording
from vago.audio.speakers import SpeakerEmbeddings
from vago.corpus import candidates, untranscribed, verification
from vago.corpus.candidates import Candidate, Judge
from vago.corpus.corpus import Corpus, Stretch, frozen_stretches
from vago.corpus.corrections import read_corrections
from vago.corpus.held_out import draw_parts
from vago.corpus.params import CorpusParams
from vago.corpus.review.unfinished import remove_unfinished, write_unfinished
from vago.corpus.sources import Recording, find_recordings
from vago.corpus.staging import ClipStaging
from vago.corpus.timeline import account
from vago.corpus.transcripts.cue import Cue
from vago.corpus.untranscribed import EmbeddedSegments
from vago.corpus.verdicts import Encode, odd_rates
from vago.corpus.verification import TextComparison
from vago.corpus.writer import save_corpus
from vago.model.speaker_encoder import open_speaker_encoder
from vago.paths import Paths

ASR_CACHE = ".heard"  # folder of ASR results in the corpus's folder, no part of the corpus
# On what a corpus holds
SETTINGS_WITHOUT_EFFECT = {"outputs_root", "base_dir", "bundled_base", "recordings_dir"}

OnProgress = Callable[[int, int, str], None]


@dataclass
class Work:
    """A recording on its way into the corpus.

    segments, voices: of an untranscribed one. facts: its entry in corpus.json, with `speech`,
    (N, 2) seconds; empty until it has been read.
    """

    recording: Recording
    segments: EmbeddedSegments | None = None
    voices: SpeakerEmbeddings | None = None
    unreadable: io.Unreadable | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.recording.source}/{self.recording.path.name}"


def prepare(
    p: CorpusParams, paths: Paths, encode: Encode, on_progress: OnProgress | None = None
) -> Corpus:
    """Cut the recordings of all sources into clips and write the corpus; same input, same bytes.

    An older corpus stays as it is until everything is cut and judged. A held-out set, once drawn,
    is kept. ASR results are cached, so that a second run needs no ASR. Where what was cut makes no
    corpus, such as too few clips, its ledger and report are in report/unfinished/. What ASR heard
    beside given texts is in report/comparison.json.

    Args:
        encode: the base's tokenizer with its language bound.
        on_progress: called with (cues done, cues in all, recording) after each recording; within an
            untranscribed one with (seconds done, seconds in all, what is being done).

    Raises:
        VagoError: no clip is kept, or a source's texts are not those that are spoken; or see
            `find_recordings`, `read_corrections`, `draw_parts`.
    """
    report = on_progress or (lambda done, total, what: None)
    recordings = find_recordings(paths.recordings(p.recordings_dir), p.sources, paths.shown)
    work = [Work(recording) for recording in recordings]
    frozen = frozen_stretches(paths.corpus)

    staging = ClipStaging(p, paths.corpus / ".clips")
    cutter = Cutter(p, paths, encode, staging, report)
    staging.remove()
    try:
        _find_speech(p, paths, work, staging, report)
        found = cutter.cut(work)
        _reject_odd_rates(p, found, staging)
        compared = verification.compare_texts(
            p, found, staging, paths.corpus / ASR_CACHE, paths.shown, report
        )
        compared.save(paths.comparison)
        made = _write(p, paths, work, found, frozen, staging, compared)
    finally:
        staging.remove()

    _remove_old_clips(made)
    remove_unfinished(paths)
    return made


def _find_speech(
    p: CorpusParams, paths: Paths, work: list[Work], staging: ClipStaging, report: OnProgress
) -> None:
    """Find the speech of untranscribed recordings, and the speakers of each source."""
    bare = [one for one in work if one.recording.untranscribed]
    if not bare:
        return

    embed = open_speaker_encoder(paths.base)[0] if p.check_speaker else None
    for number, one in enumerate(bare):
        report(number, len(bare), f"recordings searched for speech, now {one.name}")
        path = one.recording.path
        try:
            with open_recording(path, staging.scratch, untranscribed.RATES) as track:
                one.segments = untranscribed.find_segments(track, p.max_seconds, embed)
        except io.Unreadable as error:
            one.unreadable = error
    if not embed:
        return

    sample = paths.given(p.speaker_sample) if p.speaker_sample else None
    for source in p.sources:
        own = [one for one in bare if one.recording.source == source and one.segments is not None]
        voices = untranscribed.diarize(
            [one.segments for one in own], embed, sample, p.min_similarity
        )
        for one in own:
            one.voices = voices


class Cutter:
    """Cuts and judges the cues of all recordings; the clips of those kept lie in `staging`."""

    def __init__(
        self,
        p: CorpusParams,
        paths: Paths,
        encode: Encode,
        staging: ClipStaging,
        report: OnProgress,
    ):
        self.p = p
        self.encode = encode
        self.staging = staging
        self.report = report
        self.corrections = read_corrections(paths.corrections)
        self.asr_cache = paths.corpus / ASR_CACHE
        self._transcriber: Transcriber | None = None

    def cut(self, work: list[Work]) -> list[Candidate]:
        """Every candidate of these recordings."""
        found: list[Candidate] = []
        total = sum(len(one.recording.cues) for one in work)
        for one in work:
            new = self._cut_recording(one)
            found += new
            if one.recording.untranscribed:
                total += len(new)
            self.report(len(found), total, one.name)
        return found

    def _cut_recording(self, one: Work) -> list[Candidate]:
        recording = one.recording
        with ExitStack() as stack:
            try:
                track = stack.enter_context(self._opened(one))
            except io.Unreadable as error:
                return candidates.unreadable(recording, error)

            energy = vad.energy_segments(track.whole(), io.SAMPLE_RATE)
            cues, voiced = recording.cues, energy.segments
            if recording.untranscribed:
                cues, voiced = self._transcribe(one, track), one.segments.spans
            one.facts = {
                "source": recording.source,
                "recording": recording.path.name,
                "sha256": track.sha256,
                "seconds": round(track.seconds, 3),
                "speech": voiced,
            }

            judge = Judge(self.p, self.encode, self.corrections, recording, track, energy, voiced)
            found = judge.candidates(cues) or [candidates.speechless(recording, track)]
            for candidate in found:
                if candidate.kept:
                    place = candidate.place
                    self.staging.add(candidate, track.wav(place.start, place.end))
            return found

    def _opened(self, one: Work) -> AbstractContextManager[OpenRecording]:
        if one.unreadable:
            raise one.unreadable

        rates = untranscribed.RATES if one.recording.untranscribed else (io.SAMPLE_RATE,)
        return open_recording(one.recording.path, self.staging.scratch, rates)

    def _transcribe(self, one: Work, track: OpenRecording) -> list[Cue]:
        if self._transcriber is None:
            p = self.p
            self._transcriber = Transcriber(p.recogniser, self.asr_cache, p.recogniser_device)

        def report(done: int, total: int) -> None:
            self.report(done, total, f"s of {one.name} transcribed")

        return untranscribed.transcribe(
            self.p, track, one.segments, one.voices, self._transcriber, report
        )


def _reject_odd_rates(p: CorpusParams, found: list[Candidate], staging: ClipStaging) -> None:
    """Reject the clips that are spoken at a rate unusual for their source."""
    for source in p.sources:
        kept = [one for one in found if one.kept and one.place.recording.source == source]
        rates = np.array([one.measured.rate for one in kept])
        for candidate, odd in zip(kept, odd_rates(rates, p.rate_deviations)):
            if not odd:
                continue

            usual = float(np.nanmedian(rates))
            rate = f"{candidate.measured.rate:.1f} characters a second"
            candidate.reject("odd rate", f"{rate}, {usual:.1f} is usual here")
            if not candidate.kept:
                staging.drop(candidate)


def _write(
    p: CorpusParams,
    paths: Paths,
    work: list[Work],
    found: list[Candidate],
    frozen: list[Stretch] | None,
    staging: ClipStaging,
    compared: TextComparison,
) -> Corpus:
    """Draw validation and test set and write the tables and clips, or else what was cut."""
    ledger = pd.DataFrame([candidates.ledger_row(one) for one in found])
    clips = pd.DataFrame([candidates.clip_row(p, one) for one in found if one.kept])
    read = [one.facts for one in work if one.facts]
    timeline = account(read, ledger)

    texts = ""
    try:
        if wrong := verification.wrong_sources(compared):
            texts = f"\n{verification.texts_of_both(wrong)}"
            raise VagoError(verification.complaint(wrong))
        if clips.empty:
            raise VagoError(_nothing_kept(ledger, paths.shown(paths.recordings(p.recordings_dir))))
        clips["part"], stretches = draw_parts(
            clips, p.held_out_fraction, p.held_out_min_clips, p.stretch_seconds, p.seed, frozen
        )
    except VagoError as error:
        page = write_unfinished(paths, clips, ledger, timeline, staging.folder, str(error))
        where = paths.shown(page)
        raise VagoError(f"{error}. Every candidate and its fate: {where}{texts}") from None

    recordings = [
        {name: value for name, value in facts.items() if name != "speech"} for facts in read
    ]
    parameters = p.model_dump(exclude=SETTINGS_WITHOUT_EFFECT)
    return save_corpus(
        paths.corpus,
        clips,
        ledger,
        stretches,
        recordings,
        parameters,
        lambda: staging.move_to(paths.corpus / "clips"),
        timeline,
    )


def _nothing_kept(ledger: pd.DataFrame, where: str) -> str:
    reasons = ledger["reason"].value_counts().items()
    counts = ", ".join(f"{reason} {count}" for reason, count in reasons)
    first = ledger.iloc[0]
    why = f"{first['reason']} ({first['detail']})" if first["detail"] else first["reason"]
    cues = "the one cue" if len(ledger) == 1 else f"none of the {len(ledger)} cues"
    verb = "cannot" if len(ledger) == 1 else "can"
    return (
        f"{cues} in {where} {verb} be used ({counts}). The first, in {first['recording']} at "
        f"{first['start']:.2f} s: {why}. Fix the recordings or the transcripts"
    )


def _remove_old_clips(made: Corpus) -> None:
    """Remove the files of clips that an earlier corpus had and this one has not."""
    wanted = set(made.clips["file"])
    for path in (made.root / "clips").iterdir():
        if f"clips/{path.name}" not in wanted:
            path.unlink()
