"""The files of a new profile: only what differs from the one it extends, each line with its use."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from vago.corpus.folders import SourceFolders
from vago.profiles import EXTENDS, SHARED_FILE

# What a base is called beside a folder: XTTS-v2, and the small one that comes with vago
XTTS, BUNDLED = "xtts", "vago"
PARENTS = {XTTS: "vago", BUNDLED: "demo"}  # the profile whose settings suit such a base

BASELINE = "02_train_baseline"
COMMENT_COLUMN = 40


def profile_files(
    name: str, found: SourceFolders, base: str, speaker: str, root: Path
) -> dict[str, str]:
    """{file name: text} of the folder of a new profile.

    Args:
        base: XTTS, BUNDLED or an absolute path.
    """
    folder = _relative(found.folder, root)
    lines = [f"# Settings of all notebooks of the profile {name}; `vago params {name}` shows more"]

    parent = PARENTS.get(base, PARENTS[XTTS])
    suits = "the small base" if base == BUNDLED else "XTTS-v2"
    lines.append(_line(EXTENDS, parent, f"what is not set here; its settings suit {suits}"))
    if base == BUNDLED:
        lines.append(_line("demo_voice", False, "the recordings are yours"))
        lines.append(_line("bundled_base", True, "the small base that comes with vago"))
    elif base != XTTS:
        lines.append(_line("base_dir", _relative(Path(base), root), "folder of the base model"))

    lines.append(_line("recordings_dir", folder, "holds one folder for each source"))
    what = "names of these folders; a new source is a new name here"
    lines.append(_line("sources", found.names, what))
    lines.append(_line("speaker", speaker, "name of the voice"))
    files = {SHARED_FILE: "\n".join(lines) + "\n"}

    if len(found.names) > 1:
        first = found.names[:1]
        lines = ["# Settings of the first phase alone; without this file it trains on all sources"]
        lines.append(_line("sources", first, "the speaking style that the voice should have"))
        files[f"{BASELINE}.yaml"] = "\n".join(lines) + "\n"
    return files


def _line(name: str, value: Any, comment: str) -> str:
    """`name: value  # comment`, the value as YAML in one line."""
    dump = partial(yaml.safe_dump, [value], default_flow_style=True, width=10**9)
    text = dump(allow_unicode=True).strip()
    if len(text.splitlines()) > 1 or yaml.safe_load(text) != [value]:
        text = dump(default_style='"').strip()  # its line ends and the like as escapes
    written = f"{name}: {text[1:-1]}"
    return f"{written:{COMMENT_COLUMN}}  # {comment}"


def _relative(folder: Path, root: Path) -> str:
    """Relative to the project where it lies inside, so that the project can be moved."""
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)
