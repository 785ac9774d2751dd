"""Progress of a command, apart from what it prints as its result."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """One line to standard error, at once."""
    print(line, file=sys.stderr, flush=True)
