"""The HTTP server: one process, which alone adds to the queue.

A request gets a thread when all of it has come, so whoever sends slowly holds up nobody.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any, Final

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.server import TcpWSGIServer  # type: ignore[import-untyped]

from deploy.errors import DeployError
from deploy.webhook.dispatch import Dispatcher
from deploy.webhook.hosts import loopback
from deploy.webhook.spool import Queue
from deploy.webhook.tell import say
from deploy.webhook.tree import Tree
from deploy.webhook.web import LARGEST, create_app

PATIENCE: Final = 30
"""Seconds that a connection may last, however busy it looks, when no request of it is being answered."""
CONNECTIONS: Final = 500
"""At the same time."""


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection whose time is not prolonged by a byte now and then."""

    @property
    def last_activity(self) -> float:
        return float(self.creation_time)

    @last_activity.setter
    def last_activity(self, _: float) -> None:
        pass


class _Server(TcpWSGIServer):  # type: ignore[misc]
    channel_class = _Channel


def make(listen: str, app: Any, patience: int = PATIENCE) -> TcpWSGIServer:
    """The server, listening.

    Raises:
        DeployError: the address cannot be listened on (69).
    """
    host, _, port = listen.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    try:
        found = socket.create_server((host.strip("[]"), int(port)), family=family)
    except OSError as err:
        raise DeployError(
            f"--listen {listen}: {str(err.strerror).partition(' (')[0]}. Take another one.", os.EX_UNAVAILABLE
        ) from err
    return _Server(
        app,
        _sock=found,
        bind_socket=False,
        sockinfo=(found.family, found.type, found.proto, found.getsockname()),
        sockets=[found],
        threads=8,
        connection_limit=CONNECTIONS,
        channel_timeout=patience,
        cleanup_interval=1,
        asyncore_use_poll=True,  # more descriptors than select knows
        max_request_body_size=LARGEST,
        max_request_header_size=2**16,
        inbuf_overflow=2 * LARGEST,  # no temporary files
        log_socket_errors=False,
        ident=None,
    )


def run(listen: str, queue: Queue, tree: Tree, known: tuple[str, ...]) -> None:
    """Serves until it is told to go."""
    dispatcher = Dispatcher(queue, tree)
    app = create_app(queue, tree.branch, known, call=dispatcher.call, alive=dispatcher.is_alive, local=loopback(listen))
    server = make(listen, app)
    for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):  # of a terminal that is closed, or elsewhere
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    say(f"serving http://{listen}/ for pushes to {tree.branch}; POST them to /hook")
    dispatcher.start()
    server.run()  # until SystemExit or KeyboardInterrupt, which it takes
    say("stopped; a run that is under way goes on to its end")
