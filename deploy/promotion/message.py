"""The commits of promotions, rollbacks and freezes: conventional subjects, and trailers that git can be asked for.

https://www.conventionalcommits.org/, https://git-scm.com/docs/git-interpret-trailers
"""

from __future__ import annotations

from collections.abc import Iterable

from deploy.say import clean

ROLLED_BACK = "Rolled-back"
"""Trailer: the commit of the stack's file that a rollback took back."""


def message(subject: str, body: str, trailers: Iterable[tuple[str, str]]) -> str:
    """A commit message; a trailer's value is put on one line, an empty one is left out."""
    lines = [f"{key}: {' '.join(clean(value).split())}" for key, value in trailers if value]
    return "\n\n".join(part for part in (subject, body, "\n".join(lines)) if part) + "\n"


def short(image: str) -> str:
    """An image as people speak of it: its digest's first twelve digits."""
    _, found, digest = image.partition("@sha256:")
    return f"sha256:{digest[:12]}" if found else image or "no image"
