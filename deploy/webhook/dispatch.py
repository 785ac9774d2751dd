"""Starts the worker when something waits. It is a process of its own, so a deployment outlives the server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import Final

from deploy.webhook.signature import without_secret
from deploy.webhook.spool import Queue
from deploy.webhook.tell import say
from deploy.webhook.tree import Tree

EVERY: Final = 1.0
"""Seconds between two looks at the queue, where nobody calls."""
LOOK: Final = 300.0
"""Seconds until a worker is started all the same, to look for what no delivery came of."""
AFTER_FAILURE: Final = 30.0
"""Seconds until a worker that failed, as on a full disk, is followed by the next."""


class Dispatcher(threading.Thread):
    """Looks at the queue, again and again."""

    def __init__(self, queue: Queue, tree: Tree) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self._queue, self._tree = queue, tree
        self._called = threading.Event()

    def call(self) -> None:
        """Something has come."""
        self._called.set()

    def run(self) -> None:
        """Never ends; the first worker is started in any case, for what the last server left."""
        due, code, looked = True, os.EX_OK, 0.0
        while True:
            pause = EVERY
            try:
                if due and self._idle():
                    code = subprocess.Popen(
                        [
                            *(sys.executable, "-m", "deploy.webhook.work"),
                            *(str(self._queue.folder), self._tree.branch, self._tree.prefix),
                            *(["--spare"] if code == os.EX_IOERR else []),
                        ],
                        stdin=subprocess.DEVNULL,
                        env=without_secret(),
                        start_new_session=True,
                    ).wait()
                    looked = time.monotonic()
                    if code not in (os.EX_OK, os.EX_TEMPFAIL):
                        say(f"error: the worker ended with {code}; another one is started in {AFTER_FAILURE:.0f} s")
                        pause = AFTER_FAILURE
                self._called.wait(pause)
                self._called.clear()
                due = bool(self._queue.due(time.time())) or time.monotonic() - looked > LOOK
            except OSError as err:
                say(f"error: no worker can be started: {err.strerror}")
                time.sleep(AFTER_FAILURE)

    def _idle(self) -> bool:
        """Whether no worker is there, of this server or of one before it, nor a command that it left."""
        with self._queue.lock("worker") as lock:
            return lock is not None
