"""How often senders may call."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

ACCEPTED: Final = 60
"""Deliveries a minute with a right signature, from all senders together."""
REFUSED: Final = 20
"""Deliveries a minute from one address with a wrong one, before it is told to go away."""
ADDRESSES: Final = 1024
"""That are remembered."""


class Limits:
    """Buckets that fill up again evenly. Wrong signatures never cost a right one its turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """What is left for each address (empty: all signed ones), and when that was."""

    def accepted(self) -> float:
        """Takes a turn; 0, or the seconds to wait for one."""
        return self._take("", ACCEPTED)

    def refused(self, address: str) -> float:
        """The same for a wrong signature from an address."""
        return self._take(address or "unknown", REFUSED)

    def _take(self, key: str, per_minute: int) -> float:
        with self._lock:
            now = self._clock()
            left, then = self._buckets.pop(key, (float(per_minute), now))
            left = min(per_minute, left + (now - then) * per_minute / 60)
            wait = 0.0 if left >= 1 else (1 - left) * 60 / per_minute
            self._buckets[key] = (left if wait else left - 1, now)
            while len(self._buckets) > ADDRESSES:
                self._buckets.popitem(last=False)
            return wait
