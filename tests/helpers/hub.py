"""A local stand-in for the hub, with the faults a test asks for, and small files to fetch.

Small files are answered directly. Large ones are redirected to another host, as on the real hub: it
must not see the token, and the redirect names their SHA-256 and size.
"""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from vago.model import licence, xtts
from vago.model.download import MANIFEST
from vago.model.published import Identity

NAMES = (*xtts.FILES, licence.FILE)
LARGE = 10_000  # bytes from which a file is in large storage


def small_files() -> dict[str, bytes]:
    """Content under the published names; model.pth and dvae.pth are `LARGE`."""
    sizes = {"model.pth": 200_000, "dvae.pth": 30_000, "speakers_xtts.pth": 900}
    files = {name: hashlib.shake_256(name.encode()).digest(sizes.get(name, 300)) for name in NAMES}
    return files | {licence.FILE: b"The licence text.\n"}


def identities(files: dict[str, bytes]) -> dict[str, Identity]:
    return {
        name: Identity(len(content), hashlib.sha256(content).hexdigest())
        for name, content in files.items()
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def content_of(folder: Path) -> dict[str, bytes]:
    """The files a user sees, without the manifest."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.name[0] != "." and path.name != MANIFEST
    }


def fetch_script(files: dict[str, bytes], folder: Path, **arguments) -> str:
    """Python source that calls fetch() as a user's process would."""
    expected = {name: tuple(identity) for name, identity in identities(files).items()}
    return f"""
import sys
from vago import VagoError
from vago.model.download import fetch
from vago.model.published import Identity

expected = {{name: Identity(*values) for name, values in {expected!r}.items()}}
try:
    fetch({str(folder)!r}, expected=expected, **{arguments!r})
except VagoError as error:
    sys.exit(f"vago: {{error}}")
"""


@dataclass
class Request:
    method: str
    path: str
    first_byte: int | None  # of a Range
    authorization: str | None


@dataclass
class StandIn:
    """Files of one repository at one commit. `url`: the endpoint; `requests`: what was asked."""

    files: dict[str, bytes]
    commit: str
    repository: str = "coqui/XTTS-v2"
    branches: tuple[str, ...] = ("main",)

    # bytes after which each answer breaks off, by file
    cuts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    resets: bool = False  # whether it breaks off with a reset instead of an orderly end
    stalls: dict[str, int] = field(default_factory=dict)  # bytes after which it stalls, once
    sent: dict[str, bytes] = field(default_factory=dict)  # bodies that differ from the files
    announced: dict[str, int] = field(default_factory=dict)  # sizes that differ from the files'
    fails: dict[str, int] = field(default_factory=dict)  # status codes instead of files
    ranges: bool = True  # whether it can start in the middle of a file
    plain: bool = False  # a web server's folder: not the hub's paths and headers
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> StandIn:
        self.over = threading.Event()
        self.server = Server(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.storage = f"http://localhost:{self.server.server_port}"  # by its name, another host
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def asked(self, method: str, name: str) -> list[Request]:
        """The requests for one file that reached its content, not those that were redirected."""
        return [
            request
            for request in self.requests
            if request.method == method
            and request.path.endswith(f"/{name}")
            and not self._redirected(request.path, name)
        ]

    def first_bytes(self, name: str) -> list[int | None]:
        """Where each GET for the file's content began."""
        return [request.first_byte for request in self.asked("GET", name)]

    def _redirected(self, path: str, name: str) -> bool:
        return not self.plain and len(self.files[name]) >= LARGE and "/resolve/" in path


class Server(ThreadingHTTPServer):
    def shutdown_request(self, request) -> None:
        self.close_request(request)  # at once, so that a connection set to reset does so


class Handler(BaseHTTPRequestHandler):
    hub: StandIn
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        hub = self.hub
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(span[1]) if span else None
        token = self.headers.get("Authorization")
        hub.requests.append(Request(self.command, self.path, first, token))

        name = self.path.rsplit("/", 1)[-1]
        if name in hub.fails:
            return self.send_empty(hub.fails[name])
        if hub.plain or self.path == f"/storage/{name}":
            known = name in hub.files and self.path in (f"/{name}", f"/storage/{name}")
            return self.send_content(name, first, body) if known else self.send_empty(404)

        asked = re.fullmatch(rf"/{hub.repository}/resolve/([^/]+)/([^/]+)", self.path)
        commit = {"X-Repo-Commit": hub.commit}
        if not asked:
            return self.send_empty(404, {"X-Error-Code": "RepoNotFound"})
        if asked[1] not in (hub.commit, *hub.branches):
            return self.send_empty(404, {"X-Error-Code": "RevisionNotFound"})
        if name not in hub.files:
            return self.send_empty(404, {"X-Error-Code": "EntryNotFound", **commit})

        if len(hub.files[name]) < LARGE:
            etag = hashlib.sha1(hub.files[name]).hexdigest()
            return self.send_content(name, first, body, {**commit, "ETag": f'"{etag}"'})

        sha256 = hashlib.sha256(hub.files[name]).hexdigest()
        size = hub.announced.get(name, len(hub.files[name]))
        redirect = {
            "Location": f"{hub.storage}/storage/{name}",
            "X-Linked-ETag": f'"{sha256}"',
            "X-Linked-Size": str(size),
            "X-Xet-Hash": sha256,
        }
        self.send_empty(302, {**redirect, **commit})

    def send_empty(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()

    def send_content(
        self, name: str, first: int | None, body: bool, headers: dict[str, str] | None = None
    ) -> None:
        hub = self.hub
        whole = hub.sent.get(name, hub.files[name]) if body else hub.files[name]
        partial = hub.ranges and first is not None
        if partial and first >= len(whole):
            return self.send_empty(416, {"Content-Range": f"bytes */{len(whole)}"})

        rest = whole[first:] if partial else whole
        length = len(rest) if body else hub.announced.get(name, len(rest))
        self.send_response(206 if partial else 200)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if partial:
            self.send_header("Content-Range", f"bytes {first}-{len(whole) - 1}/{len(whole)}")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if body:
            self.send_body(name, rest)

    def send_body(self, name: str, rest: bytes) -> None:
        """All of it, or as much as the test's faults let through."""
        hub = self.hub
        if name in hub.stalls:
            self.wfile.write(rest[: hub.stalls.pop(name)])
            hub.over.wait()
        elif hub.cuts[name]:
            self.wfile.write(rest[: hub.cuts[name].pop(0)])
            if hub.resets:
                hub.over.wait(0.1)  # a reset discards what the other side has not read yet
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        else:
            self.wfile.write(rest)
            return
        self.close_connection = True

    def log_message(self, *_) -> None:
        pass
