"""XTTS-v2's published files into a folder: licence shown and accepted once, sizes and hashes checked, and a manifest of it all.

What the manifest calls checked is not fetched again, and not even read again while its size and time stay as they were.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from vago import VagoError
from vago.files import need_room, sha256_of, write_whole
from vago.model import hub
from vago.model.xtts import FILES

FOLDER = "models/xtts_v2"  # in the project: base_dir of params/vago
REPOSITORY = "coqui/XTTS-v2"
REVISION = "6c2b0d75eae4b7047358e3b6bd9325f857d43f77"  # its main branch since v2.0.3
LICENCE, MANIFEST = "LICENSE.txt", "base_manifest.json"
LICENCE_NAME, LICENCE_URL = "Coqui Public Model License 1.0.0", "https://coqui.ai/cpml.txt"
SUMMARY = f"""\
XTTS-v2 is under the {LICENCE_NAME} ({LICENCE_URL}). In short, the text itself being what counts:
  - The model and everything it speaks, fine-tuned or not, may be used for non-commercial purposes only (personal use,
    research, tests, charity), without any payment, direct or indirect.
  - Companies may test it and do non-commercial research with it, but not train models for commercial use.
  - Whoever gets the model, a fine-tuned one or its speech from you must also get these terms or their address.
  - There is no warranty, and the licence ends for those who break it."""
REWRITTEN = "; coqui-tts rewrites the published one when it opens it"
QUESTION = "Do you accept these terms? [y/N] "


class Known(NamedTuple):
    """What a file must be; None where that is not known."""

    size: int | None
    sha256: str | None


PUBLISHED = {
    "config.json": Known(4_368, "ef262b1454dd2a77e1461b0b2cd53e19b8a7624cc131b837d36df67356bc75e8"),
    "vocab.json": Known(
        361_219, "928260878a59da8a72a2a5b7687fea29d5106137669d90945430fe17e415304a"
    ),
    "model.pth": Known(
        1_867_929_118, "c7ea20001c6a0a841c77e252d8409f6a74fb423e79b3206a0771ba5989776187"
    ),
    "dvae.pth": Known(
        210_514_388, "b29bc227d410d4991e0a8c09b858f77415013eeb9fba9650258e96095557d97a"
    ),
    "mel_stats.pth": Known(
        1_067, "1f69422a8a8f344c4fca2f0c6b8d41d2151d6615b7321e48e6bb15ae949b119c"
    ),
    "speakers_xtts.pth": Known(
        7_754_818, "f0f6137c19a4eab0cbbe4c99b5babacf68b1746e50da90807708c10e645b943b"
    ),
    LICENCE: Known(4_014, "190f6d7c19b8984f91b97712b94ce92d2b2e640fc677dacab966e955ece9d043"),
}


def fetch(
    folder: Path,
    *,
    source: str | None = None,
    revision: str | None = None,
    accept: bool = False,
    expected: Mapping[str, Known] | None = None,
    ask: Callable[[str], str] | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Make `folder` hold the published files, taking what it lacks from `source`; returns the manifest.

    Args:
        source: a folder, the URL of a mirror, or None for the hub (or $HF_ENDPOINT). Not asked where nothing is missing.
        revision: commit, tag or branch; None is the folder's own where it has one, else `REVISION`.
        accept: whether the licence is accepted without asking.
        expected: what each file must be; None is `PUBLISHED` at `REVISION`, nothing elsewhere. A file that is not in it must
            match what the hub says of it, and is pinned by the manifest from its first use on.
        ask: puts a question, returns the answer; None is the terminal where there is one.

    Raises:
        VagoError: licence not accepted, nothing answers, no room, or a file that is not what it must be; such a file is moved
            aside under a name that says so. What was checked before is kept, and the next call goes on from there.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".fetch.lock", timeout=0):
            return _fetch(folder, source, revision, accept, expected, ask, log)
    except Timeout:
        raise VagoError(
            f"another `vago fetch-base` is filling {folder}: wait for its end, then run again"
        ) from None
    except OSError as error:
        raise hub.unwritable(str(folder), error) from None


def _fetch(folder, source, revision, accept, expected, ask, log) -> dict[str, Any]:
    manifest = read_manifest(folder)
    revision = _revision(manifest, revision, folder)
    if expected is None:
        expected = PUBLISHED if revision == REVISION else {}
    manifest.setdefault("revision", revision)
    have = _check_all(folder, manifest, expected, log)
    missing = [name for name in FILES if name not in have]
    if not missing:
        _accept(folder, manifest, accept, ask, log)
        log(f"{folder} is complete: {len(FILES)} files, checked; nothing to fetch")
        return manifest

    place = hub.source(source, REPOSITORY, revision)
    if LICENCE not in have and (found := _find(LICENCE, place, manifest)):
        _take(found, place, folder, manifest, expected, log)
    _accept(folder, manifest, accept, ask, log)
    offered = [found for name in missing if (found := _find(name, place, manifest))]
    for found in offered:
        if why := _difference(
            Known(found.size, found.sha256), _pin(found.name, manifest, expected)
        ):
            hint = REWRITTEN if found.name == "model.pth" and isinstance(place, hub.Folder) else ""
            raise VagoError(
                f"{place} offers another {found.name} than expected ({why}{hint}): name another place with --from"
            )
    parts = [(found, _part(folder, found.name, manifest["revision"])) for found in offered]
    lacks = sum(
        max((found.size or 0) - (part.stat().st_size if part.exists() else 0), 0)
        for found, part in parts
    )
    need_room(folder, lacks, "fetching XTTS-v2")
    for found in offered:
        _take(found, place, folder, manifest, expected, log)
    if lacking := sorted(set(missing) - {found.name for found in offered}):
        rest = "what it has was taken, the rest may come from elsewhere: run again with another --from, or none for the hub"
        raise VagoError(
            f"{place} has no {', '.join(lacking)}"
            + (f"; {rest}" if offered else f" at {revision}: see --revision")
        )
    log(f"{folder} is complete: {len(FILES)} files, checked")
    return manifest


def _find(name: str, place: hub.Hub | hub.Folder, manifest: dict[str, Any]) -> hub.Found | None:
    found = place.find(name)
    manifest["revision"] = (
        place.revision or manifest["revision"]
    )  # a branch is the commit it stood for at the first look
    return found


def read_manifest(folder: Path) -> dict[str, Any]:
    """What is known of the folder's files: {"files": {name: bytes, sha256, mtime_ns, source, checked}, "licence", "revision"}."""
    path = Path(folder) / MANIFEST
    empty = {"format": 1, "repository": REPOSITORY, "files": {}}
    try:
        manifest = {**empty, **json.loads(path.read_text(encoding="utf-8"))}
        if all(
            record.keys() >= {"bytes", "sha256", "mtime_ns"}
            for record in manifest["files"].values()
        ):
            return manifest
        raise ValueError("a file's record is incomplete")
    except FileNotFoundError:
        return empty
    except (ValueError, TypeError, AttributeError):
        raise VagoError(
            f"{path} is not a manifest: delete it, and the files beside it will be checked anew"
        ) from None


