"""Find the recordings of each source: with a transcript, without one, or as clips already."""

from __future__ import annotations

import difflib
import importlib.util
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vago import VagoError
from vago.audio.asr_model import INSTALL_HINT
from vago.audio.io import FORMATS
from vago.audio.io import SUFFIXES as AUDIO_SUFFIXES
from vago.corpus.transcripts import clip_lists
from vago.corpus.transcripts.clip_lists import ClipLine
from vago.corpus.transcripts.cue import Cue
from vago.corpus.transcripts.read import SUFFIXES, read_cues
from vago.files import expand_home

METADATA = "metadata.csv"
TRANSCRIPT = "transcript (.srt, .vtt, or .csv or .tsv with start,end,text)"
RECORDING = f"recording ({FORMATS})"
MIN_TEXTS = 5  # fewer may be the same by chance
# name.hu.srt, as yt-dlp and media centres write it
LANGUAGE_MARKS = ("hu", "hun", "hungarian", "hu-hu", "hu_hu", "hu-orig")


@dataclass(frozen=True)
class Recording:
    """An audio file and its cues.

    stem: what the ids of its clips begin with, unique in the corpus.
    number: of its first cue.
    is_clip: the file is one clip already, and its one cue covers all of it.
    speaker: from a clip folder's metadata; empty: the corpus's one.
    untranscribed: it has no transcript, so its cues are still to be found.
    transcript: the file that its text comes from; None without one.
    """

    path: Path
    source: str
    cues: list[Cue] = field(default_factory=list)
    stem: str = ""
    number: int = 1
    is_clip: bool = False
    speaker: str = ""
    untranscribed: bool = False
    transcript: Path | None = None


def find_recordings(
    recordings_dir: Path, sources: list[str], shown: Callable[[Path], str] = str
) -> list[Recording]:
    """The recordings in recordings_dir/<source>/ of all sources, in order.

    Args:
        shown: how a path is written in messages.

    Raises:
        VagoError: a source without recordings, a transcript without its recording or one that
            cannot be read, the same text in most cues, or a recording without a transcript where
            no ASR is installed.
    """
    taken: set[str] = set()
    found = []
    for source in sources:
        folder = Path(recordings_dir) / expand_home(source)
        own = _find_in_folder(folder, source, shown)
        _check_texts_differ(own, shown(folder))
        for recording in own:
            stem = _unique_stem(recording, taken)
            taken.add(stem)
            found.append(replace(recording, stem=stem))
    return found


def _check_texts_differ(recordings: Sequence[Recording], where: str) -> None:
    """Raise VagoError where most cues have the same text, as of a column that is not the text."""
    texts = Counter(cue.text for one in recordings for cue in one.cues if cue.text)
    if texts.total() < MIN_TEXTS:
        return
    text, count = texts.most_common(1)[0]
    if 2 * count > texts.total():
        raise VagoError(
            f"{count} of {texts.total()} texts in {where} are {text!r}: "
            "see that each cue or clip has the text that is spoken in it"
        )


def passed_over(folder: Path) -> list[str]:
    """Names of what is in a source's folder and is not read: folders with audio, other files."""
    if not folder.is_dir():
        return []

    listed = clip_lists.lists_in(folder)
    found = []
    for path in sorted(folder.iterdir()):
        if path.name[0] == "." or path in listed:
            continue
        if path.is_dir():
            inside = any(file.suffix.lower() in AUDIO_SUFFIXES for file in path.rglob("*"))
            if inside and not (listed and path.name == "wavs"):
                found.append(f"{path.name}/")
        elif path.suffix.lower() not in (*AUDIO_SUFFIXES, *SUFFIXES, *clip_lists.BESIDE):
            found.append(path.name)
    return found


