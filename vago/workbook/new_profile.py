"""`vago new`: a profile for one's own recordings, from answers or options.

The profile extends one of the two that come with vago, so that only what differs is written.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vago import VagoError
from vago.corpus.folders import SourceFolders, source_folders
from vago.corpus.preflight import missing_things
from vago.files import write_whole
from vago.model.download import FOLDER as XTTS_FOLDER
from vago.model.xtts import check_files
from vago.paths import Paths
from vago.settings import NAME
from vago.workbook.pipeline import NOTEBOOKS
from vago.workbook.plans import make_plans
from vago.workbook.profile_files import BUNDLED, PARENTS, XTTS, profile_files

FIRST = "01_prepare_dataset"
MOST_CHARACTERS = 64  # of a name

# Folders of params/ and outputs/ that are no profiles of the six notebooks
RESERVED = ("scripts", "pretrain", "benchmark")

Ask = Callable[[str], str]  # a question -> the answer, as `input`
Say = Callable[[str], None]


@dataclass
class Answers:
    """What a new profile is made of; a question is asked for each that is None.

    recordings: a folder, relative to the working directory. sources: names of its folders.
    base: XTTS, BUNDLED or a folder. speaker: the voice's name.
    """

    recordings: str | None = None
    sources: list[str] | None = None
    base: str | None = None
    speaker: str | None = None


def new_profile(
    name: str, answers: Answers, root: Path, ask: Ask | None = None, say: Say = print
) -> Path:
    """Write params/<name>/ and say what is missing and what comes next.

    Args:
        ask: asks for what `answers` leaves open, with a default; None: the defaults are taken.

    Returns:
        the folder.

    Raises:
        VagoError: the name or an answer cannot be used; then nothing is written.
    """
    check_name(name, root)
    if answers.sources == []:
        raise VagoError(
            "--sources names none: write names with commas between them, or leave it out"
        )
    files = _ask_and_check(name, answers, root, ask, say)

    if ask:
        for file, text in files.items():
            say(f"\nparams/{name}/{file}:\n\n{text}")
        if not _is_yes(ask("write this? [yes] ")):
            raise VagoError("nothing was written")

    folder = _write(name, files, root)
    for line in _closing_lines(name, root):
        say(line)
    return folder


def ask_on_terminal() -> Ask | None:
    """Asks on the terminal; None where there is nobody to ask."""
    if not sys.stdin.isatty():
        return None

    def ask(question: str) -> str:
        try:
            return input(question)
        except EOFError:
            raise VagoError(
                "the answers ended before the last question: nothing was written"
            ) from None

    return ask


def check_name(name: str, root: Path) -> None:
    """Raise VagoError unless a new profile can have this name."""
    if not re.fullmatch(NAME, name) or name[0] in "-_" or len(name) > MOST_CHARACTERS:
        raise VagoError(
            f"a profile cannot be called {name!r}: take letters from a to z, digits, _ and -, "
            f"a letter or digit first, at most {MOST_CHARACTERS} characters, as it names folders"
        )

    taken = [path.name for path in (root / "params").iterdir()]
    for other in (*taken, *RESERVED):
        if other.casefold() != name.casefold():
            continue
        if other in RESERVED:
            raise VagoError(f"{other!r} is a name of vago's own: take another")
        where = f"params/{other}/ is there already"
        hint = f"change it there, or see `vago params {other}`"
        raise VagoError(f"{where}: {hint}, or take another name")


def _ask_and_check(
    name: str, answers: Answers, root: Path, ask: Ask | None, say: Say
) -> dict[str, str]:
    """Ask for what is open and check every answer: {file name: text} of the profile's folder."""
    asking = _Asking(ask, say)
    named = answers.sources or []

    found = asking.answer(
        "folder with the recordings",
        answers.recordings,
        str(root / "recordings" / name),
        lambda given: _recordings(given, named, root / "recordings" / name),
    )
    if not named and len(found.names) > 1:
        every = ", ".join(found.names)
        found = asking.answer(
            "sources, in order; the first phase trains on the first one alone",
            None,
            every,
            lambda given: (
                found if given == every else source_folders(found.folder, names_in(given))
            ),
        )
    base = asking.answer(
        f"base: {XTTS} (XTTS-v2 in {XTTS_FOLDER}/), {BUNDLED} (the small one that comes with vago, "
        "to try things out) or a folder",
        answers.base,
        XTTS,
        lambda given: _base(given, root),
    )
    speaker = asking.answer("name of the speaker", answers.speaker, name, _speaker)

    return profile_files(name, found, base, speaker, root)


