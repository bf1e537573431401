"""Recordings and their transcripts into a corpus: every cue cut at the silences around it, judged, and written down."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.signal import correlate

from vago import VagoError, audio, corpus, text
from vago.cutting import cut
from vago.params import CorpusParams
from vago.paths import Paths
from vago.transcripts import SUFFIXES, Cue, read_cues, read_metadata

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
MAX_SAMPLES = 255_995  # at 22,050 Hz, XTTS's own limit
_PLACES = {"outputs_root", "base_dir", "recordings_dir"}  # settings that do not change what is in a corpus


@dataclass(frozen=True)
class Recording:
    """A sound file and its cues; `whole`: the file is one clip already, and its one cue spans it."""

    path: Path
    cues: list[Cue]
    whole: bool = False
    number: int = 1
    speaker: str = ""


@dataclass(frozen=True)
class Source:
    name: str
    recordings: list[Recording]


def find_sources(recordings_dir: Path, sources: list[str], shown: Callable[[Path], str] = str) -> list[Source]:
    """What there is to cut in recordings_dir/<source>/.

    Args:
        shown: how a path is written in messages

    Raises:
        VagoError: nothing there, a recording without transcript or the other way round, a transcript that cannot be read
    """
    return [Source(name, _find_recordings(Path(recordings_dir) / name, name, shown)) for name in sources]


def _find_recordings(folder: Path, name: str, shown: Callable[[Path], str]) -> list[Recording]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".") if folder.is_dir() else []
    sounds = [path for path in files if path.suffix.lower() in AUDIO_SUFFIXES]
    scripts = [path for path in files if path.suffix.lower() in SUFFIXES and path.name != "metadata.csv"]
    if (folder / "metadata.csv").is_file():
        if scripts:
            both = f"{shown(folder)} holds both metadata.csv and the transcript {scripts[0].name}"
            raise VagoError(f"{both}: give clips and long recordings a folder each")
        lines = read_metadata(folder / "metadata.csv")
        return [Recording(at.path, [Cue(0, 0, at.text)], True, number, at.speaker) for number, at in enumerate(lines, 1)]
    if not sounds and not scripts:
        raise VagoError(
            f"no recordings of source {name!r}: put them in {shown(folder)}/ as WAV, FLAC, OGG or MP3, each with a transcript "
            "of the same name (.srt, .vtt or .csv with start,end,text), or clips with a metadata.csv"
        )
    transcript, sound = "transcript (.srt, .vtt or .csv with start,end,text)", "recording (WAV, FLAC, OGG or MP3)"
    for these, those, missing in ((sounds, scripts, transcript), (scripts, sounds, sound)):
        stems = [path.stem for path in those]
        for path in these:
            if path.stem not in stems:
                raise VagoError(f"{shown(path)} has no {missing} of the same name: put one beside it, or take it away")
            if stems.count(path.stem) > 1:
                raise VagoError(f"{shown(path)} has more than one {missing} of the same name: leave one")
    by_stem = {path.stem: path for path in scripts}
    return [Recording(path, read_cues(by_stem[path.stem])) for path in sounds]


@dataclass
class Candidate:
    """A cue on its way through the pipeline; `reason` stays empty where it is kept. wav: (samples,) at 22,050 Hz."""

    clip_id: str
    source: str
    recording: Recording
    cue: Cue
    start: float
    end: float
    text: str
    recording_sha256: str = ""
    tokens: int = 0
    reason: str = ""
    detail: str = ""
    wav: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)


def prepare(
    p: CorpusParams,
    paths: Paths,
    encode: Callable[[str], list[int]],
    on_progress: Callable[[int, int, str], None] | None = None,
) -> corpus.Corpus:
    """Cut all sources' recordings into clips and write the corpus; the same input gives the same bytes.

    Until everything is cut and judged, an older corpus stays as it is; the held-out set, once drawn, stays for good.

    Args:
        encode: the base's tokenizer with its language bound
        on_progress: called with (cues done, cues in all, recording) after each recording

    Raises:
        VagoError: see `find_sources` and `split_held_out`; or no clip was kept
    """
    sources = find_sources(paths.recordings(p.recordings_dir), p.sources, paths.shown)
    frozen = corpus.frozen_stretches(paths.corpus)
    staging = paths.corpus / ".clips"
    shutil.rmtree(staging, ignore_errors=True)
    try:
        clips, ledger, heard = _cut_all(p, sources, encode, staging, on_progress)
        if not clips:
            reasons = pd.Series([row["reason"] for row in ledger]).value_counts().to_dict()
            counts = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
            where = paths.shown(paths.recordings(p.recordings_dir))
            raise VagoError(f"none of the {len(ledger)} cues in {where} can be used ({counts}): mend recordings or transcripts")
        table = pd.DataFrame(clips)
        table["held_out"], stretches = corpus.split_held_out(
            table, p.held_out_fraction, p.held_out_min_clips, p.stretch_seconds, p.seed, frozen
        )
        parameters = {name: value for name, value in p.model_dump().items() if name not in _PLACES}
        place = lambda: _place(staging, paths.corpus / "clips")  # noqa: E731
        made = corpus.save(paths.corpus, table, pd.DataFrame(ledger), stretches, heard, parameters, place)
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


def _cut_all(
    p: CorpusParams, sources: list[Source], encode: Callable[[str], list[int]], staging: Path, on_progress
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the clip table, of the ledger, and the recordings heard; the clips lie in `staging`."""
    clips, ledger, heard = [], [], []
    same_text: dict[str, list[str]] = {}
    work = [(source.name, recording) for source in sources for recording in source.recordings]
    total, taken = sum(len(recording.cues) for _, recording in work), set()
    for source, recording in work:
        candidates, about = _judge(p, source, recording, _stem(source, recording, taken), encode)
        heard += [about] if about else []
        for candidate in candidates:
            wav = np.zeros(0, np.float32)
            if not candidate.reason:
                wav = audio.set_loudness(candidate.wav, audio.SAMPLE_RATE, p.loudness_lufs)
                for earlier in same_text.get(candidate.text, []):
                    if _alike(wav, audio.load(staging / f"{earlier}.wav")[0]):
                        candidate.reason, candidate.detail = "duplicate", f"sounds like {earlier}"
            ledger.append(_ledger_row(candidate))
            if not candidate.reason:
                same_text.setdefault(candidate.text, []).append(candidate.clip_id)
                audio.write(staging / f"{candidate.clip_id}.wav", wav, audio.SAMPLE_RATE)
                clips.append(_clip_row(p, candidate, audio.sha256(wav)))
        if on_progress:
            on_progress(len(ledger), total, f"{source}/{recording.path.name}")
    return clips, ledger, heard


