"""Progress, where somebody listens. Whoever outlives the server has lost its ear, and goes on all the same."""

from __future__ import annotations

from contextlib import suppress

from deploy import say as aloud


def say(line: str) -> None:
    """One line to standard error, if it can be written to."""
    with suppress(OSError):
        aloud.say(line)
