"""Atomic writes, SHA-256 and free disk space: the one place for each."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vago import VagoError

SPARE_BYTES = 64 * 2**20  # left free beside every file, for the metrics and the notebook itself


def expand_home(path: str | Path) -> Path:
    """The path with a leading ~ (the user's home folder) or ~name replaced, as a shell does.

    A ~ that stands for nobody's folder is part of a name, and stays.
    """
    return Path(os.path.expanduser(path))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file atomically, all of it or nothing: `with replacing(path) as partial: ...`.

    `partial` lies beside `path` under a hidden name that no pattern such as *.wav finds. When the
    block ends without an exception it is flushed to disk and renamed; otherwise it is removed.

    Raises:
        VagoError: the folder cannot be written or has no room.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        flush(partial)
        os.replace(partial, path)
    except OSError as error:
        raise VagoError(
            f"{path} cannot be written ({error}): see that the folder is writable and has room"
        ) from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Write a folder atomically: what is built in `partial` becomes `folder` when the block ends.

    What `folder` held before is removed only after the new one has taken its place.

    Raises:
        VagoError: the folder cannot be written or has no room.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    earlier = folder.with_name(f".{folder.name}.earlier")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        for path in (*partial.rglob("*"), partial):
            flush(path)

        shutil.rmtree(earlier, ignore_errors=True)
        if folder.exists():
            os.replace(folder, earlier)
        try:
            os.replace(partial, folder)
        except OSError:
            if earlier.exists():
                os.replace(earlier, folder)
            raise
        shutil.rmtree(earlier, ignore_errors=True)
    except OSError as error:
        raise VagoError(
            f"{folder} cannot be written ({error}): see that its parent is writable and has room"
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a small file atomically. Raises VagoError as `replacing` does."""
    with replacing(path) as partial:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)


def flush(path: Path) -> None:
    """Wait until what was written to a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content; empty where there is no such file."""
    if not path.is_file():
        return ""

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_text(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk where `folder` lies."""
    return shutil.disk_usage(folder).free


def need_room(folder: Path, size: int, doing: str) -> None:
    """Raise VagoError unless `size` bytes and a little more are free where `folder` lies."""
    free = free_bytes(folder)
    if free < size + SPARE_BYTES:
        raise VagoError(
            f"{doing} needs {(size + SPARE_BYTES) / 2**20:,.0f} MiB in {folder}, "
            f"{free / 2**20:,.0f} MiB are free: free some space and run again, "
            "nothing that was saved before is lost"
        )


def write_json(path: Path, content: Any) -> None:
    """JSON with sorted keys, so that the same content gives the same bytes."""
    write_whole(
        Path(path), json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    )
