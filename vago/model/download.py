"""Download XTTS-v2's published files: licence accepted, sizes and hashes checked, all recorded.

A file that the folder's manifest lists as checked is not fetched again, and not even read again
while its size and modification time stay the same.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from vago import VagoError
from vago.files import expand_home, flush, need_room, sha256_of, write_json
from vago.model import hub, licence
from vago.model.published import IDENTITIES, REPOSITORY, REVISION, Identity
from vago.model.xtts import FILES

FOLDER = "models/xtts_v2"  # in the project: base_dir of params/vago
MANIFEST = "base_manifest.json"
REWRITTEN = "; coqui-tts rewrites the published one when it opens it"


def fetch(
    folder: Path,
    *,
    source: str | None = None,
    revision: str | None = None,
    accept: bool = False,
    expected: Mapping[str, Identity] | None = None,
    ask: Callable[[str], str] | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Make `folder` hold the published files, fetching what it lacks; returns the manifest.

    Args:
        source: a folder, the URL of a mirror, or None for the hub (or $HF_ENDPOINT). It is not
            contacted where nothing is missing.
        revision: commit, tag or branch; None is the folder's own where it has one, else `REVISION`.
        accept: whether the licence is accepted without asking.
        expected: what each file must be; None is `IDENTITIES` at `REVISION`, nothing elsewhere. A
            file that is not listed must match the size and hash that the hub gives; after its
            first use, those in the manifest.
        ask: puts a question, returns the answer; None is the terminal where there is one.

    Raises:
        VagoError: the licence is not accepted, nothing answers, there is no room, or a file is not
            the expected one; that file is renamed to `<name>.wrong-<hash>`. Checked files are kept,
            and the next call resumes from there.
    """
    folder = expand_home(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".fetch.lock", timeout=0):
            return _Download(folder, revision, expected, log).run(source, accept, ask)
    except Timeout:
        raise VagoError(
            f"another `vago fetch-base` is filling {folder}: wait for its end, then run again"
        ) from None
    except OSError as error:
        raise hub.unwritable(str(folder), error) from None


def read_manifest(folder: Path) -> dict[str, Any]:
    """The record of the folder's files; an empty one where there is none.

    {"files": {name: {bytes, sha256, mtime_ns, source, checked}}, "licence", "revision", "asked"}
    """
    path = Path(folder) / MANIFEST
    empty = {"format": 1, "repository": REPOSITORY, "files": {}}
    try:
        manifest = {**empty, **json.loads(path.read_text(encoding="utf-8"))}
        for record in manifest["files"].values():
            if not record.keys() >= {"bytes", "sha256", "mtime_ns"}:
                raise ValueError("a file's record is incomplete")
    except FileNotFoundError:
        return empty
    except (ValueError, TypeError, AttributeError):
        raise VagoError(
            f"{path} is not a manifest: delete it, and the files beside it will be checked again"
        ) from None
    return manifest


