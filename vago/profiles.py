"""Profiles: the folders of params/ and their files, and how one profile extends another."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vago import VagoError

SHARED_FILE = "profile.yaml"  # in a profile's folder: settings of all its notebooks
EXTENDS = "extends"  # in it: the name of another profile, whose settings hold where it has none


def project_root(start: Path | None = None) -> Path:
    """The folder with notebooks/ and params/: $VAGO_HOME, or the nearest at or above `start`.

    Raises:
        VagoError: there is none.
    """
    if home := os.environ.get("VAGO_HOME"):
        return Path(os.path.expanduser(home)).resolve()

    start = Path(start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    raise VagoError(
        f"no vago project at or above {start}: go to the folder that holds notebooks/ and params/, "
        "or set VAGO_HOME to it"
    )


@dataclass(frozen=True)
class SettingsFile:
    """One of the files that set a notebook's settings.

    is_shared: it is a profile.yaml, for every notebook that has the setting.
    is_own: it lies in the profile's own folder, not in that of a profile which it extends.
    """

    path: Path
    values: dict[str, Any]
    is_shared: bool
    is_own: bool


def is_layered(folder: Path) -> bool:
    """Whether a profile's folder has a profile.yaml, so that its settings are in several files."""
    return (Path(folder) / SHARED_FILE).is_file()


def settings_files(path: Path) -> list[SettingsFile]:
    """The files that set a notebook's settings, the weakest first.

    Each profile's notebook file is stronger than its profile.yaml, and both are stronger than all
    files of the profile that it extends.

    Args:
        path: the notebook's own file, params/<profile>/<notebook>.yaml. It may be missing where the
            profile has a profile.yaml.

    Raises:
        VagoError: a file cannot be read, or `extends` names no profile or leads back.
    """
    path = Path(path)
    found = []
    for folder in extended_folders(path.parent):
        is_own = folder == path.parent
        own_file = folder / path.name
        if not is_layered(folder):
            found.append(SettingsFile(own_file, read_yaml(own_file), False, is_own))
            continue

        if own_file.is_file():
            found.append(SettingsFile(own_file, read_yaml(own_file), False, is_own))
        shared = read_yaml(folder / SHARED_FILE)
        shared.pop(EXTENDS, None)
        found.append(SettingsFile(folder / SHARED_FILE, shared, True, is_own))
    return found[::-1]


def extended_folders(folder: Path) -> list[Path]:
    """A profile's folder, that of the profile which it extends, and so on.

    Raises:
        VagoError: `extends` names no profile, or a profile extends itself in the end.
    """
    folders = [Path(folder)]
    while is_layered(folders[-1]):
        where = folders[-1] / SHARED_FILE
        parent = read_yaml(where).get(EXTENDS)
        if parent is None:
            break

        others = existing_profiles(where.parent.parent)
        if parent not in others:
            raise VagoError(
                f"{where}: {EXTENDS} names {parent!r}, and params/ has no such profile: "
                f"{_hint(str(parent), others)}"
            )
        if where.parent.parent / parent in folders:
            chain = " extends ".join([*(one.name for one in folders), parent])
            raise VagoError(f"{where}: {chain}: a profile cannot extend itself, take one line out")
        folders.append(where.parent.parent / parent)
    return folders


def existing_profiles(params: Path) -> list[str]:
    """The names of the profiles in the folder `params`."""
    folders = [folder for folder in params.iterdir() if folder.is_dir()]
    return sorted(
        folder.name for folder in folders if is_layered(folder) or any(folder.glob("0?_*.yaml"))
    )


def check_profile(profile: str, root: Path) -> None:
    """Raise VagoError, listing the profiles, unless `profile` is one: a folder of params/."""
    existing = existing_profiles(root / "params")
    if profile not in existing:
        raise VagoError(f"no profile {profile!r} in params/: {_hint(profile, existing)}")


def _hint(name: str, existing: list[str]) -> str:
    near = difflib.get_close_matches(name, existing, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}there are {', '.join(existing) or 'none'}"


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping.

    Raises:
        VagoError: the file is missing, is no YAML or is not a mapping.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VagoError(f"{path} does not exist: each notebook needs its parameter file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise VagoError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None

    if content is None:
        return {}
    if not isinstance(content, dict):
        raise VagoError(f"{path} should hold `name: value` lines, found a {type(content).__name__}")
    return content
