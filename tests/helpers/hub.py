"""A stand-in for the hub: what huggingface_hub's requests need of it, on this machine, with the faults a test asks for.

Small files are answered where they are; large ones, like the real hub's, are redirected to another host that must not see the
token, and their SHA-256 and size stand in the redirect.
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

LARGE = 10_000  # bytes from which a file is kept in large storage


@dataclass
class Request:
    method: str
    path: str
    first_byte: int | None  # of a Range
    authorization: str | None


@dataclass
class StandIn:
    """Files of one repository at one commit. `url` is the endpoint; `requests` is what was asked of it."""

    files: dict[str, bytes]
    commit: str
    repository: str = "coqui/XTTS-v2"
    branches: tuple[str, ...] = ("main",)
    cuts: dict[str, list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )  # bytes after which each answer breaks off
    resets: bool = False  # whether it breaks off with a reset instead of an orderly end
    stalls: dict[str, int] = field(
        default_factory=dict
    )  # bytes after which an answer stands still, once
    sent: dict[str, bytes] = field(
        default_factory=dict
    )  # bodies that differ from what was announced
    announced: dict[str, int] = field(default_factory=dict)  # sizes that differ from the files'
    fails: dict[str, int] = field(default_factory=dict)  # status codes instead of files
    ranges: bool = True  # whether it can go on in the middle of a file
    plain: bool = False  # a web server's folder: no hub's paths, no hub's headers
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> StandIn:
        self.over = threading.Event()
        self.server = Server(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.storage = (
            f"http://localhost:{self.server.server_port}"  # another host to whoever goes by names
        )
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def asked(self, method: str, name: str) -> list[Request]:
        """The requests for one file that reached its content, not those that were sent on."""
        return [
            r
            for r in self.requests
            if r.method == method and r.path.endswith(f"/{name}") and not self._moved(r.path, name)
        ]

    def _moved(self, path: str, name: str) -> bool:
        return not self.plain and len(self.files[name]) >= LARGE and "/resolve/" in path


class Server(ThreadingHTTPServer):
    def shutdown_request(self, request) -> None:
        self.close_request(request)  # at once, so that a connection told to reset does


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
        hub.requests.append(
            Request(self.command, self.path, first, self.headers.get("Authorization"))
        )
        name = self.path.rsplit("/", 1)[-1]
        if name in hub.fails:
            return self.plainly(hub.fails[name])
        if hub.plain or self.path == f"/storage/{name}":
            known = name in hub.files and self.path in (f"/{name}", f"/storage/{name}")
            return self.content(name, first, body) if known else self.plainly(404)
        asked = re.fullmatch(rf"/{hub.repository}/resolve/([^/]+)/([^/]+)", self.path)
        if not asked or asked[1] not in (hub.commit, *hub.branches):
            return self.plainly(
                404, {"X-Error-Code": "RevisionNotFound" if asked else "RepoNotFound"}
            )
        if name not in hub.files:
            return self.plainly(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": hub.commit})
        if len(hub.files[name]) < LARGE:
            etag = hashlib.sha1(hub.files[name]).hexdigest()
            return self.content(
                name, first, body, {"X-Repo-Commit": hub.commit, "ETag": f'"{etag}"'}
            )
        sha256 = hashlib.sha256(hub.files[name]).hexdigest()
        self.plainly(302, {
            "Location": f"{hub.storage}/storage/{name}", "X-Repo-Commit": hub.commit, "X-Linked-ETag": f'"{sha256}"',
            "X-Linked-Size": str(hub.announced.get(name, len(hub.files[name]))), "X-Xet-Hash": sha256,
        })  # fmt: skip

    def plainly(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()

    def content(
        self, name: str, first: int | None, body: bool, headers: dict[str, str] | None = None
    ) -> None:
        hub = self.hub
        whole = hub.sent.get(name, hub.files[name]) if body else hub.files[name]
        partly = hub.ranges and first is not None
        if partly and first >= len(whole):
            return self.plainly(416, {"Content-Range": f"bytes */{len(whole)}"})
        rest = whole[first:] if partly else whole
        self.send_response(206 if partly else 200)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if partly:
            self.send_header("Content-Range", f"bytes {first}-{len(whole) - 1}/{len(whole)}")
        self.send_header(
            "Content-Length", str(len(rest) if body else hub.announced.get(name, len(rest)))
        )
        self.end_headers()
        if not body:
            return
        if name in hub.stalls:
            self.wfile.write(rest[: hub.stalls.pop(name)])
            hub.over.wait()
        elif hub.cuts[name]:
            self.wfile.write(rest[: hub.cuts[name].pop(0)])
            if hub.resets:
                hub.over.wait(0.1)  # a reset would throw away what the other side has not read yet
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
        else:
            self.wfile.write(rest)
            return
        self.close_connection = True

    def log_message(self, *_) -> None:
        pass