class _Download:
    """One folder's files, what they must be, and the manifest of what they are."""

    def __init__(
        self,
        folder: Path,
        revision: str | None,
        expected: Mapping[str, Identity] | None,
        log: Callable[[str], None],
    ):
        self.folder, self.log = folder, log
        self.manifest = read_manifest(folder)
        self.revision = self._choose_revision(revision)
        self.manifest.setdefault("revision", self.revision)

        if expected is None and self.revision == REVISION:
            expected = IDENTITIES
        self.expected = expected or {}

    def run(self, source: str | None, accept: bool, ask) -> dict[str, Any]:
        present = self.check_present()
        missing = [name for name in FILES if name not in present]
        if not missing:
            self.accept_licence(accept, ask)
            self.log(f"{self.folder} is complete: {len(FILES)} files, checked; nothing to fetch")
            return self.manifest

        place = hub.open_source(source, REPOSITORY, self.revision)
        if licence.FILE not in present and (text := self.find(licence.FILE, place)):
            self.take(text, place)
        self.accept_licence(accept, ask)

        # identity and room are checked for all files before a large one is fetched
        offered = [file for name in missing if (file := self.find(name, place))]
        self.check_offered(offered, place)
        need_room(self.folder, sum(map(self._bytes_lacking, offered)), "fetching XTTS-v2")
        for file in offered:
            self.take(file, place)

        if lacking := sorted(set(missing) - {file.name for file in offered}):
            advice = f" at {self.revision}: see --revision"
            if offered:
                advice = (
                    "; what it has was taken, the rest may come from elsewhere: "
                    "run again with another --from, or none for the hub"
                )
            raise VagoError(f"{place} has no {', '.join(lacking)}{advice}")
        self.log(f"{self.folder} is complete: {len(FILES)} files, checked")
        return self.manifest

    def check_present(self) -> list[str]:
        """Names of the files that are there and right; wrong ones are moved aside.

        Raises:
            VagoError: some were wrong; the message names each.
        """
        present = [name for name in (*FILES, licence.FILE) if (self.folder / name).is_file()]
        wrong = [complaint for name in present if (complaint := self._verify(name))]
        if present:
            self._write_manifest()

        if wrong:
            raise VagoError(
                f"{self.folder} held files that are not the expected ones, "
                f"run again to fetch those: {'; '.join(wrong)}"
            )
        return present

    def accept_licence(self, accept: bool, ask: Callable[[str], str] | None) -> None:
        """Raises VagoError as `licence.accepted` does."""
        text, before = self.folder / licence.FILE, self.manifest.get("licence")
        self.manifest["licence"] = licence.accepted(text, before, accept, ask, self.log)
        self._write_manifest()

    def find(self, name: str, place: hub.Hub | hub.Folder) -> hub.SourceFile | None:
        """The file at `place`. A branch becomes the commit it stands for at the first answer."""
        file = place.find(name)
        self.manifest["revision"] = place.revision or self.manifest["revision"]
        return file

    def check_offered(self, offered: list[hub.SourceFile], place: hub.Hub | hub.Folder) -> None:
        """Raise VagoError where a file at `place` is known not to be the expected one."""
        for file in offered:
            if why := Identity(file.size, file.sha256).mismatch(self._required(file.name)):
                from_folder = isinstance(place, hub.Folder)
                hint = REWRITTEN if file.name == "model.pth" and from_folder else ""
                raise VagoError(
                    f"{place} offers another {file.name} than expected ({why}{hint}): "
                    "name another place with --from"
                )

    def take(self, file: hub.SourceFile, place: hub.Hub | hub.Folder) -> None:
        """Fetch one file, check it, give it its name and write it into the manifest."""
        part = self._part(file.name)
        place.get(file, part)
        flush(part)

        found = Identity(part.stat().st_size, sha256_of(part))
        must_be = self._required(file.name) or Identity(file.size, file.sha256)
        if why := found.mismatch(must_be):
            aside = _move_aside(part, file.name, found.sha256)
            raise VagoError(
                f"{file.name} from {place} is not the expected file ({why}): it was moved to "
                f"{aside}; run again to fetch it, or name another place with --from"
            )

        path = self.folder / file.name
        os.replace(part, path)
        checked = "by the hub" if file.sha256 else "first use"
        if file.name in self.expected:
            checked = "published"
        self._record(path, found.sha256, str(place), checked)
        self._write_manifest()

    def _choose_revision(self, asked: str | None) -> str:
        """The commit to fetch, or the name to ask the hub for; a folder holds one revision only."""
        held, name = self.manifest.get("revision"), self.manifest.get("asked")
        if asked and held and asked not in (held, name):
            raise VagoError(
                f"{self.folder} holds revision {held}, not {asked}: "
                "fetch that one into another folder (--to)"
            )
        if asked and not held:
            self.manifest["asked"] = asked
        return held or asked or REVISION

    def _required(self, name: str) -> Identity | None:
        """What the file must be: as published, else as at its first use; None where unknown."""
        record = self.manifest["files"].get(name)
        recorded = Identity(record["bytes"], record["sha256"]) if record else None
        return self.expected.get(name) or recorded

    def _verify(self, name: str) -> str | None:
        """Record a correct file; move a wrong one aside and return what was done with it."""
        path = self.folder / name
        if self._is_as_recorded(path):
            return None

        found = Identity(path.stat().st_size, sha256_of(path))
        if why := found.mismatch(self._required(name)):
            hint = REWRITTEN if name == "model.pth" else ""
            aside = _move_aside(path, name, found.sha256)
            return f"{name} ({why}{hint}) was moved to {aside.name}"

        checked = "published" if name in self.expected else "first use"
        self._record(path, found.sha256, "was in the folder", checked)
        return None

    def _is_as_recorded(self, path: Path) -> bool:
        """Whether the manifest's check of the file still holds, without reading the file."""
        record, stat = self.manifest["files"].get(path.name), path.stat()
        if not record or (stat.st_size, stat.st_mtime_ns) != (record["bytes"], record["mtime_ns"]):
            return False
        return self._required(path.name) == (record["bytes"], record["sha256"])

    def _record(self, path: Path, sha256: str, source: str, checked: str) -> None:
        """checked: what the hash was compared with."""
        stat = path.stat()
        self.manifest["files"][path.name] = {
            "bytes": stat.st_size,
            "sha256": sha256,
            "mtime_ns": stat.st_mtime_ns,
            "source": source,
            "checked": checked,
        }
        self.log(f"{path.name:18}{stat.st_size:14,} bytes, SHA-256 {sha256[:12]}… {checked}")

    def _write_manifest(self) -> None:
        """Write the manifest where it has changed."""
        if read_manifest(self.folder) != self.manifest:
            write_json(self.folder / MANIFEST, self.manifest)

    def _part(self, name: str) -> Path:
        """The partial file: hidden, and named by its revision, so that two are never mixed."""
        revision = re.sub(r"[^0-9A-Za-z.]", "-", self.manifest["revision"])
        return self.folder / f".{name}.{revision}.part"

    def _bytes_lacking(self, file: hub.SourceFile) -> int:
        return max((file.size or 0) - hub.size_of(self._part(file.name)), 0)


def _move_aside(path: Path, name: str, sha256: str) -> Path:
    aside = path.with_name(f"{name}.wrong-{sha256[:12]}")
    os.replace(path, aside)
    return aside