def _write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    path, content = (
        folder / MANIFEST,
        json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True) + "\n",
    )
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        write_whole(path, content)


def _revision(manifest: dict[str, Any], asked: str | None, folder: Path) -> str:
    """The commit to take, or the name to ask the hub for; a folder holds one revision only."""
    held, name = manifest.get("revision"), manifest.get("asked")
    if asked and held and asked not in (held, name):
        raise VagoError(
            f"{folder} holds revision {held}, not {asked}: fetch that one into another folder (--to)"
        )
    if asked and not held:
        manifest["asked"] = asked
    return held or asked or REVISION


def _check_all(
    folder: Path, manifest: dict[str, Any], expected: Mapping[str, Known], log
) -> list[str]:
    """Names of the files that are there and right. Moves the wrong ones aside and raises VagoError naming them."""
    right, wrong = [], []
    for name in (*FILES, LICENCE):
        path, record = folder / name, manifest["files"].get(name)
        if not path.is_file():
            continue
        pin, stat = _pin(name, manifest, expected), path.stat()
        as_left = record and (stat.st_size, stat.st_mtime_ns) == (
            record["bytes"],
            record["mtime_ns"],
        )
        if not (as_left and pin == (record["bytes"], record["sha256"])):
            sha256 = sha256_of(path)
            if why := _difference(Known(stat.st_size, sha256), pin):
                hint = REWRITTEN if name == "model.pth" else ""
                wrong.append(
                    f"{name} ({why}{hint}) was moved to {_move_aside(path, name, sha256).name}"
                )
                continue
            _record(
                path,
                sha256,
                "was in the folder",
                "published" if name in expected else "first use",
                manifest,
                log,
            )
        right.append(name)
    if right or wrong:
        _write_manifest(folder, manifest)
    if wrong:
        raise VagoError(
            f"{folder} held files that are not the expected ones, run again to fetch those: {'; '.join(wrong)}"
        )
    return right


