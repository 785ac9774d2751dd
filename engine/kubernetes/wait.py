"""Waits for a live object by its watch, until a rule is satisfied or the time is over.

A rule looks at the object and answers what is missing; an empty answer means ready. No polling: each change arrives at
once. A rule that depends on more than the object is asked again every `tick` seconds, and more often at first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.objects import annotation, name_of, namespace_of
from engine.provider import Status

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

DEFAULT_SECONDS = 600.0
TIMEOUT_ANNOTATION = "pulumi.com/timeoutSeconds"
WATCH_SECONDS = 30.0
"""How long one watch lasts; then the object is read, which tells a cluster that went silent."""
FIRST_TICK_SECONDS = 0.1

Rule = Callable[[dict[str, Any]], Awaitable[str]]
"""What is missing for the object to be ready; empty when it is. Raises `NeverReadyError` when it cannot become so."""


class NeverReadyError(Exception):
    """The object has failed for good; the message says why."""


class NotReadyError(Exception):
    """The time is over. `live` is the object as last seen, None where it is gone; the message says what was missing."""

    def __init__(self, missing: str, live: dict[str, Any] | None) -> None:
        super().__init__(missing)
        self.live = live


def seconds(timeout: float, manifest: dict[str, Any]) -> float:
    """How long to wait: the resource's timeout, else its annotation, else 10 min."""
    if timeout:
        return timeout
    text = annotation(manifest, TIMEOUT_ANNOTATION)
    return float(text) if text.isdigit() and int(text) else DEFAULT_SECONDS


async def until(
    api: Api, endpoint: Endpoint, live: dict[str, Any], rule: Rule, *, limit: float, status: Status, tick: float = 0.0
) -> dict[str, Any]:
    """The object once the rule is satisfied. Raises `NotReadyError`, or what the rule and the server raise."""
    last: dict[str, Any] | None = live
    missing = await rule(live)
    deadline = time.monotonic() + limit
    said, pause = "", min(FIRST_TICK_SECONDS, tick)
    queue: asyncio.Queue[dict[str, Any] | BaseException] = asyncio.Queue()
    feed = asyncio.create_task(_feed(api, endpoint, live, queue)) if missing else None
    try:
        while missing:
            if missing != said:
                said = missing
                status(missing)
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotReadyError(missing, last)
            try:
                event = await asyncio.wait_for(queue.get(), min(left, pause or left))
            except TimeoutError:
                missing, pause = await rule(last) if last and tick else missing, min(pause * 2, tick)
                continue
            if isinstance(event, BaseException):
                raise event
            if event["type"] == "DELETED":
                raise NotReadyError("it was deleted by someone else meanwhile", None)
            last = event["object"]
            missing = await rule(last)
    finally:
        if feed is not None:
            feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)
    return last or live


async def gone(api: Api, endpoint: Endpoint, live: dict[str, Any], why: Rule, *, limit: float, status: Status) -> None:
    """Waits until the object, or rather the one with its uid, is gone. Raises `NotReadyError` with what holds it."""
    uid = live["metadata"].get("uid")
    deadline = time.monotonic() + limit
    queue: asyncio.Queue[dict[str, Any] | BaseException] = asyncio.Queue()
    feed = asyncio.create_task(_feed(api, endpoint, live, queue))
    said = ""
    try:
        while True:
            missing = await why(live)
            if missing != said:
                said = missing
                status(missing)
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotReadyError(missing, live)
            try:
                event = await asyncio.wait_for(queue.get(), left)
            except TimeoutError:
                continue
            if isinstance(event, ApiError) and event.code == 404:
                return
            if isinstance(event, BaseException):
                raise event
            if event["type"] == "DELETED" and event["object"]["metadata"].get("uid") == uid:
                return
            if event["object"]["metadata"].get("uid") != uid:
                return
            live = event["object"]
    finally:
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)


async def _feed(
    api: Api, endpoint: Endpoint, live: dict[str, Any], queue: asyncio.Queue[dict[str, Any] | BaseException]
) -> None:
    """Puts every change of one object into the queue; an error of the server ends the feed and is put there too."""
    name, namespace = name_of(live), namespace_of(live)
    version = str(live["metadata"].get("resourceVersion", ""))
    params = {"fieldSelector": f"metadata.name={name}"}
    try:
        while True:
            started = time.monotonic()
            query = {**params, "resourceVersion": version} if version else params
            try:
                watch = api.watch(endpoint.path(namespace), params=query, seconds=WATCH_SECONDS)
                async with aclosing(watch):
                    async for event in watch:
                        if event.get("type") == "ERROR":
                            break  # the version is too old: read anew
                        version = str(event["object"]["metadata"].get("resourceVersion", version))
                        queue.put_nowait(event)
            except ApiError as err:
                if err.code not in (410, 500, 503, 504):
                    raise
            if time.monotonic() - started < 1.0:
                await asyncio.sleep(0.5)
            now = await api.call("GET", endpoint.path(namespace, name))
            version = str(now["metadata"].get("resourceVersion", ""))
            queue.put_nowait({"type": "MODIFIED", "object": now})
    except Exception as err:  # handed to the waiting side, which raises it
        queue.put_nowait(err)
