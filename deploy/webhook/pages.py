"""The pages: the runs, newest first, and each one's steps and log. No script, everything escaped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, render_template, request

from deploy.webhook.hosts import loopback
from deploy.webhook.record import Run, Step
from deploy.webhook.spool import Queue

blueprint = Blueprint("pages", __name__)

SHOWN = 50
"""Runs on the first page."""
TAIL = 200_000
"""Bytes of a log that its page shows; the whole is behind a link."""

_HERE = Path(__file__).parent
_STYLES = (_HERE.parent / "colours.css", _HERE / "style.css")


@blueprint.before_request
def known_name() -> Response | None:
    """Refuses a foreign name for this machine, as a foreign page would bring it that reads what loopback serves."""
    if not current_app.config["LOCAL"] or loopback(request.host):
        return None
    text = "here this server has no name but localhost; behind a proxy, let it send its upstream's address as Host\n"
    return Response(text, status=421, mimetype="text/plain")


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
    """One run; or that it waits, which is where a delivery's answer leads."""
    found = _queue().run(name)
    if not found:
        waits = next((it for it in _queue().waiting() if it.name == name), None) or abort(404)
        return render_template("waiting.html", delivery=waits)
    log = _log(name)
    return render_template("run.html", run=found, log=log[-TAIL:].decode(errors="replace"), cut=len(log) > TAIL)


@blueprint.get("/runs/<name>/log")
def log(name: str) -> Response:
    """The whole log, as text."""
    _queue().run(name) or abort(404)
    return Response(_log(name), content_type="text/plain; charset=utf-8")


@blueprint.get("/style.css")
def style() -> Response:
    """The colours that all pages share, and the rest."""
    return Response("".join(file.read_text("utf-8") for file in _STYLES), mimetype="text/css")


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


def _log(name: str) -> bytes:
    try:
        return _queue().log(name).read_bytes()
    except FileNotFoundError:
        return b""
