"""Waits for a live object by its watch, until a rule is satisfied or the time is over.

A rule looks at the object and answers what is missing; an empty answer means ready. No polling: each change arrives at
once. A rule that depends on more than the object is asked again every `tick` seconds, and more often at first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.objects import annotation
from engine.provider import Status

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

DEFAULT_SECONDS = 600.0
TIMEOUT_ANNOTATION = "pulumi.com/timeoutSeconds"
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


def seconds(timeout: float, manifest: dict[str, Any], default: float = DEFAULT_SECONDS) -> float:
    """How long to wait: the resource's timeout, else its annotation, else `default`."""
    if timeout:
        return timeout
    text = annotation(manifest, TIMEOUT_ANNOTATION)
    return float(text) if text.isdigit() and int(text) else default


async def until(
    api: Api, endpoint: Endpoint, live: dict[str, Any], rule: Rule, *, limit: float, status: Status, tick: float = 0.0
) -> dict[str, Any]:
    """The object once the rule is satisfied. Raises `NotReadyError`, or what the rule and the server raise."""
    last: dict[str, Any] | None = live
    missing = await rule(live)
    deadline = time.monotonic() + limit
    said, pause = "", min(FIRST_TICK_SECONDS, tick)
    if not missing:
        return live
    async with api.watches.of(endpoint, live) as queue:
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
    return last or live


async def gone(api: Api, endpoint: Endpoint, live: dict[str, Any], why: Rule, *, limit: float, status: Status) -> None:
    """Waits until the object, or rather the one with its uid, is gone. Raises `NotReadyError` with what holds it."""
    uid = live["metadata"].get("uid")
    deadline = time.monotonic() + limit
    said = ""
    async with api.watches.of(endpoint, live) as queue:
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
