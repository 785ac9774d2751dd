"""A bounded, paced load on loopback: half of it over kept connections, half with a new one each time."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit


@dataclass
class Load:
    """Requests to one URL at a fixed rate until the block ends; a context manager."""

    url: str
    rate: float = 60.0
    """Requests per second at most, all workers together."""
    workers: int = 6
    limit: float = 300.0
    """Seconds after which the load stops by itself."""
    seen: Counter[str] = field(default_factory=Counter)
    """The first and the last line of each answer (greeting and version), and how often they came."""
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> Load:
        self._stop = threading.Event()
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(index,)) for index in range(self.workers)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the load; a second time changes nothing."""
        if self._stop.is_set():
            return
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)

    @property
    def count(self) -> int:
        """Requests that were answered with 200."""
        return sum(self.seen.values())

    def _work(self, index: int) -> None:
        keep = index % 2 == 0
        interval = self.workers / self.rate
        connection: http.client.HTTPConnection | None = None
        due = self._begun + index / self.rate
        while not self._stop.is_set() and due - self._begun < self.limit:
            time.sleep(max(0.0, due - time.monotonic()))
            due += interval
            try:
                if connection is None:
                    parts = urlsplit(self.url)
                    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
                connection.request("GET", "/", headers={} if keep else {"Connection": "close"})
                answer = connection.getresponse()
                body = answer.read().decode()
                if answer.will_close:
                    connection.close()
                    connection = None
                with self._lock:
                    if answer.status == 200:
                        lines = body.strip().splitlines()
                        self.seen[f"{lines[0]} {lines[-1]}"] += 1
                    else:
                        self.failures.append(f"{answer.status}: {body[:200]}")
            except (OSError, http.client.HTTPException) as err:
                with self._lock:
                    self.failures.append(f"{'kept' if keep else 'new'} connection: {err!r}")
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()
