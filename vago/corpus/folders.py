"""Which sources a folder of recordings holds, for a profile that is to be made of them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vago import VagoError
from vago.audio.io import FORMATS
from vago.audio.io import SUFFIXES as AUDIO_SUFFIXES
from vago.corpus.sources import METADATA
from vago.corpus.transcripts.clip_lists import lists_in

SHOWN_FILES = 3  # of a folder without recordings, in the message


@dataclass(frozen=True)
class SourceFolders:
    """The folder that holds one folder per source, and their names in order."""

    folder: Path
    names: list[str]


def source_folders(folder: Path, named: Sequence[str] = ()) -> SourceFolders:
    """The sources in `folder`: its folders with recordings, or itself where it has the recordings.

    Args:
        folder: an absolute path.
        named: the sources to take, in this order; empty: all, in the order of their names.

    Raises:
        VagoError: there is no such folder, it holds no recordings, or not those of a named source.
    """
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise VagoError(f"{folder} {what}: name the folder with the recordings")

    below = sorted(path for path in _listed(folder) if path.is_dir() and has_recordings(path))
    names = [path.name for path in below]
    is_flat = has_recordings(folder)
    if named:
        if is_flat and list(named) == [folder.name]:
            return SourceFolders(folder.parent, [folder.name])
        return SourceFolders(folder, _chosen(folder, names, named))

    if is_flat and names:
        raise VagoError(
            f"{folder} holds recordings itself and in its folders ({', '.join(names)}): "
            "move the loose ones into a folder of their own, or name the sources to take"
        )
    if is_flat:
        return SourceFolders(folder.parent, [folder.name])
    if not names:
        raise VagoError(
            f"no recordings in {folder}{_found(folder)}: put {FORMATS} files there, or one folder "
            f"of them for each source, or clips with a {METADATA}"
        )
    return SourceFolders(folder, names)


def has_recordings(folder: Path) -> bool:
    """Whether a source can be this folder: audio files, or clips with a metadata.csv."""
    if lists_in(folder):
        return True
    return any(path.is_file() and path.suffix.lower() in AUDIO_SUFFIXES for path in _listed(folder))


def _listed(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if not name.startswith(".")]
    except OSError as error:
        raise VagoError(f"{folder} cannot be read ({error.strerror}): check its rights") from None


def _chosen(folder: Path, names: list[str], named: Sequence[str]) -> list[str]:
    twice = sorted({name for name in named if list(named).count(name) > 1})
    if twice:
        raise VagoError(f"source {twice[0]!r} is named twice: name it once")

    for name in named:
        if name in names:
            continue
        near = difflib.get_close_matches(name, names, n=1)
        there = f"there are {', '.join(names)}" if names else "no folder in it has any"
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise VagoError(f"no recordings of source {name!r} in {folder}: {hint}{there}")
    return list(named)


def _found(folder: Path) -> str:
    """ " (it has a.wma, b.txt)", so that a wrong format or folder is seen at once."""
    files = sorted(path.name for path in _listed(folder) if path.is_file())
    if not files:
        return ""
    more = ", …" if len(files) > SHOWN_FILES else ""
    return f" (it has {', '.join(files[:SHOWN_FILES])}{more})"
