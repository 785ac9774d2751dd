"""A gunicorn worker that leaves in an orderly way."""

from __future__ import annotations

import time
from types import FrameType
from typing import Final

from gunicorn.workers.gthread import ThreadWorker

from app import signals
from app.drain import DRAINING

DRAIN_SECONDS: Final = 2.0
"""How long a worker goes on accepting after SIGTERM, answering `/readyz` with 503 and closing what it answers."""


class DrainingWorker(ThreadWorker):
    """On SIGTERM: first not ready, then no longer accepting, then gone when the last request is answered.

    The kubelet sends SIGTERM after the preStop sleep, when the cluster's proxies no longer choose this pod; but
    connections that are already open stay with it. So every answer from then on says `Connection: close`, and clients
    that keep connections alive move to another pod with their next request. gunicorn's own stop would do so too, but
    for 2 seconds only, and without accepting: a proxy that lags would be refused.
    """

    _drained: float | None = None

    def init_signals(self) -> None:
        """Called once the worker can leave in an orderly way."""
        super().init_signals()
        signals.release()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM. A second one changes nothing."""
        if self._drained is None:
            self._drained = time.monotonic() + DRAIN_SECONDS
            DRAINING.set()
            # No room for another kept-alive connection: each answer closes its own.
            self.max_keepalived = 0

    def notify(self) -> None:
        """Called at least once a second by the worker's loop."""
        super().notify()
        if self._drained is not None and time.monotonic() >= self._drained:
            self.alive = False
