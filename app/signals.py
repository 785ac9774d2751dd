"""What tells a process to go is heard by a worker from its first moment on.

A worker that is just forked still has the handlers of gunicorn's main process, which only note a signal in a queue: in
the worker one that nobody reads. A SIGTERM so soon after the start would be lost, and the main process would wait for
all of `graceful_timeout`, then kill that worker. So those signals are held pending from before the fork until the
worker has handlers of its own.
"""

from __future__ import annotations

import os
import signal
from typing import Final

_TO_GO: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def hold() -> None:
    """In the main process, before it forks a worker."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _TO_GO)


def release() -> None:
    """Lets them through, those that came meanwhile first."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _TO_GO)


def release_after_forks() -> None:
    """In the main process, once: it hears again right after each fork. gunicorn has no hook for that moment."""
    os.register_at_fork(after_in_parent=release)
