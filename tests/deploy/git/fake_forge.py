"""GitHub and GitLab over HTTP on the loopback address: what all that asks them shares, and pull requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

from deploy.errors import DeployError
from deploy.git import open_pull_request

TOKEN = "very-hidden"


class Server:
    """A forge's API, which remembers what it was asked, and fails where a test wants it to."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.asked: list[tuple[str, str, Any]] = []
        """Method, path with query, and body of each request."""
        self.headers: dict[str, str] = {}
        """Of the last request."""
        self.faults: list[tuple[int, dict[str, str], str]] = []
        """Answers (status, headers, body) that come first, one per request; the status 0 is none at all."""
        self.lost = False
        """Whether the answer to the next POST is lost, after it was obeyed."""
        self.over = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.variable = {"GitHub": "GITHUB_TOKEN", "GitLab": "GITLAB_TOKEN"}[kind]
        root = {"GitHub": "GITHUB_API_URL", "GitLab": "CI_API_V4_URL"}[kind]
        self.env = {root: f"http://{self.host}/api", self.variable: TOKEN + "\n"}

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Answers for the time of the block."""
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.over.set()
            self.server.shutdown()
            thread.join()
            self.server.server_close()

    def obey(self, method: str, path: str, body: Any) -> Any:
        """What a healthy forge does, and answers."""
        raise NotImplementedError

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
                forge.asked.append((self.command, self.path, body))
                forge.headers = dict(self.headers)
                status, headers, text = forge.faults.pop(0) if forge.faults else (200, {}, "")
                if status == 0:
                    forge.over.wait(30)
                    return
                if status == 200 and not text:
                    text = json.dumps(forge.obey(self.command, self.path, body))
                    if self.command == "POST" and forge.lost:
                        forge.lost = False
                        return
                self.send_response(status)
                for key, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - named by the base class

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        return Handler


class Forge(Server):
    """GitHub or GitLab, with one repository and its pull requests."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.open: list[dict[str, Any]] = []
        """The pull requests; the newest first."""
        self.slept: list[float] = []

    def pull(self, title: str = "t", url: str = "", timeout: float = 10.0) -> str | None:
        """The call under test."""
        remote = url or f"http://u:p@{self.host}/group/app.git"
        return open_pull_request(
            remote, "promote/prod", "main", title, "body", env=self.env, timeout=timeout, sleep=self.slept.append
        )

    def refused(self, **options: Any) -> DeployError:
        """What the call says when it fails."""
        with pytest.raises(DeployError) as raised:
            self.pull(**options)
        assert TOKEN not in str(raised.value)
        return raised.value

    def obey(self, method: str, path: str, body: Any) -> Any:
        if method == "GET":
            return self.open
        page = f"http://{self.host}/pull/7"
        if method == "POST":
            keys = ("number", "html_url", "open") if self.kind == "GitHub" else ("iid", "web_url", "opened")
            self.open.append(dict(zip((*keys[:2], "state"), (7, page, keys[2]), strict=True)))
        self.open[0].update(body)
        return self.open[0]
