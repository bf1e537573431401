"""Where published files come from: the hub, a mirror of it, or a folder. One file at a time, going on where it was cut.

The hub is spoken to through huggingface_hub: its addresses, headers, session and errors. Its `hf_hub_download` is not used,
since it throws a half-fetched file away when it is stopped, and up to 10 MiB of it whenever the connection breaks.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vago import VagoError

CHUNK_BYTES = 2**23  # copied at a time
TRIES = 5
WAIT_SECONDS = 1  # before the second try, twice as long before the third, and so on


class Cut(VagoError):
    """The connection failed; what has come so far is kept."""


@dataclass(frozen=True)
class Found:
    """A file at its source."""

    name: str
    where: str  # URL or path
    size: int | None  # bytes, None where a server does not say
    sha256: str | None = None  # where the hub names one, as it does for large files


class Hub:
    """A repository at one revision, on the hub or on a mirror: another hub, or a plain web folder that holds the files."""

    def __init__(self, repository: str, revision: str, mirror: str | None = None):
        # with each request the library would else ask the hub for a list of coding agents, even where a mirror was named
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from huggingface_hub import constants

        self.repository, self.revision, self.mirror = repository, revision, mirror
        self.endpoint = (mirror or constants.ENDPOINT).rstrip("/")
        self.token = (
            False if mirror else None
        )  # a token is the hub's business (None: the user's own, if there is one)

    def __str__(self) -> str:
        return self.endpoint

    def find(self, name: str) -> Found | None:
        """The file's address, size and hash, None where it is not there; a branch or tag becomes its commit on the way.

        Raises Cut when nothing answers, VagoError when the answer is a refusal.
        """
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.errors import HfHubHTTPError

        urls = [hf_hub_url(self.repository, name, revision=self.revision, endpoint=self.endpoint)]
        for url in [*urls, f"{self.endpoint}/{name}"] if self.mirror else urls:
            with self._one_sentence(name):
                try:
                    told = get_hf_file_metadata(url, token=self.token, endpoint=self.endpoint)
                except HfHubHTTPError as error:
                    if error.response.status_code == 404:
                        continue
                    raise
            if not re.fullmatch("[0-9a-f]{40}", self.revision):
                self.revision = told.commit_hash or self.revision
            return Found(
                name,
                url,
                told.size,
                told.etag if re.fullmatch("[0-9a-f]{64}", told.etag or "") else None,
            )
        return None

    def get(self, found: Found, part: Path) -> None:
        """Append to `part` what it still lacks of the file, with a progress bar.

        A broken connection is taken up again, at most `TRIES` times in a row without getting any further. Raises Cut when that
        was in vain, VagoError when the answer is a refusal or `part` cannot be written; `part` stays.
        """
        from tqdm import tqdm

        if found.size is None or _size(part) > found.size:
            part.unlink(missing_ok=True)
        tries, furthest, units = (
            0,
            _size(part),
            {"unit": "B", "unit_scale": True, "unit_divisor": 1024},
        )
        with tqdm(
            total=found.size, initial=furthest, desc=found.name, disable=None, **units
        ) as bar:
            while _size(part) < (found.size or math.inf):
                try:
                    with self._one_sentence(found.name):
                        return self._append(found, part, bar)
                except Cut:
                    tries = tries + 1 if _size(part) <= furthest else 1
                    furthest = max(furthest, _size(part))
                    if tries == TRIES:
                        raise
                    time.sleep(WAIT_SECONDS * tries)

    def _append(self, found: Found, part: Path, bar) -> None:
        from huggingface_hub import constants
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff

        have = _size(part)
        # compressed, it could not be gone on with
        headers = {**build_hf_headers(token=self.token), "Accept-Encoding": "identity"}
        headers |= {"Range": f"bytes={have}-"} if have else {}
        given = {
            "headers": headers,
            "timeout": constants.HF_HUB_DOWNLOAD_TIMEOUT,
            "retry_on_exceptions": (),
        }
        with http_stream_backoff("GET", found.where, **given) as response:
            if response.status_code == 416:
                part.unlink()
                raise self._cut(found.name, "it has fewer bytes than it said")
            hf_raise_for_status(response)
            goes_on = response.status_code == 206
            bar.update(0 if goes_on else -have)
            with open(part, "ab" if goes_on else "wb") as file:
                for block in (
                    response.iter_bytes()
                ):  # as they come, so that what arrived before a break is on the disk
                    file.write(block)
                    bar.update(len(block))
        if _size(part) < (found.size or 0):
            raise self._cut(found.name, "the answer ended early")

    @contextmanager
    def _one_sentence(self, name: str) -> Iterator[None]:
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        try:
            yield
        except OfflineModeIsEnabled:
            raise VagoError(
                f"{name} is not here yet and HF_HUB_OFFLINE is set: unset it, or name a folder with --from"
            ) from None
        except HfHubHTTPError as error:
            raise VagoError(
                f"{self} answers {error.response.status_code} for {name}: try again later, or name a mirror or folder with --from"
            ) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._cut(name, _first_line(error)) from None
        except OSError as error:
            raise unwritable(name, error) from None

    def _cut(self, name: str, why: str) -> Cut:
        return Cut(
            f"{name} could not be fetched from {self} ({why}): what has come is kept, so see to the network and run again, "
            "or name a mirror or a folder with --from"
        )


class Folder:
    """Published files that somebody has already.

    They are copied and not linked: stock coqui-tts saves model.pth anew, in place, when it opens the published one.
    """

    revision = None

    def __init__(self, folder: Path):
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def find(self, name: str) -> Found | None:
        path = self.folder / name
        return Found(name, str(path), path.stat().st_size) if path.is_file() else None

    def get(self, found: Found, part: Path) -> None:
        """Copy the file to `part`, with a progress bar; raises VagoError where that fails."""
        from tqdm import tqdm

        try:
            with open(found.where, "rb") as file, open(part, "wb") as copy:
                with tqdm.wrapattr(
                    file, "read", total=found.size, desc=found.name, disable=None
                ) as reading:
                    shutil.copyfileobj(reading, copy, CHUNK_BYTES)
        except OSError as error:
            raise unwritable(found.name, error) from None


def source(where: str | None, repository: str, revision: str) -> Hub | Folder:
    """The hub (None: its standard endpoint, or $HF_ENDPOINT), a mirror (a URL) or a folder (a path)."""
    if where is None or "://" in where:
        return Hub(repository, revision, where)
    folder = Path(where).expanduser()
    if not folder.is_dir():
        raise VagoError(
            f"--from {where}: there is no such folder; give a folder that holds the files, or a mirror's URL"
        )
    return Folder(folder)


def unwritable(name: str, error: OSError) -> VagoError:
    return VagoError(
        f"{name} cannot be written ({error.strerror or _first_line(error)}): see that the folder is writable and has room, "
        "then run again; what has come is kept"
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
