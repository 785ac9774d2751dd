"""One log line and one count for every request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Final

from flask import Flask, Response, g, request

from app.metrics import IN_FLIGHT, REQUESTS, SECONDS

log = logging.getLogger("app.request")

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


def init_app(app: Flask) -> None:
    """Hooks the application's requests."""
    app.before_request(_start)
    app.after_request(_finish)
    app.teardown_request(_end)


def _start() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-Id", "")
    # A caller's id ties the lines of several services together; anything odd is not repeated.
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    IN_FLIGHT.inc()


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.started
    # Labels come from the route and a fixed set of methods, so that clients cannot make new time series.
    route = request.url_rule.rule if request.url_rule else "unmatched"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(method, route, str(response.status_code)).inc()
    SECONDS.labels(method, route).observe(seconds)
    response.headers["X-Request-Id"] = g.request_id
    # The path without its query, which may hold secrets; no headers and no body for the same reason.
    log.info(
        "request",
        extra={
            "fields": {
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "duration_ms": round(seconds * 1000, 3),
                "bytes": response.content_length,
                "request_id": g.request_id,
                "remote": request.remote_addr,
                "user_agent": request.user_agent.string[:256],
            }
        },
    )
    return response


def _end(_error: BaseException | None) -> None:
    IN_FLIGHT.dec()
