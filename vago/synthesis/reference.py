"""What the setting `reference` names; read by the workbook, so nothing heavy is here."""

from __future__ import annotations

from pathlib import Path

from vago.paths import Paths
from vago.synthesis.params import SampleParams


def reference_file(p: SampleParams, paths: Paths) -> Path | None:
    """The file that `p.reference` names, relative to the project; None where it is a clip's id.

    A file that does not exist is recognised by its suffix.
    """
    if p.reference is None:
        return None
    from vago.audio.io import SUFFIXES  # when called: librosa takes its time

    try:
        file = paths.given(p.reference)
        is_file = file.is_file()
    except (OSError, ValueError):  # a name too long, a NUL character
        return None
    return file if is_file or file.suffix.lower() in SUFFIXES else None


def does_without_corpus(p: SampleParams, paths: Paths) -> bool:
    """Whether there is no corpus and none is needed: the base itself speaks, as a file sounds."""
    if p.phase != "base" or (paths.corpus / "corpus.json").is_file():
        return False
    return reference_file(p, paths) is not None
