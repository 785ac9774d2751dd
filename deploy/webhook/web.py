"""What the server answers: `/hook` for senders, the pages for people, `/healthz` for whoever watches it."""

from __future__ import annotations

import errno
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from flask import Flask, Response, request

from deploy.webhook import event, signature
from deploy.webhook.limits import Limits
from deploy.webhook.pages import blueprint
from deploy.webhook.record import Delivery
from deploy.webhook.spool import FullError, Queue, moment, name_of
from deploy.webhook.tell import say

LARGEST = 2**20
"""Bytes of a body."""
REMEMBERED = 20_000
"""Ids and digests of deliveries, two of each."""
CSP = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Intake:
    """Takes deliveries into the queue, each one once."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._taken: OrderedDict[str, str] = OrderedDict()
        """When each was taken, by its keys."""
        for delivery in [*(run.delivery for run in reversed(queue.runs())), *queue.waiting()]:
            self._remember(delivery)

    def before(self, delivery: Delivery) -> str:
        """When it was taken before; empty where it was not."""
        return next(filter(None, map(self._taken.get, _keys(delivery))), "")

    def take(self, delivery: Delivery) -> str:
        """Puts it into the queue; returns when it was taken before, else an empty string.

        Raises:
            FullError, OSError: the queue does not take it; it may come again.
        """
        with self._lock:
            if before := self.before(delivery):
                return before
            self._queue.add(delivery)
            self._remember(delivery)
        return ""

    def _remember(self, delivery: Delivery) -> None:
        self._taken.update(dict.fromkeys(_keys(delivery), delivery.received))
        while len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)


def create_app(
    queue: Queue,
    branch: str,
    known: tuple[str, ...],
    *,
    call: Callable[[], None],
    alive: Callable[[], bool],
    limits: Limits | None = None,
    local: bool = False,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """The application.

    Args:
        queue: takes the deliveries; its runs are shown.
        branch: that is deployed; pushes to others are ignored.
        known: the secrets of senders.
        call: is called when a delivery was taken.
        alive: whether somebody works at the queue.
        limits: how often senders may call.
        local: the pages are for names of this machine alone.
        clock: seconds since 1970, by which events are too old.
    """
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST, QUEUE=queue, BRANCH=branch, LOCAL=local)
    app.register_blueprint(blueprint)
    intake, limit = Intake(queue), limits or Limits()

    @app.post("/hook")
    def hook() -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        signed = any(name.lower() in headers for name in signature.HEADERS.values())
        body = request.get_data(cache=False) if signed else b""
        sender = signature.sender(headers, body, known) if signed else None
        if sender is None:
            return _refused(limit, "wrong" if signed else "missing")
        try:
            push = event.read(sender, headers, body, clock())
        except event.EventError as err:
            say(f"refused: {err}")
            return _text(f"{err}\n", err.status)
        if isinstance(push, str) or push.branch != branch:
            why = push if isinstance(push, str) else f"{branch} is what is deployed here"
            return _text(f"ignored: {why}\n", 202)
        digest = hashlib.sha256(body).hexdigest()
        delivery = Delivery(
            name=name_of(digest), sender=sender, id=push.id, digest=digest, commit=push.commit, received=moment()
        )
        if not intake.before(delivery) and (wait := limit.accepted()):
            return _later(wait)
        return _take(intake, delivery, call)

    @app.get("/healthz")
    def health() -> Response:
        problem = queue.problem() or ("" if alive() else "nobody works at the queue") or queue.late(clock())
        return _text(f"{problem}\n" if problem else "ok\n", 503 if problem else 200)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update({"Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff"})
        response.headers.update({"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
        return response

    return app


def _take(intake: Intake, delivery: Delivery, call: Callable[[], None]) -> Response:
    who = f"{delivery.sender} delivery {delivery.id}"
    try:
        if before := intake.take(delivery):
            say(f"refused: {who} was taken before")
            return _text(f"this delivery was taken before, at {before}; it is not run again\n", 409)
    except FullError:
        say(f"error: {who} is not taken: the queue is full")
        return _text("the queue is full; send it again later\n", 507)
    except OSError as err:
        full = err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "the queue's disk is full" if full else f"the queue cannot be written: {err.strerror}"
        say(f"error: {who} is not taken: {why}")
        return _text(f"{why}; send it again when that is mended\n", 507 if full else 503)
    say(f"taken: {who}, commit {delivery.commit[:12]}")
    call()
    response = _text(f"taken; see /runs/{delivery.name}\n", 202)
    response.headers["Location"] = f"/runs/{delivery.name}"
    return response


def _refused(limit: Limits, what: str) -> Response:
    """Nothing of what was sent is said or kept."""
    address = request.remote_addr or ""
    if wait := limit.refused(address):
        return _later(wait)
    say(f"refused: {what} signature, from {address}")
    headers = ", ".join(signature.HEADERS.values())
    return _text(f"the signature is {what}: one of {headers} is needed, made with the secret that is set here\n", 401)


def _later(wait: float) -> Response:
    response = _text("too many deliveries; send it again later\n", 429)
    response.headers["Retry-After"] = str(int(wait) + 1)
    return response


def _text(text: str, status: int) -> Response:
    return Response(text, status=status, mimetype="text/plain")


def _keys(delivery: Delivery) -> tuple[str, ...]:
    """By what it is known again: its id, which a sender may repeat, and its digest, which is what was signed.

    GitLab signs none, and sends the same body when a branch goes forth, back, and forth again.
    """
    own = f"{delivery.sender} {delivery.id}"
    return (own,) if delivery.sender == "GitLab" or not delivery.digest else (own, delivery.digest)
