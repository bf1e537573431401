"""Find the recordings of each source: with a transcript, without one, or as clips already."""

from __future__ import annotations

import difflib
import importlib.util
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from vago import VagoError
from vago.audio.asr_model import INSTALL_HINT
from vago.audio.io import FORMATS
from vago.audio.io import SUFFIXES as AUDIO_SUFFIXES
from vago.corpus.transcripts import SUFFIXES, Cue, read_cues, read_metadata

METADATA = "metadata.csv"
TRANSCRIPT = "transcript (.srt, .vtt or .csv with start,end,text)"
RECORDING = f"recording ({FORMATS})"


@dataclass(frozen=True)
class Recording:
    """An audio file and its cues.

    stem: what the ids of its clips begin with, unique in the corpus.
    number: of its first cue.
    is_clip: the file is one clip already, and its one cue covers all of it.
    speaker: from a clip folder's metadata; empty: the corpus's one.
    untranscribed: it has no transcript, so its cues are still to be found.
    """

    path: Path
    source: str
    cues: list[Cue] = field(default_factory=list)
    stem: str = ""
    number: int = 1
    is_clip: bool = False
    speaker: str = ""
    untranscribed: bool = False


def find_recordings(
    recordings_dir: Path, sources: list[str], shown: Callable[[Path], str] = str
) -> list[Recording]:
    """The recordings in recordings_dir/<source>/ of all sources, in order.

    Args:
        shown: how a path is written in messages.

    Raises:
        VagoError: a source without recordings, a transcript without its recording or one that
            cannot be read, or a recording without a transcript where no ASR is installed.
    """
    taken: set[str] = set()
    found = []
    for source in sources:
        for recording in _find_in_folder(Path(recordings_dir) / source, source, shown):
            stem = _unique_stem(recording, taken)
            taken.add(stem)
            found.append(replace(recording, stem=stem))
    return found


def _find_in_folder(folder: Path, source: str, shown: Callable[[Path], str]) -> list[Recording]:
    """The recordings of one source, without their stems."""
    files = []
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.is_file())
    files = [path for path in files if path.name[0] != "." and path.name != METADATA]
    audio = [path for path in files if path.suffix.lower() in AUDIO_SUFFIXES]
    transcripts = [path for path in files if path.suffix.lower() in SUFFIXES]

    if (folder / METADATA).is_file():
        if transcripts:
            raise VagoError(
                f"{shown(folder)} holds both {METADATA} and the transcript {transcripts[0].name}: "
                "give clips and long recordings a folder each"
            )
        return _find_clips(folder, source)

    if not audio and not transcripts:
        raise VagoError(
            f"no recordings of source {source!r}{_near(folder)}: "
            f"put them in {shown(folder)}/ as {FORMATS}, "
            "with or without a transcript of the same name (.srt, .vtt or .csv with "
            f"start,end,text), or clips with a {METADATA}"
        )

    _check_pairs(audio, transcripts, shown)
    by_stem = {path.stem: path for path in transcripts}
    return [
        Recording(path, source, read_cues(by_stem[path.stem]))
        if path.stem in by_stem
        else Recording(path, source, untranscribed=True)
        for path in audio
    ]


def _near(folder: Path) -> str:
    """ " (did you mean 'show'?)", where the folder is missing and one beside it has such a name."""
    if folder.is_dir() or not folder.parent.is_dir():
        return ""

    names = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    near = difflib.get_close_matches(folder.name, names, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _find_clips(folder: Path, source: str) -> list[Recording]:
    """The clips that metadata.csv lists; each is a recording of one cue."""
    return [
        Recording(
            clip.path,
            source,
            [Cue(0, 0, clip.text)],
            number=number,
            is_clip=True,
            speaker=clip.speaker,
        )
        for number, clip in enumerate(read_metadata(folder / METADATA), 1)
    ]


def _check_pairs(audio: list[Path], transcripts: list[Path], shown: Callable[[Path], str]) -> None:
    """Raise VagoError unless transcripts and recordings make pairs.

    A recording may be without a transcript where ASR is installed.
    """
    stems = [path.stem for path in transcripts]
    for path in audio:
        if path.stem not in stems and not importlib.util.find_spec("faster_whisper"):
            raise VagoError(
                f"{shown(path)} has no {TRANSCRIPT} of the same name, and no recogniser is "
                f"installed to write one: put one beside it, or {INSTALL_HINT}"
            )
        if stems.count(path.stem) > 1:
            raise VagoError(
                f"{shown(path)} has more than one {TRANSCRIPT} of the same name: keep one"
            )

    stems = [path.stem for path in audio]
    for path in transcripts:
        if path.stem not in stems:
            raise VagoError(
                f"{shown(path)} has no {RECORDING} of the same name: "
                "put one beside it, or remove it"
            )
        if stems.count(path.stem) > 1:
            raise VagoError(
                f"{shown(path)} has more than one {RECORDING} of the same name: keep one"
            )


def _unique_stem(recording: Recording, taken: set[str]) -> str:
    """`<source>-<file stem>` in plain letters, with a number where it is taken."""
    name = unicodedata.normalize("NFKD", f"{recording.source}-{recording.path.stem}")
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name.encode("ascii", "ignore").decode())

    found = plain
    again = 1
    while found in taken:
        again += 1
        found = f"{plain}_{again}"
    return found
