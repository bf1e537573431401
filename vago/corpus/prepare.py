"""Recordings into a corpus: every cue, given or heard, cut at the silences around it, judged, and written down."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vago import VagoError
from vago.audio import denoise, io, reader, speakers
from vago.audio.asr import Transcriber
from vago.corpus import candidates, corpus, corrections, measures, untranscribed
from vago.corpus.candidates import Candidate, Encode
from vago.corpus.params import CorpusParams
from vago.corpus.sources import Recording, Source, find_sources, stem
from vago.model import speaker_encoder
from vago.paths import Paths
from vago.text.error_rate import words_only

__all__ = ["find_sources", "prepare"]

HEARD = ".heard"  # in the corpus's folder: what a recogniser heard, by the sound's hash; hidden, for it is no part of the corpus
_PLACES = {
    "outputs_root",
    "base_dir",
    "recordings_dir",
}  # settings that do not change what is in a corpus

Progress = Callable[[int, int, str], None]
Clean = Callable[[np.ndarray, int], np.ndarray]


@dataclass
class Work:
    """A recording to be cut; `heard` and `voices` where it has no transcript."""

    source: str
    recording: Recording
    stem: str
    heard: untranscribed.Listened | None = None
    voices: speakers.Voices | None = None
    unreadable: io.Unreadable | None = None
    about: dict[str, Any] = field(default_factory=dict)


def prepare(
    p: CorpusParams, paths: Paths, encode: Encode, on_progress: Progress | None = None
) -> corpus.Corpus:
    """Cut all sources' recordings into clips and write the corpus; the same input gives the same bytes.

    Until everything is cut and judged, an older corpus stays as it is; the held-out set, once drawn, stays for good. What a
    recogniser heard is kept, so that a second run does not listen again.

    Args:
        encode: the base's tokenizer with its language bound
        on_progress: called with (cues done, cues in all, recording) after each recording, and within one that has no
            transcript with (seconds done, seconds in all, what is being done)

    Raises:
        VagoError: see `find_sources`, `corrections.read` and `split_held_out`; or no clip was kept
    """
    sources = find_sources(paths.recordings(p.recordings_dir), p.sources, paths.shown)
    decided = corrections.read(paths.corrections)
    frozen = corpus.frozen_stretches(paths.corpus)
    staging = paths.corpus / ".clips"
    shutil.rmtree(staging, ignore_errors=True)
    tell = on_progress or (lambda *told: None)
    try:
        work = _listen(p, paths, sources, staging, tell)
        found = _cut_all(p, paths, work, encode, decided, staging, tell)
        ledger = pd.DataFrame([candidates.ledger_row(one) for one in found])
        if not (clips := [candidates.clip_row(p, one) for one in found if not one.reason]):
            counts = ", ".join(
                f"{reason} {count}" for reason, count in ledger["reason"].value_counts().items()
            )
            where = paths.shown(paths.recordings(p.recordings_dir))
            raise VagoError(
                f"none of the {len(ledger)} cues in {where} can be used ({counts}): mend recordings or transcripts"
            )
        table, heard = pd.DataFrame(clips), [one.about for one in work if one.about]
        table["held_out"], stretches = corpus.split_held_out(
            table, p.held_out_fraction, p.held_out_min_clips, p.stretch_seconds, p.seed, frozen
        )
        parameters = {name: value for name, value in p.model_dump().items() if name not in _PLACES}
        fates = corpus.account(heard, ledger)
        heard = [{name: value for name, value in one.items() if name != "speech"} for one in heard]
        place = lambda: _place(staging, paths.corpus / "clips")  # noqa: E731
        made = corpus.save(paths.corpus, table, ledger, stretches, heard, parameters, place, fates)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    keep = set(made.clips["file"])
    for path in (paths.corpus / "clips").iterdir():
        if f"clips/{path.name}" not in keep:
            path.unlink()
    return made


def _place(staging: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(staging.iterdir()):
        os.replace(path, folder / path.name)


def _listen(
    p: CorpusParams, paths: Paths, sources: list[Source], staging: Path, tell: Progress
) -> list[Work]:
    """All recordings; those without a transcript with where they speak and, of all of a source together, whose voice is whose."""
    taken: set[str] = set()
    work = [
        Work(source.name, one, stem(source.name, one, taken))
        for source in sources
        for one in source.recordings
    ]
    bare = [one for one in work if one.recording.untold]
    embed = speaker_encoder.open_encoder(paths.base)[0] if bare and p.check_speaker else None
    for number, one in enumerate(bare, 1):
        tell(
            number - 1,
            len(bare),
            f"recordings listened to for speech, now {one.source}/{one.recording.path.name}",
        )
        try:
            with untranscribed.read(one.recording.path, staging / ".track") as track:
                one.heard = untranscribed.listen(track, p.max_seconds, embed)
        except io.Unreadable as error:
            one.unreadable = error
    sample = paths.root / p.speaker_sample if p.speaker_sample else None
    for source in sources if embed else []:
        own = [one for one in bare if one.source == source.name and one.heard is not None]
        voices = untranscribed.voices_of(
            [one.heard for one in own], embed, sample, p.min_similarity
        )
        for one in own:
            one.voices = voices
    return work


def _cut_all(
    p: CorpusParams, paths: Paths, work: list[Work], encode: Encode, decided: list[corrections.Correction], staging: Path,
    tell: Progress,
) -> list[Candidate]:  # fmt: skip
    """Every candidate, without its sound; what is kept of that lies in `staging`."""
    found: list[Candidate] = []
    same_text: dict[str, list[str]] = {}
    known, heard = sum(len(one.recording.cues) for one in work), 0
    transcriber, clean = None, denoise.open_filter() if p.denoise else None
    for one in work:
        if one.recording.untold and transcriber is None:
            transcriber = Transcriber(p.recogniser, paths.corpus / HEARD, p.recogniser_device)
        for candidate in _candidates(
            p, one, encode, decided, staging / ".track", transcriber, tell
        ):
            heard += one.recording.untold
            if not candidate.reason:
                _stage(p, candidate, same_text, staging, clean)
            candidate.wav = np.zeros(0, np.float32)
            found.append(candidate)
        tell(len(found), known + heard, f"{one.source}/{one.recording.path.name}")
    for source in {one.source for one in work}:
        kept = [one for one in found if one.source == source and not one.reason]
        rates = np.array([one.measured.get("rate", np.nan) for one in kept])
        for candidate, odd in zip(kept, measures.odd_rates(rates, p.rate_deviations)):
            if odd:
                usual = float(np.nanmedian(rates))
                candidate.refuse(
                    "odd rate",
                    f"{candidate.measured['rate']:.1f} characters a second, {usual:.1f} is usual here",
                )
            if candidate.reason:
                (staging / f"{candidate.clip_id}.wav").unlink()
    return found


def _candidates(
    p: CorpusParams, one: Work, encode: Encode, decided: list[corrections.Correction], scratch: Path,
    transcriber: Transcriber | None, tell: Progress,
) -> list[Candidate]:  # fmt: skip
    """One recording's candidates, judged one by one."""
    recording, name = one.recording, f"{one.source}/{one.recording.path.name}"
    with ExitStack() as stack:
        try:
            if one.unreadable:
                raise one.unreadable
            open_track = untranscribed.read if recording.untold else reader.opened
            track = stack.enter_context(open_track(recording.path, scratch))
        except io.Unreadable as error:
            return candidates.unreadable(one.source, recording, one.stem, error)
        speech = io.find_speech(track.whole(), io.SAMPLE_RATE)
        cues, voiced = recording.cues, speech.segments
        if recording.untold:
            told = lambda done, total: tell(done, total, f"s of {name} heard")  # noqa: E731
            cues, voiced = (
                untranscribed.cues_of(p, track, one.heard, one.voices, transcriber, told),
                one.heard.stretches,
            )
        one.about = {
            "source": one.source, "recording": recording.path.name, "sha256": track.sha256,
            "seconds": round(track.seconds, 3), "speech": voiced,
        }  # fmt: skip
        return candidates.judge(
            p, one.source, recording, one.stem, encode, track, cues, speech, voiced, decided
        )


def _stage(
    p: CorpusParams,
    one: Candidate,
    same_text: dict[str, list[str]],
    staging: Path,
    clean: Clean | None,
) -> None:
    """Write the clip at the corpus's loudness, unless the same sound says the same already."""
    one.denoised = clean is not None
    wav = clean(one.wav, io.SAMPLE_RATE) if clean else one.wav
    wav = io.set_loudness(wav, io.SAMPLE_RATE, p.loudness_lufs)
    said = words_only(one.text)
    for earlier in same_text.get(said, []):
        if candidates.alike(wav, io.load(staging / f"{earlier}.wav")[0]):
            one.refuse("duplicate", f"sounds like {earlier}")
    if one.reason:
        return
    same_text.setdefault(said, []).append(one.clip_id)
    io.write(staging / f"{one.clip_id}.wav", wav, io.SAMPLE_RATE)
    one.sha256 = io.sha256(wav)