def _stem(source: str, recording: Recording, taken: set[str]) -> str:
    """`<source>-<recording stem>` in plain letters, for no two recordings the same."""
    plain = unicodedata.normalize("NFKD", f"{source}-{recording.path.stem}").encode("ascii", "ignore").decode()
    stem = base = re.sub(r"[^A-Za-z0-9_-]+", "_", plain)
    again = 1
    while stem in taken:
        again += 1
        stem = f"{base}_{again}"
    taken.add(stem)
    return stem


def _judge(
    p: CorpusParams, source: str, recording: Recording, stem: str, encode: Callable[[str], list[int]]
) -> tuple[list[Candidate], dict[str, Any] | None]:
    """Cut one recording's cues and find what is wrong with each."""
    candidates = []
    for number, cue in enumerate(recording.cues, recording.number):
        candidate = Candidate(f"{stem}-{number:04d}", source, recording, cue, cue.start, cue.end, text.normalise(cue.text))
        tokens, reason = text.check(candidate.text, encode, p.max_tokens)
        candidate.tokens, candidate.reason = len(tokens), reason or ""
        if reason == "unknown token":
            candidate.detail = text.unknown_characters(candidate.text, encode)
        elif reason and tokens:
            candidate.reason, candidate.detail = "text over 200 tokens", f"{len(tokens)} tokens, {p.max_tokens} is the most"
        candidates.append(candidate)
    try:
        native, rate = audio.load(recording.path)
    except VagoError as error:
        for candidate in candidates:
            candidate.reason, candidate.detail = "unreadable", str(error).replace(str(recording.path), recording.path.name)
        return candidates, None

    sha256, duration = audio.sha256(native), len(native) / rate
    wav = audio.resample(native, rate, audio.SAMPLE_RATE)
    cues = [(0.0, duration) if recording.whole else (cue.start, cue.end) for cue in recording.cues]
    spans = cut(cues, audio.find_speech(wav, audio.SAMPLE_RATE), p.search_seconds, p.padding_seconds, duration)
    for candidate, cue, span in zip(candidates, cues, spans, strict=True):
        start, end = span or (min(cue[0], duration), min(cue[1], duration))
        candidate.recording_sha256, candidate.start, candidate.end = sha256, start, end
        candidate.wav = wav[round(start * audio.SAMPLE_RATE) : round(end * audio.SAMPLE_RATE)].copy()
        if not candidate.reason:
            as_recorded = native[round(start * rate) : round(end * rate)]
            candidate.reason, candidate.detail = _fault(p, candidate.wav, as_recorded, span is None)
    return candidates, {"source": source, "recording": recording.path.name, "sha256": sha256, "seconds": round(duration, 3)}


