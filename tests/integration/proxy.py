"""The way to the API server with a part in it that a test can break."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import yaml

from tests.integration.project import Project


def kubeconfig(project: Project, folder: Path, server: str) -> Path:
    """The tests' own kubeconfig with another server, written to the folder."""
    content: dict[str, Any] = yaml.safe_load(project.node.kubeconfig.read_text("utf-8"))
    content["clusters"][0]["cluster"]["server"] = server
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def api_port(project: Project) -> int:
    """Where the API server listens."""
    content = yaml.safe_load(project.node.kubeconfig.read_text("utf-8"))
    return int(content["clusters"][0]["cluster"]["server"].rsplit(":", 1)[1])


class Proxy:
    """A TCP relay to a loopback port that can be cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = [self._server]

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        """Ends what is open, and takes nothing more."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
            finally:
                connection.close()
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