def _find_in_folder(folder: Path, source: str, shown: Callable[[Path], str]) -> list[Recording]:
    """The recordings of one source, without their stems."""
    files = []
    if folder.is_dir():
        files = sorted(path for path in folder.iterdir() if path.is_file())
    lists = clip_lists.lists_in(folder)
    files = [path for path in files if path.name[0] != "." and path not in lists]
    audio = [path for path in files if path.suffix.lower() in AUDIO_SUFFIXES]
    transcripts = [path for path in files if path.suffix.lower() in SUFFIXES]

    if lists:
        if transcripts:
            raise VagoError(
                f"{shown(folder)} holds both {lists[0].name} and the transcript "
                f"{transcripts[0].name}: give clips and long recordings a folder each"
            )
        return _clips(clip_lists.read_lists(lists), source)

    if not audio and not transcripts:
        others = passed_over(folder)
        has = f" (it has {', '.join(others[:3])})" if others else ""
        raise VagoError(
            f"no recordings of source {source!r}{_near(folder)}{has}: "
            f"put them in {shown(folder)}/ as {FORMATS}, "
            "with or without a transcript of the same name (.srt, .vtt, or .csv or .tsv with "
            f"start,end,text), or clips with a {METADATA}"
        )

    beside = {path: clip_lists.text_beside(path) for path in audio}
    by_audio = _pairs([path for path in audio if not beside[path]], transcripts, shown)
    found = []
    for path in audio:
        if text := beside[path]:
            found += _clips([clip_lists.read_beside(path, text)], source)
        elif transcript := by_audio.get(path):
            cues = read_cues(transcript)
            found.append(Recording(path, source, cues, transcript=transcript))
        else:
            found.append(Recording(path, source, untranscribed=True))
    return found


def _near(folder: Path) -> str:
    """ " (did you mean 'show'?)", where the folder is missing and one beside it has such a name."""
    if folder.is_dir() or not folder.parent.is_dir():
        return ""

    names = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    near = difflib.get_close_matches(folder.name, names, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _clips(lines: Sequence[ClipLine], source: str) -> list[Recording]:
    """Clips and their texts; each is a recording of one cue."""
    return [
        Recording(
            clip.path,
            source,
            [Cue(0, 0, clip.text, clip.line, verdict=clip.verdict)],
            number=number,
            is_clip=True,
            speaker=clip.speaker,
            transcript=clip.listed_in,
        )
        for number, clip in enumerate(lines, 1)
    ]


def _pairs(
    audio: Sequence[Path], transcripts: Sequence[Path], shown: Callable[[Path], str]
) -> dict[Path, Path]:
    """The transcript of each recording that has one, which bears its name.

    Raises:
        VagoError: a transcript without a recording, several for one, or a recording without one
            where no ASR is installed.
    """
    found: dict[Path, Path] = {}
    stems = [_plain(path.stem) for path in audio]
    for transcript in transcripts:
        own = [path for path, stem in zip(audio, stems) if stem in _stems_of(transcript)]
        if not own:
            raise VagoError(
                f"{shown(transcript)} has no {RECORDING} of the same name: "
                "put one beside it, or remove it"
            )
        if len(own) > 1:
            raise VagoError(
                f"{shown(transcript)} has more than one {RECORDING} of the same name: keep one"
            )
        if own[0] in found:
            raise VagoError(
                f"{shown(own[0])} has more than one {TRANSCRIPT} of the same name: keep one"
            )
        found[own[0]] = transcript

    for path in audio:
        if path not in found and not importlib.util.find_spec("faster_whisper"):
            raise VagoError(
                f"{shown(path)} has no {TRANSCRIPT} of the same name, and no recogniser is "
                f"installed to write one: put one beside it, or {INSTALL_HINT}"
            )
    return found


def _stems_of(transcript: Path) -> list[str]:
    """The names that its recording may have: a.hu.srt may belong to a.wav."""
    stem = _plain(transcript.stem)
    name, _, mark = stem.rpartition(".")
    return [stem, name] if name and mark in LANGUAGE_MARKS else [stem]


def _plain(name: str) -> str:
    """A name without the differences between systems: case, and how ő is written."""
    return unicodedata.normalize("NFC", name).casefold()


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
