"""What is printed: texts of others, such as logs and commit messages, for a terminal; and nobody who reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


def printable(text: str) -> str:
    """The text without what a terminal could take for a command; its lines stay."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)


@contextmanager
def unread(out: TextIO) -> Iterator[None]:
    """Lets what is done go on where nobody reads any more what it prints, as in `up | head`."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, out.fileno())
        os.close(nowhere)
