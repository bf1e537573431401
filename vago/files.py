"""TODO: what files is for."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from vago import VagoError

SPARE_BYTES = 64 * 2**20  # left free beside every file, for the metrics and the notebook itself


def sha256_of(path: Path) -> str:
    """Of the file's content; empty where there is no such file."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def need_room(folder: Path, size: int, doing: str) -> None:
    """Raise VagoError unless `size` bytes and a little more are free where `folder` lies."""
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        raise VagoError(
            f"{doing} needs {(size + SPARE_BYTES) / 2**20:,.0f} MiB in {folder}, {free / 2**20:,.0f} MiB are free: "
            "free some space and run again, nothing that was saved before is lost"
        )


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a small file so that it is whole or as it was: aside, flushed, then renamed.

    Raises VagoError where the folder cannot be written or has no room.
    """
    partial = path.with_name(f".{path.name}.tmp")
    try:
        with open(partial, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise VagoError(
            f"{path} cannot be written ({error}): see that the folder is writable and has room"
        ) from None