def _fault(p: CorpusParams, wav: np.ndarray, native: np.ndarray, speechless: bool) -> tuple[str, str]:
    """What is wrong with a cut clip: the ledger's reason and its detail, both empty where nothing is.

    Args:
        native: the clip at its recording's own rate, where clipping shows: resampling rounds it off
    """
    seconds = len(wav) / audio.SAMPLE_RATE
    loudest = audio.loudest_dbfs(wav, audio.SAMPLE_RATE)
    clipped = audio.clipped_fraction(native)
    if len(wav) and (speechless or loudest < p.silent_dbfs):
        return "silent", f"{loudest:.1f} dBFS at its loudest"
    if len(wav) > MAX_SAMPLES or seconds > p.max_seconds:
        return "too long", f"{seconds:.2f} s, {p.max_seconds:g} s is the most"
    if seconds < p.min_seconds:
        where = "" if len(wav) else ": it lies past the recording's end"
        return "too short", f"{seconds:.2f} s, {p.min_seconds:g} s is the least{where}"
    if clipped > p.clipped_fraction:
        return "clipped", f"{100 * clipped:.2f} % of the samples at full scale"
    return "", ""


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two takes of a text are the same sound: nearly as long, and correlated at some small shift."""
    if min(len(one), len(other)) < 0.97 * max(len(one), len(other)):
        return False
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    return scale > 0 and float(np.max(correlate(one, other, method="fft"))) > 0.95 * scale


def _ledger_row(candidate: Candidate) -> dict[str, Any]:
    return {
        "candidate": candidate.clip_id,
        "source": candidate.source,
        "recording": candidate.recording.path.name,
        "start": candidate.start,
        "end": candidate.end,
        "seconds": len(candidate.wav) / audio.SAMPLE_RATE if len(candidate.wav) else candidate.end - candidate.start,
        "text": candidate.text,
        "fate": "rejected" if candidate.reason else "kept",
        "reason": candidate.reason,
        "detail": candidate.detail,
        "clip_id": "" if candidate.reason else candidate.clip_id,
    }


def _clip_row(p: CorpusParams, candidate: Candidate, sha256: str) -> dict[str, Any]:
    seconds = len(candidate.wav) / audio.SAMPLE_RATE
    own = candidate.cue.category
    return {
        "clip_id": candidate.clip_id,
        "file": f"clips/{candidate.clip_id}.wav",
        "source": candidate.source,
        "category": text.category(candidate.text, seconds, own, p.long_seconds, p.medium_seconds),
        "recording": candidate.recording.path.name,
        "recording_sha256": candidate.recording_sha256,
        "start": candidate.start,
        "end": candidate.end,
        "seconds": seconds,
        "text": candidate.text,
        "written": candidate.cue.text,
        "tokens": candidate.tokens,
        "sha256": sha256,
        "speaker": candidate.recording.speaker or p.speaker,
    }
