"""The changes of live objects, from watches that many waits share.

A few objects of one kind and namespace are watched each by itself, which needs the least rights and tells nothing of
others. Once there are more, one watch of the collection serves them all: a connection each would cost too much.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any

from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.objects import name_of, namespace_of

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

WATCH_SECONDS = 30.0
"""How long one watch lasts; then the objects are read, which tells a cluster that went silent."""
ALONE = 3
"""How many objects of one collection have a watch of their own at the same time."""

Event = dict[str, Any] | BaseException
Queue = asyncio.Queue[Event]


class Watches:
    """The watches on one API server."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._feeds: dict[tuple[str, str], _Feed] = {}
        self._refused: set[str] = set()
        """Collections that the signed-in user may not watch as a whole."""

    @asynccontextmanager
    async def of(self, endpoint: Endpoint, live: dict[str, Any]) -> AsyncIterator[Queue]:
        """A queue that gets every change of a live object after the given state of it, or the error that ends them."""
        queue: Queue = asyncio.Queue()
        path, name = endpoint.path(namespace_of(live)), name_of(live)
        self._join(path, name, queue, live)
        try:
            yield queue
        finally:
            for key in ((path, ""), (path, name)):
                feed = self._feeds.get(key)
                if feed is not None and feed.leave(name, queue) and key[1]:
                    await self._feeds.pop(key).close()

    async def close(self) -> None:
        """Ends all of them."""
        while self._feeds:
            await self._feeds.popitem()[1].close()

    def _join(self, path: str, name: str, queue: Queue, live: dict[str, Any]) -> None:
        alone = sum(1 for other, only in self._feeds if other == path and only)
        shared = path not in self._refused and ((path, "") in self._feeds or alone >= ALONE)
        key = (path, "" if shared and (path, name) not in self._feeds else name)
        if key not in self._feeds:
            self._feeds[key] = _Feed(self._api, *key, _version(live), self._ended)
        self._feeds[key].join(name, queue, live)

    def _ended(self, feed: _Feed, err: Exception) -> None:
        """Tells those who wait; where only the whole collection was refused, each object gets a watch of its own."""
        self._feeds.pop((feed.path, feed.only), None)
        if feed.only or not isinstance(err, ApiError) or err.code != 403:
            feed.fail(err)
            return
        self._refused.add(feed.path)
        for name, queue, live in feed.waiting():
            self._join(feed.path, name, queue, live)


class _Feed:
    """One watch, begun again for as long as it is wanted, and the queues that it serves."""

    def __init__(self, api: Api, path: str, only: str, version: int, ended: Callable[[_Feed, Exception], None]) -> None:
        self.path = path
        """The collection."""
        self.only = only
        """The name of the one object that is watched; empty: all of them are."""
        self._api = api
        self._ended = ended
        self._queues: dict[str, list[tuple[Queue, dict[str, Any]]]] = {}
        self._version = version
        """Up to where the changes are known; 0: not at all."""
        self._since: float = version
        """From where on they are."""
        self._last: dict[str, dict[str, Any]] = {}
        """The last event of each object."""
        self._task = asyncio.create_task(self._run())
        self._reads: set[asyncio.Task[None]] = set()

    def join(self, name: str, queue: Queue, live: dict[str, Any]) -> None:
        """Lets the queue have what comes after the given state of the object."""
        self._queues.setdefault(name, []).append((queue, live))
        known = self._last.get(name)
        if known is not None and _newer(known["object"], live):
            queue.put_nowait(known)
        elif _version(live) < self._since:
            task = asyncio.create_task(self._read(name))
            self._reads.add(task)
            task.add_done_callback(self._reads.discard)

    def leave(self, name: str, queue: Queue) -> bool:
        """Lets the queue have no more; whether there is none left."""
        rest = [entry for entry in self._queues.pop(name, []) if entry[0] is not queue]
        if rest:
            self._queues[name] = rest
        return not self._queues

    def waiting(self) -> list[tuple[str, Queue, dict[str, Any]]]:
        """Every queue, with the object that it is for."""
        return [(name, queue, live) for name, entries in self._queues.items() for queue, live in entries]

    def fail(self, err: Exception, name: str = "") -> None:
        """Tells all queues, or those of one object, an error that ends the changes."""
        for other, queue, _ in self.waiting():
            if name in ("", other):
                queue.put_nowait(err)

    async def close(self) -> None:
        """Ends the watch."""
        tasks = [self._task, *self._reads]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while True:
                began = time.monotonic()
                await self._watch()
                if time.monotonic() - began < 1.0:
                    await asyncio.sleep(0.5)
                await asyncio.gather(*(self._read(name) for name in [*self._queues]))
        except Exception as err:
            self._ended(self, err)

    async def _watch(self) -> None:
        params = {"fieldSelector": f"metadata.name={self.only}"} if self.only else {}
        if self._version:
            params["resourceVersion"] = str(self._version)
        try:
            async with aclosing(self._api.watch(self.path, params=params, seconds=WATCH_SECONDS)) as events:
                async for event in events:
                    if event.get("type") == "ERROR":
                        self._forget()  # the version is too old
                        return
                    self._version = _version(event["object"]) or self._version
                    self._tell(name_of(event["object"]), event)
        except ApiError as err:
            if err.code not in (410, 429, 500, 502, 503, 504):
                raise
            if err.code == 410:
                self._forget()

    def _forget(self) -> None:
        """The next watch begins anew, with the objects that there are; what was deleted meanwhile, it does not tell."""
        self._version, self._since = 0, float("inf")
        self._last.clear()

    def _tell(self, name: str, event: dict[str, Any]) -> None:
        self._last[name] = event
        for queue, _ in self._queues.get(name, ()):
            queue.put_nowait(event)

    async def _read(self, name: str) -> None:
        try:
            live = await self._api.call("GET", f"{self.path}/{name}")
        except Exception as err:  # handed to the waiting side, which raises it
            self.fail(err, name)
            return
        known = self._last.get(name)
        if known is None or _newer(live, known["object"]):
            self._tell(name, {"type": "MODIFIED", "object": live})


def _newer(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether one state of an object may come after the other."""
    return not _version(one) or _version(one) > _version(other)


def _version(live: dict[str, Any]) -> int:
    """An object's resourceVersion, a number that grows with every change in the cluster; 0 where there is none."""
    text = str(live["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0
