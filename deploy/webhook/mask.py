"""A filter that appends what a command prints to a run's log, secrets blotted out. A program of its own:

it outlives the worker that started it, so that a command whose worker was killed can still say what it does.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from deploy.git.command import without_credentials

LONGEST: Final = 4 * 2**20
"""Bytes of a log; the rest is dropped, and said so."""
HIDDEN: Final = "[secret]"

_TELLING: Final = re.compile(r"TOKEN|SECRET|PASSPHRASE|PASSWORD|PASSWD|CREDENTIAL|_KEY$|_KEY_|AUTH(?!OR)")
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def secrets(env: Mapping[str, str]) -> list[str]:
    """The values that no log may show, longest first: by their variables' names, and in the files that these name."""
    found: set[str] = set()
    for name, value in env.items():
        if not _TELLING.search(name):
            continue
        found.update(_lines(Path(value)) if name.endswith("_FILE") else value.splitlines())
    for file in Path(env.get("HOME") or "/nonexistent").glob(".config/*/*.passphrase"):
        found.update(_lines(file))
    return sorted((text.strip() for text in found if len(text.strip()) >= 8), key=len, reverse=True)


def masked(line: str, hidden: list[str]) -> str:
    """The line without secrets, credentials in URLs, and what would move a terminal's cursor."""
    for text in hidden:
        line = line.replace(text, HIDDEN)
    return without_credentials(_CONTROL.sub("", line))


def copy(source: BinaryIO, log: Path, hidden: list[str], longest: int = LONGEST) -> None:
    """Copies line by line until the source ends; a log that cannot be written to stops nobody."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        room = longest - os.fstat(file.fileno()).st_size
        while line := source.readline(2**20):
            text = masked(line.decode(errors="replace").rstrip("\n"), hidden).encode() + b"\n"
            if room <= 0:
                continue
            room -= len(text)
            with suppress(OSError):
                file.write(text if room >= 0 else b"[the log is full; what follows is dropped]\n")


def _lines(file: Path) -> list[str]:
    try:
        return file.expanduser().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


if __name__ == "__main__":
    copy(sys.stdin.buffer, Path(sys.argv[1]), secrets(os.environ))
