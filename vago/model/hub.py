"""Where published files come from: the hub, a mirror of it, or a folder. Broken transfers resume.

Requests go through huggingface_hub: its URLs, headers, session and errors. Its `hf_hub_download` is
not used: it deletes a partial file when it is stopped, and up to 10 MiB of it when the connection
breaks.
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

from vago import VagoError, first_line
from vago.files import expand_home

CHUNK_BYTES = 2**23  # copied at a time
TRIES = 5  # in a row without a new byte
WAIT_SECONDS = 1  # before the second try, twice as long before the third, and so on


class ConnectionLost(VagoError):
    """The connection failed; the bytes received so far are kept."""


@dataclass(frozen=True)
class SourceFile:
    """A file at its source."""

    name: str
    where: str  # URL or path
    size: int | None  # bytes, None where the server does not give it
    sha256: str | None = None  # the hub gives it for large files


class Hub:
    """A repository at one revision, on the hub or on a mirror.

    A mirror is another hub, or a plain web folder that holds the files.
    """

    def __init__(self, repository: str, revision: str, mirror: str | None = None):
        # with telemetry, each request sends another one to the hub, even where a mirror is given
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from huggingface_hub import constants

        self.repository = repository
        self.revision = revision
        self.mirror = mirror
        self.endpoint = (mirror or constants.ENDPOINT).rstrip("/")
        # None: the user's own token, if there is one; it is for the hub only
        self.token = False if mirror else None

    def __str__(self) -> str:
        return self.endpoint

    def find(self, name: str) -> SourceFile | None:
        """The file's address, size and hash, None where it is not there.

        A revision that is a branch or tag is replaced by its commit at the first answer.

        Raises:
            ConnectionLost: nothing answers.
            VagoError: the answer is a refusal.
        """
        from huggingface_hub import get_hf_file_metadata, hf_hub_url
        from huggingface_hub.errors import HfHubHTTPError

        urls = [hf_hub_url(self.repository, name, revision=self.revision, endpoint=self.endpoint)]
        if self.mirror:
            urls.append(f"{self.endpoint}/{name}")

        for url in urls:
            with self._readable_errors(name):
                try:
                    answer = get_hf_file_metadata(url, token=self.token, endpoint=self.endpoint)
                except HfHubHTTPError as error:
                    if error.response.status_code == 404:
                        continue
                    raise
            if not re.fullmatch("[0-9a-f]{40}", self.revision):
                self.revision = answer.commit_hash or self.revision
            is_sha256 = re.fullmatch("[0-9a-f]{64}", answer.etag or "")
            return SourceFile(name, url, answer.size, answer.etag if is_sha256 else None)
        return None

    def get(self, file: SourceFile, part: Path) -> None:
        """Append to `part` what it still lacks of the file, with a progress bar.

        A broken connection is resumed, at most `TRIES` times in a row without a new byte; `part`
        is kept on errors.

        Raises:
            ConnectionLost: the tries are used up.
            VagoError: the answer is a refusal, or `part` cannot be written.
        """
        from tqdm import tqdm

        if file.size is None or size_of(part) > file.size:
            part.unlink(missing_ok=True)

        failures, furthest = 0, size_of(part)
        bar = tqdm(
            total=file.size,
            initial=furthest,
            desc=file.name,
            disable=None,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
        )
        with bar:
            while size_of(part) < (file.size or math.inf):
                try:
                    with self._readable_errors(file.name):
                        return self._append(file, part, bar)
                except ConnectionLost:
                    failures = failures + 1 if size_of(part) <= furthest else 1
                    furthest = max(furthest, size_of(part))
                    if failures == TRIES:
                        raise
                    time.sleep(WAIT_SECONDS * failures)

    def _append(self, file: SourceFile, part: Path, bar) -> None:
        """One request for the rest of the file, written as it arrives."""
        from huggingface_hub import constants
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status, http_stream_backoff

        have = size_of(part)
        # a compressed answer could not be resumed in the middle
        headers = {**build_hf_headers(token=self.token), "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"

        request = http_stream_backoff(
            "GET",
            file.where,
            headers=headers,
            timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
            retry_on_exceptions=(),
        )
        with request as response:
            if response.status_code == 416:
                part.unlink()
                raise self._lost(file.name, "it has fewer bytes than announced")
            hf_raise_for_status(response)

            resumes = response.status_code == 206
            if not resumes:
                bar.update(-have)
            with open(part, "ab" if resumes else "wb") as out:
                # blocks of any size, so that all that arrived before a break is on the disk
                for block in response.iter_bytes():
                    out.write(block)
                    bar.update(len(block))

        if size_of(part) < (file.size or 0):
            raise self._lost(file.name, "the answer ended early")

    @contextmanager
    def _readable_errors(self, name: str) -> Iterator[None]:
        """Turn the libraries' errors into VagoErrors of one sentence."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        try:
            yield
        except OfflineModeIsEnabled:
            raise VagoError(
                f"{name} is not here yet and HF_HUB_OFFLINE is set: "
                "unset it, or name a folder with --from"
            ) from None
        except HfHubHTTPError as error:
            raise VagoError(
                f"{self} answers {error.response.status_code} for {name}: "
                "try again later, or name a mirror or folder with --from"
            ) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise self._lost(name, first_line(error)) from None
        except OSError as error:
            raise unwritable(name, error) from None

    def _lost(self, name: str, why: str) -> ConnectionLost:
        return ConnectionLost(
            f"{name} could not be fetched from {self} ({why}): the bytes received so far are kept, "
            "so check the network and run again, or name a mirror or a folder with --from"
        )


class Folder:
    """A folder that has the published files already.

    They are copied and not linked: stock coqui-tts rewrites a published model.pth in place.
    """

    revision = None

    def __init__(self, folder: Path):
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def find(self, name: str) -> SourceFile | None:
        """The file's path and size, None where it is not there."""
        path = self.folder / name
        if not path.is_file():
            return None
        return SourceFile(name, str(path), path.stat().st_size)

    def get(self, file: SourceFile, part: Path) -> None:
        """Copy the file to `part`, with a progress bar; raises VagoError where that fails."""
        from tqdm import tqdm

        bar = {"total": file.size, "desc": file.name, "disable": None}
        try:
            with open(file.where, "rb") as original, open(part, "wb") as copy:
                with tqdm.wrapattr(original, "read", **bar) as reading:
                    shutil.copyfileobj(reading, copy, CHUNK_BYTES)
        except OSError as error:
            raise unwritable(file.name, error) from None


def open_source(where: str | None, repository: str, revision: str) -> Hub | Folder:
    """The hub (None: its own endpoint or $HF_ENDPOINT), a mirror (a URL) or a folder (a path)."""
    if where is None or "://" in where:
        return Hub(repository, revision, where)

    folder = expand_home(where)
    if not folder.is_dir():
        raise VagoError(
            f"--from {where}: there is no such folder; "
            "give a folder that holds the files, or a mirror's URL"
        )
    return Folder(folder)


def unwritable(name: str, error: OSError) -> VagoError:
    """The error for a file or folder that cannot be written."""
    return VagoError(
        f"{name} cannot be written ({error.strerror or first_line(error)}): check that the folder "
        "is writable and has room, then run again; the bytes received so far are kept"
    )


def size_of(path: Path) -> int:
    """Bytes of a file, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0
