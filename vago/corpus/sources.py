"""What there is to cut: each source's recordings, with a transcript, without one, or as clips already."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vago import VagoError
from vago.audio.asr import INSTALL
from vago.audio.io import FORMATS
from vago.audio.io import SUFFIXES as AUDIO_SUFFIXES
from vago.corpus.transcripts import SUFFIXES, Cue, read_cues, read_metadata


@dataclass(frozen=True)
class Recording:
    """A sound file and its cues. `whole`: the file is one clip already, and its one cue spans it; `untold`: no transcript."""

    path: Path
    cues: list[Cue]
    whole: bool = False
    number: int = 1
    speaker: str = ""
    untold: bool = False


@dataclass(frozen=True)
class Source:
    name: str
    recordings: list[Recording]


def find_sources(
    recordings_dir: Path, sources: list[str], shown: Callable[[Path], str] = str
) -> list[Source]:
    """What there is to cut in recordings_dir/<source>/.

    Args:
        shown: how a path is written in messages

    Raises:
        VagoError: nothing there, a transcript without its recording or one that cannot be read, or a recording without
            a transcript where no recogniser is installed
    """
    return [
        Source(name, _find_recordings(Path(recordings_dir) / name, name, shown)) for name in sources
    ]


def _find_recordings(folder: Path, name: str, shown: Callable[[Path], str]) -> list[Recording]:
    files = (
        sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
        if folder.is_dir()
        else []
    )
    sounds = [path for path in files if path.suffix.lower() in AUDIO_SUFFIXES]
    scripts = [
        path for path in files if path.suffix.lower() in SUFFIXES and path.name != "metadata.csv"
    ]
    if (folder / "metadata.csv").is_file():
        if scripts:
            both = f"{shown(folder)} holds both metadata.csv and the transcript {scripts[0].name}"
            raise VagoError(f"{both}: give clips and long recordings a folder each")
        lines = read_metadata(folder / "metadata.csv")
        return [
            Recording(at.path, [Cue(0, 0, at.text)], True, number, at.speaker)
            for number, at in enumerate(lines, 1)
        ]
    if not sounds and not scripts:
        raise VagoError(
            f"no recordings of source {name!r}: put them in {shown(folder)}/ as {FORMATS}, with or without a transcript "
            "of the same name (.srt, .vtt or .csv with start,end,text), or clips with a metadata.csv"
        )
    transcript, sound = (
        "transcript (.srt, .vtt or .csv with start,end,text)",
        f"recording ({FORMATS})",
    )
    for these, those, missing in ((sounds, scripts, transcript), (scripts, sounds, sound)):
        stems = [path.stem for path in those]
        for path in these:
            if path.stem not in stems and these is scripts:
                raise VagoError(
                    f"{shown(path)} has no {missing} of the same name: put one beside it, or take it away"
                )
            if path.stem not in stems and not importlib.util.find_spec("faster_whisper"):
                raise VagoError(
                    f"{shown(path)} has no {missing} of the same name, and no recogniser is installed to write one: "
                    f"put one beside it, or {INSTALL}"
                )
            if stems.count(path.stem) > 1:
                raise VagoError(
                    f"{shown(path)} has more than one {missing} of the same name: leave one"
                )
    by_stem = {path.stem: path for path in scripts}
    return [
        Recording(path, read_cues(by_stem[path.stem]))
        if path.stem in by_stem
        else Recording(path, [], untold=True)
        for path in sounds
    ]


def stem(source: str, recording: Recording, taken: set[str]) -> str:
    """`<source>-<recording stem>` in plain letters, for no two recordings the same; `taken` grows by it."""
    plain = (
        unicodedata.normalize("NFKD", f"{source}-{recording.path.stem}")
        .encode("ascii", "ignore")
        .decode()
    )
    found = base = re.sub(r"[^A-Za-z0-9_-]+", "_", plain)
    again = 1
    while found in taken:
        again += 1
        found = f"{base}_{again}"
    taken.add(found)
    return found
