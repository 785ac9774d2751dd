"""The HTTP server: gunicorn with one process, which alone adds to the queue, and threads in it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from deploy.errors import DeployError
from deploy.say import say
from deploy.webhook.dispatch import Dispatcher
from deploy.webhook.spool import Queue
from deploy.webhook.tree import Tree
from deploy.webhook.web import create_app

PATIENCE = 15.0
"""Seconds that the address may still be taken, by the rest of a server that was killed."""


class _Server(BaseApplication):  # type: ignore[misc, unused-ignore]
    def __init__(self, options: dict[str, Any], factory: Callable[[], Flask]) -> None:
        self._options, self._factory = options, factory
        super().__init__()

    def load_config(self) -> None:
        for key, value in self._options.items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        """In the process that serves, so that one which is started anew knows what was taken meanwhile."""
        return self._factory()


def run(listen: str, queue: Queue, tree: Tree, known: tuple[str, ...]) -> None:
    """Serves until it is told to go."""
    _wait_for(listen)
    options = {
        "bind": listen,
        "workers": 1,  # what was taken before is known in its memory
        "worker_class": "gthread",
        "threads": 16,
        "timeout": 60,
        "graceful_timeout": 5,
        "loglevel": "warning",
        "accesslog": None,  # the application says what it did, and nothing of what it was sent
        "control_socket_disable": True,
        "forwarded_allow_ips": "",
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
        "on_exit": lambda _server: say("stopped; a run that is under way goes on to its end"),
    }

    def factory() -> Flask:
        dispatcher = Dispatcher(queue, tree)
        dispatcher.start()
        return create_app(queue, tree.branch, known, call=dispatcher.call, alive=dispatcher.is_alive)

    _Server(options, factory).run()


def _wait_for(listen: str) -> None:
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((host.strip("[]"), int(port)))
                return
        except OSError as err:
            if time.monotonic() > end or isinstance(err, socket.gaierror):
                raise DeployError(f"--listen {listen}: {err.strerror}. Take another one.", os.EX_UNAVAILABLE) from err
        time.sleep(0.2)
