"""A small Docker daemon for tests: its HTTP API on a unix socket, with scripted builds and pushes."""

from __future__ import annotations

import contextlib
import io
import json
import socketserver
import tarfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

DIGEST = "sha256:" + "d" * 64
IMAGE_ID = "sha256:" + "a" * 64


@dataclass
class FakeDaemon:
    """The daemon; `with FakeDaemon(path) as daemon` starts and ends it."""

    socket: Path
    calls: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, query and headers of each request but the ones for the version."""
    files: dict[str, str] = field(default_factory=dict)
    """What the last build got: content by name; a folder's is `<folder>`."""
    build: list[dict[str, Any]] = field(default_factory=lambda: [{"aux": {"ID": IMAGE_ID}}])
    push: list[dict[str, Any]] = field(
        default_factory=lambda: [{"status": "Pushed"}, {"aux": {"Tag": "v1", "Digest": DIGEST, "Size": 1}}]
    )
    others: int = 0
    """How often the name stands for another image when it is pushed."""
    refusal: tuple[int, str] | None = None
    """Answer the build with this status and message instead."""
    hold: threading.Event | None = None
    """If set, a build goes on after its first message only once this event is set."""

    def __enter__(self) -> FakeDaemon:
        daemon = self

        class Handler(_Handler):
            fake = daemon

        self._server = socketserver.ThreadingUnixStreamServer(str(self.socket), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    def asked(self, end: str) -> list[tuple[dict[str, str], dict[str, str]]]:
        """Query and headers of the requests whose path ends so."""
        return [(query, headers) for path, query, headers in self.calls if path.endswith(end)]


class _Handler(BaseHTTPRequestHandler):
    fake: FakeDaemon
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def address_string(self) -> str:
        return "unix"

    def do_GET(self) -> None:
        answer: dict[str, Any] = {"ApiVersion": "1.41", "Version": "20.10.24"}
        if self.path.endswith(f"/{IMAGE_ID}/json"):
            taken = self.fake.others > 0
            self.fake.others -= taken
            answer = {"Id": IMAGE_ID, "RepoDigests": [] if taken else [f"team/app@{DIGEST}"]}
        self._answer(200, json.dumps(answer).encode())

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = self._body()
        self.fake.calls.append((parts.path, query, dict(self.headers.items())))
        if parts.path.endswith("/build"):
            self.fake.files = _unpacked(body)
            if self.fake.refusal:
                code, message = self.fake.refusal
                self._answer(code, json.dumps({"message": message}).encode())
                return
            self._stream(self.fake.build)
        elif parts.path.endswith("/tag"):
            self._answer(201, b"")
        else:
            self._stream(self.fake.push)

    def handle(self) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a build that was stopped
            super().handle()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def _stream(self, messages: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for index, message in enumerate(messages):
            if index and self.fake.hold:
                self.fake.hold.wait(10)
            line = json.dumps(message).encode() + b"\r\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _unpacked(body: bytes) -> dict[str, str]:
    files = {}
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        for member in archive:
            data = archive.extractfile(member) if member.isreg() else None
            files[member.name] = data.read().decode() if data else f"<{'folder' if member.isdir() else 'link'}>"
    return files
