"""The pages: the runs, newest first, and each one's steps and log. No script, everything escaped."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, abort, current_app, render_template

from deploy.webhook.record import Run, Step
from deploy.webhook.spool import Queue

blueprint = Blueprint("pages", __name__)

SHOWN = 50
"""Runs on the first page."""
TAIL = 200_000
"""Bytes of a log that its page shows; the whole is behind a link."""


@blueprint.get("/")
def runs() -> str:
    """What waits, what runs, what ran."""
    queue = _queue()
    found = queue.runs(SHOWN)
    begun = {run.delivery.name for run in found if run.state == "running"}
    waiting = [delivery for delivery in queue.waiting() if delivery.name not in begun]
    return render_template(
        "runs.html", runs=found, waiting=waiting, branch=current_app.config["BRANCH"], problem=queue.problem()
    )


@blueprint.get("/runs/<name>")
def run(name: str) -> str:
    """One run."""
    found = _run(name)
    log = _log(name)
    return render_template("run.html", run=found, log=log[-TAIL:].decode(errors="replace"), cut=len(log) > TAIL)


@blueprint.get("/runs/<name>/log")
def log(name: str) -> Response:
    """The whole log, as text."""
    _run(name)
    return Response(_log(name), content_type="text/plain; charset=utf-8")


@blueprint.app_template_filter()
def when(moment: str) -> str:
    """A moment for people."""
    return f"{datetime.fromisoformat(moment):%-d %b %Y, %H:%M:%S} UTC"


@blueprint.app_template_filter()
def took(it: Run | Step) -> str:
    """How long it took, or nothing where it goes on."""
    if not it.ended:
        return ""
    seconds = int((datetime.fromisoformat(it.ended) - datetime.fromisoformat(it.began)).total_seconds())
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def _queue() -> Queue:
    queue: Queue = current_app.config["QUEUE"]
    return queue


def _run(name: str) -> Run:
    """A delivery that waits has no run yet, so its page comes later."""
    return _queue().run(name) or abort(404)


def _log(name: str) -> bytes:
    try:
        return _queue().log(name).read_bytes()
    except FileNotFoundError:
        return b""
