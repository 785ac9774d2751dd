"""A real gunicorn on loopback, with the image's settings."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Server:
    """One gunicorn; its log is in a file, its working folder cannot be written to."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.port = int(env.setdefault("PORT", str(free_port())))
        self.log = folder / f"log-{self.port}"
        self.metrics = folder / "metrics"
        home = folder / "read-only"
        home.mkdir(mode=0o555, exist_ok=True)
        target = env.pop("TARGET", "app:create_app()")
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "app/gunicorn.conf.py"), target],
                cwd=home,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(ROOT),
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PROMETHEUS_MULTIPROC_DIR": str(self.metrics),
                    **env,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if self.get("/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        self.kill()
        raise AssertionError(f"gunicorn did not get ready:\n{self.output()}")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """Status, headers and body, on a connection of its own."""
        connection = self.connect()
        try:
            connection.request("GET", path, headers={"Connection": "close", **(headers or {})})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read().decode()
        finally:
            connection.close()

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def wait_for_workers(self, count: int) -> None:
        """Until exactly so many run."""
        deadline = time.monotonic() + 10
        while len(self.workers()) != count:
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.05)

    def term(self, sig: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(sig)

    def wait(self, timeout: float) -> int:
        return self._process.wait(timeout)

    def kill(self) -> None:
        if self._process.poll() is None:
            for pid in [*self.workers(), self._process.pid]:
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)

    def output(self) -> str:
        return self.log.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """The log; every line of it must be a JSON object."""
        return [json.loads(line) for line in self.output().splitlines()]

    def requests(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["logger"] == "app.request"]
