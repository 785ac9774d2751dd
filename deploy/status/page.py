"""The report as one self-contained page: no script, no network, everything in it escaped."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from deploy.promotion.message import short
from deploy.status import words
from deploy.status.record import Report

HERE = Path(__file__).parent


def render(report: Report) -> str:
    """The page's HTML."""
    import jinja2  # noqa: PLC0415 - slow to import, and seldom needed

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        ago=partial(words.ago, now=report.when), href=_href, moment=_moment, short=short, waits=words.waits
    )
    css = "".join(file.read_text("utf-8") for file in (HERE.parent / "colours.css", HERE / "page.css"))
    # The one style sheet that the page may use is named by its hash, so no markup that slipped in could bring another.
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    page = environment.get_template("page.html.j2").render(report=report, words=words, css=css, digest=digest)
    return page.lstrip()  # of the lines between its macros


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def _href(url: str) -> str:
    """The URL where a browser may follow it, else an empty string."""
    return url if url.startswith(("http://", "https://")) else ""
