"""Stand-ins for what the local cluster works with: programs on PATH, a Docker daemon, an image registry."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Programs:
    """A folder of small shell scripts that take the place of programs, and note how they were called."""

    folder: Path

    def add(self, name: str, script: str = "") -> None:
        """A program `name`; `$CALLS` in the script is the file of notes."""
        path = self.folder / name
        note = 'echo "${0##*/} $(printf %s "$*" | /usr/bin/tr \'\\n\' \' \')" >> "$CALLS"'
        path.write_text(f"#!/bin/sh\nCALLS={self.notes}\n{note}\n{script}\nexit 0\n")
        path.chmod(0o755)

    @property
    def notes(self) -> Path:
        return self.folder.with_name("calls")

    @property
    def calls(self) -> list[str]:
        """Every call so far: the name and its arguments."""
        return self.notes.read_text().splitlines() if self.notes.exists() else []


@dataclass
class Request:
    """A request that a fake server got."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What it answers."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Handle = Callable[[Request], Answer]


class _Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    daemon_threads = True
    handle: Handle


class _TcpServer(_Server, socketserver.TCPServer):
    allow_reuse_address = True


class _UnixServer(_Server, socketserver.UnixStreamServer):
    pass


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    wbufsize = -1  # one packet for headers and body

    def _answer(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.handle(Request(self.command, url.path, query, dict(self.headers), body))
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass

    def address_string(self) -> str:
        return "client"


@contextmanager
def serve(handle: Handle, path: Path | None = None) -> Iterator[str]:
    """Serve HTTP on a free port of loopback (gives `127.0.0.1:port`) or on the socket `path` (gives `unix://path`)."""
    server: _TcpServer | _UnixServer
    if path is None:
        server = _TcpServer(("127.0.0.1", 0), _Handler)
        address = f"127.0.0.1:{server.server_address[1]}"
    else:
        server = _UnixServer(str(path), _Handler)
        address = f"unix://{path}"
    server.handle = handle
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Registry:
    """An image registry in memory; `Registry()` is what `serve` takes."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Under `repository:tag` and `repository:digest`: content type and content."""
    writes: int = 0

    def put(self, repository: str, tag: str, kind: str, content: bytes) -> str:
        """Store a manifest; gives its digest."""
        digest = _digest(content)
        self.manifests[f"{repository}:{tag}"] = self.manifests[f"{repository}:{digest}"] = (kind, content)
        return digest

    def image(self, repository: str, tag: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Manifest and configuration of an image that must be there, with all it refers to."""
        manifest = json.loads(self.manifests[f"{repository}:{tag}"][1])
        for entry in (manifest["config"], *manifest["layers"]):
            assert len(self.blobs[entry["digest"]]) == entry["size"]
        return manifest, json.loads(self.blobs[manifest["config"]["digest"]])

    def __call__(self, request: Request) -> Answer:
        version = {"Docker-Distribution-Api-Version": "registry/2.0"}
        if request.path == "/v2/":
            return Answer(200, b"{}", version)
        match = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/(.+?)/?", request.path)
        assert match, request.path
        repository, kind, reference = match.groups()
        if request.method in ("POST", "PUT"):
            return self._write(request, repository, kind, reference)
        found = self.manifests.get(f"{repository}:{reference}") if kind == "manifests" else None
        if kind == "blobs" and reference in self.blobs:
            found = ("application/octet-stream", self.blobs[reference])
        if found is None:
            return Answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')
        headers = {"Content-Type": found[0], "Docker-Content-Digest": _digest(found[1])}
        return Answer(200, found[1], headers)

    def _write(self, request: Request, repository: str, kind: str, reference: str) -> Answer:
        self.writes += 1
        if request.method == "POST":
            return Answer(202, headers={"Location": f"/v2/{repository}/blobs/uploads/1?state=s"})
        digest = _digest(request.body)
        if kind == "manifests":
            self.put(repository, reference, request.headers["Content-Type"], request.body)
        elif request.query == {"state": "s", "digest": digest}:
            self.blobs[digest] = request.body
        else:
            return Answer(400, b"DIGEST_INVALID")
        return Answer(201, headers={"Docker-Content-Digest": digest})


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