def _take(
    found, place, folder: Path, manifest: dict[str, Any], expected: Mapping[str, Known], log
) -> None:
    """Fetch one file, check it, give it its name and write it into the manifest."""
    part, path = _part(folder, found.name, manifest["revision"]), folder / found.name
    place.get(found, part)
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    sha256, pin = sha256_of(part), _pin(found.name, manifest, expected)
    if why := _difference(
        Known(part.stat().st_size, sha256), pin or Known(found.size, found.sha256)
    ):
        aside = _move_aside(part, found.name, sha256)
        raise VagoError(
            f"{found.name} from {place} is not the expected file ({why}): it was moved to {aside}; run again to fetch it anew, "
            "or name another place with --from"
        )
    os.replace(part, path)
    checked = (
        "published" if found.name in expected else "by the hub" if found.sha256 else "first use"
    )
    _record(path, sha256, str(place), checked, manifest, log)
    _write_manifest(folder, manifest)


def _record(
    path: Path, sha256: str, source: str, checked: str, manifest: dict[str, Any], log
) -> None:
    stat = path.stat()
    manifest["files"][path.name] = {
        "bytes": stat.st_size,
        "sha256": sha256,
        "mtime_ns": stat.st_mtime_ns,
        "source": source,
        "checked": checked,  # against what its hash was held
    }
    log(f"{path.name:18}{stat.st_size:14,} bytes, SHA-256 {sha256[:12]}… {checked}")


def _pin(name: str, manifest: dict[str, Any], expected: Mapping[str, Known]) -> Known | None:
    record = manifest["files"].get(name)
    return expected.get(name) or (Known(record["bytes"], record["sha256"]) if record else None)


def _difference(found: Known, pin: Known | None) -> str | None:
    """In words, how what was found differs from what it must be; None where it does not, or nobody can know."""
    if pin and None not in (found.size, pin.size) and found.size != pin.size:
        return f"{found.size:,} bytes where {pin.size:,} are expected"
    if pin and None not in (found.sha256, pin.sha256) and found.sha256 != pin.sha256:
        return f"SHA-256 {found.sha256[:12]}… where {pin.sha256[:12]}… is expected"
    return None


def _accept(folder: Path, manifest: dict[str, Any], accept: bool, ask, log) -> None:
    """Show the licence and record its acceptance, unless that was done before for the same text."""
    path = folder / LICENCE
    sha256 = sha256_of(path) or None
    before = manifest.get("licence")
    if before and (not sha256 or before["sha256"] in (sha256, None)):
        return
    if not ask and sys.stdin.isatty():
        ask = input
    if not accept and ask and sha256:
        log(path.read_text(encoding="utf-8"))
    log(SUMMARY)
    if not accept and not ask:
        text = path if sha256 else LICENCE_URL
        raise VagoError(
            f"nobody has accepted the {LICENCE_NAME} yet: read {text}, then run again with --accept-license"
        )
    try:
        if not accept and ask(QUESTION).strip().lower() not in ("y", "yes"):
            raise EOFError
    except EOFError:
        raise VagoError(
            "the licence was not accepted, so nothing but its text was fetched"
        ) from None
    how = "--accept-license" if accept else "asked"
    at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest["licence"] = {
        "name": LICENCE_NAME,
        "url": LICENCE_URL,
        "sha256": sha256,
        "accepted": at,
        "how": how,
    }
    _write_manifest(folder, manifest)


def _part(folder: Path, name: str, revision: str) -> Path:
    """Where a file grows: hidden, and named by its revision, so that two revisions never make one file."""
    return folder / f".{name}.{re.sub(r'[^0-9A-Za-z.]', '-', revision)}.part"


def _move_aside(path: Path, name: str, sha256: str) -> Path:
    aside = path.with_name(f"{name}.wrong-{sha256[:12]}")
    os.replace(path, aside)
    return aside
