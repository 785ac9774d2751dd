"""The front page: plain text for programs, a small page for browsers."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, make_response, render_template, request

blueprint = Blueprint("web", __name__)

CSP = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@blueprint.get("/")
def index() -> Response:
    """HTML where the client asks for it by name, plain text for everyone else, curl included."""
    wants_page = request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html"
    template, kind = ("index.html", "text/html") if wants_page else ("index.txt", "text/plain")
    response = make_response(render_template(template, it=current_app.config["SETTINGS"]))
    response.mimetype = kind
    response.vary.add("Accept")
    # Each pod answers for itself: a stored answer would name the wrong one.
    response.cache_control.no_store = True
    return response


@blueprint.after_app_request
def harden(response: Response) -> Response:
    """Headers that let a browser do no more with an answer than show it."""
    response.headers.setdefault("Content-Security-Policy", CSP)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response
