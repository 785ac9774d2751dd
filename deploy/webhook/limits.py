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


class _Bucket:
    """Turns, which come back evenly."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._most, self._left, self._then = per_minute, float(per_minute), now

    def take(self, now: float) -> float:
        self._left = min(self._most, self._left + (now - self._then) * self._most / 60)
        self._then = now
        if self._left < 1:
            return (1 - self._left) * 60 / self._most
        self._left -= 1
        return 0.0


class Limits:
    """A bucket for all that is signed, and one for each address. Wrong signatures never cost a right one its turn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._accepted = _Bucket(ACCEPTED, clock())
        self._refused: OrderedDict[str, _Bucket] = OrderedDict()

    def accepted(self) -> float:
        """Takes a turn; 0, or the seconds to wait for one."""
        with self._lock:
            return self._accepted.take(self._clock())

    def refused(self, address: str) -> float:
        """The same for a wrong signature from an address."""
        with self._lock:
            now = self._clock()
            bucket = self._refused.pop(address, None) or _Bucket(REFUSED, now)
            self._refused[address] = bucket
            while len(self._refused) > ADDRESSES:
                self._refused.popitem(last=False)
            return bucket.take(now)
