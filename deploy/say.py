"""Progress of a command, apart from what it prints as its result."""

from __future__ import annotations

import sys


def say(line: str) -> None:
    """One line to standard error, at once."""
    print(line, file=sys.stderr, flush=True)


def clean(text: str) -> str:
    """The text without what a terminal could take for a command; line ends become spaces, too."""
    return "".join(char if char.isprintable() else " " for char in text)
