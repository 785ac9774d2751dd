"""What the kubelet asks."""

from __future__ import annotations

from flask import Blueprint, Response

from app.drain import DRAINING

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    """200 while the process can answer at all."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def ready() -> Response:
    """200 while traffic may come, 503 once the process is draining."""
    if DRAINING.is_set():
        return Response("draining\n", status=503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
