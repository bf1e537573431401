"""The demo's recordings as files: ten WAVs with transcripts, and a manifest of their hashes."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import soundfile as sf

from vago import VagoError
from vago.files import sha256_of, sha256_of_text, write_json, write_whole
from vago.fingerprint import code_digests
from vago.recipes.demo.composition import (
    EPISODES,
    INTERVIEW_CLIPS,
    PARTS,
    QUIZ_CLIPS,
    DemoCue,
    interview_parts,
    quiz_episodes,
)

MANIFEST = "recordings.json"
COUNTS = {"quiz": EPISODES, "interview": PARTS}  # recordings of each source

# recording -> its WAV and its transcript, in the order in which they are made
FILES = {
    f"quiz/episode_{n}": (f"quiz/episode_{n}.wav", f"quiz/episode_{n}.csv")
    for n in range(1, EPISODES + 1)
}
FILES |= {
    f"interview/part_{n}": (f"interview/part_{n}.wav", f"interview/part_{n}.srt")
    for n in range(1, PARTS + 1)
}


def make_recordings(
    folder: Path, seed: int = 1, on_progress: Callable[[str], None] | None = None
) -> list[Path]:
    """Speak both sources into `folder`: quiz/episode_1.wav and .csv, interview/part_1.wav and .srt.

    80 clips of the quiz show and 231 of the interview are to be kept; six more cues are there to be
    rejected. The same seed gives the same bytes on one machine. Files that are there already, as
    recordings.json has them, are left alone, unless the code that makes them has changed.

    Returns:
        the paths of the ten WAV files.

    Raises:
        VagoError: espeak-ng cannot be loaded, or a file cannot be written.
    """
    folder = Path(folder)
    report = on_progress or (lambda line: None)
    recordings = [folder / wav for wav, _ in FILES.values()]

    known = _known_files(folder / MANIFEST, seed)
    intact = {file for file, digest in known.items() if sha256_of(folder / file) == digest}
    if intact.issuperset(itertools.chain(*FILES.values())):
        return recordings

    used: set[str] = set()
    tracks = itertools.chain(quiz_episodes(seed, used), interview_parts(seed, used))
    planted = []
    try:
        for name, (wav, transcript) in FILES.items():
            report(_progress(name))
            track = next(tracks)

            (folder / wav).parent.mkdir(parents=True, exist_ok=True)
            if wav not in intact:
                sf.write(folder / wav, track.samples, track.rate, subtype="PCM_16")
            if transcript not in intact:
                render = csv_transcript if transcript.endswith(".csv") else srt_transcript
                write_whole(folder / transcript, render(track.cues))

            planted += [
                dict(recording=name, start=cue.start, text=cue.text, reason=cue.rejected)
                for cue in track.cues
                if cue.rejected
            ]
        _write_manifest(folder, seed, planted)
    except (OSError, sf.LibsndfileError) as error:
        raise VagoError(
            f"the demo recordings could not be written to {folder} ({error}): "
            "they need 180 MB there"
        ) from error

    return recordings


def csv_transcript(cues: Iterable[DemoCue]) -> str:
    """CSV with the columns start, end (seconds), text, category."""
    rows = ([f"{cue.start:.3f}", f"{cue.end:.3f}", cue.text, cue.category] for cue in cues)
    content = io.StringIO(newline="")
    table = csv.writer(content)
    table.writerow(["start", "end", "text", "category"])
    table.writerows(rows)
    return content.getvalue()


def srt_transcript(cues: Iterable[DemoCue]) -> str:
    """SubRip: numbered blocks of times and text."""
    return "\n".join(
        f"{number}\n{_srt_time(cue.start)} --> {_srt_time(cue.end)}\n{cue.text}\n"
        for number, cue in enumerate(cues, start=1)
    )


def _srt_time(seconds: float) -> str:
    """83.5 -> 00:01:23,500."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d},{milliseconds % 1000:03d}"


def _progress(name: str) -> str:
    """interview/part_2 -> interview part 2 of 6."""
    source, recording = name.split("/")
    return f"{source} {recording.replace('_', ' ')} of {COUNTS[source]}"


def _code() -> str:
    """Digest of the code that decides on samples and transcripts: other code makes them again."""
    digests = code_digests([__name__], aside=["vago.files", "vago.fingerprint"])
    return sha256_of_text(json.dumps(digests))


def _write_manifest(folder: Path, seed: int, planted: list[dict]) -> None:
    content = {
        "code": _code(),
        "seed": seed,
        "kept": {"quiz": QUIZ_CLIPS, "interview": sum(INTERVIEW_CLIPS.values())},
        "planted": planted,
        "files": {file: sha256_of(folder / file) for file in itertools.chain(*FILES.values())},
    }
    write_json(folder / MANIFEST, content)


def _known_files(manifest: Path, seed: int) -> dict[str, str]:
    """File -> SHA-256 as recorded for this seed and code; empty without a readable manifest."""
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        made_by = (content["code"], content["seed"])
        return content["files"] if made_by == (_code(), seed) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