class _Asking:
    """Takes a given answer, or asks until an answer can be used, or takes the default."""

    def __init__(self, ask: Ask | None, say: Say):
        self.ask, self.say = ask, say

    def answer(self, question: str, given: str | None, default: str, check: Callable) -> Any:
        if given is not None:
            return check(given)
        if self.ask is None:
            return check(default)

        while True:
            typed = unquoted(self.ask(f"{question} [{default}]: "))
            try:
                return check(typed or default)
            except VagoError as error:
                self.say(f"  {error}")


def names_in(text: str) -> list[str]:
    """'a, b' -> ['a', 'b']."""
    return [name.strip() for name in text.split(",") if name.strip()]


def unquoted(text: str) -> str:
    """A typed or dropped path without the blanks and quotes around it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _is_yes(answer: str) -> bool:
    return answer.strip().casefold() in ("", "y", "yes", "i", "igen")


def _recordings(given: str, named: list[str], planned: Path) -> SourceFolders:
    """The sources in the folder `given`; `planned` may be made later."""
    folder = Path(os.path.abspath(os.path.expanduser(given)))
    if folder != planned or folder.exists():
        return source_folders(folder, named)
    return SourceFolders(folder, named) if named else SourceFolders(folder.parent, [folder.name])


def _base(given: str, root: Path) -> str:
    """XTTS, BUNDLED or an absolute path."""
    if given in PARENTS:
        return given

    folder = Path(os.path.abspath(os.path.expanduser(given)))
    if not folder.is_dir():
        raise VagoError(f"there is no base {given!r}: name {XTTS}, {BUNDLED} or a folder")
    check_files(folder)
    return XTTS if folder == root / XTTS_FOLDER else str(folder)


def _speaker(given: str) -> str:
    if not given.strip() or not given.isprintable():
        raise VagoError(f"{given!r} is no name of a speaker: write it in one line")
    return given.strip()


def _write(name: str, files: dict[str, str], root: Path) -> Path:
    """Write the files and read them as a run does; all of it or nothing."""
    folder = root / "params" / name
    try:
        folder.mkdir()
    except OSError as error:
        raise VagoError(f"{folder} cannot be made ({error.strerror}): check its rights") from None

    try:
        for file, text in files.items():
            write_whole(folder / file, text)
        make_plans(name, list(NOTEBOOKS), {}, root)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def _closing_lines(name: str, root: Path) -> list[str]:
    """What was written, what is missing before it can run, and what comes next."""
    plans = make_plans(name, list(NOTEBOOKS), {}, root)
    p = plans[FIRST].p
    paths = Paths.of(p, root)

    lines = [f"params/{name}/ is written: {', '.join(p.sources)}, speaker {p.speaker}"]
    if len(p.sources) == 1:
        lines.append(
            "With one source all three phases train on the same clips, each at a lower learning "
            "rate than the one before; the best of them speaks. "
            f"`phases: [baseline]` in params/{name}/profile.yaml leaves the other two out."
        )
    missing = missing_things(p, paths)
    if missing:
        lines.append("Still missing:")
        lines += [f"  - {sentence}" for sentence in missing]
    lines += [
        "Next:" if not missing else "Then:",
        f"  vago run {name}      all six notebooks, headless",
        f"  vago lab {name}      the same notebooks in JupyterLab, step by step",
        f"  vago params {name}   every setting and where it is set",
    ]
    return lines
