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
SHORTEST: Final = 8
"""Characters of a secret that is no passphrase; a shorter one could be any word."""
HIDDEN: Final = "[secret]"

_PASS: Final = re.compile(r"PASSPHRASE|PASSWORD|PASSWD")
_TELLING: Final = re.compile(_PASS.pattern + r"|TOKEN|SECRET|CREDENTIAL|_KEY$|_KEY_|AUTH(?!OR)|(^|_)PAT(_|$)")
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def secrets(env: Mapping[str, str]) -> list[str]:
    """The values that no log may show, longest first: by their variables' names, and in the files that these name."""
    found: set[str] = set()
    for name, value in env.items():
        if not _TELLING.search(name):
            continue
        lines = _lines(Path(value)) if name.endswith("_FILE") else value.splitlines()
        found.update(line.strip() for line in lines if len(line.strip()) >= SHORTEST or _PASS.search(name))
    for file in Path(env.get("HOME") or "/nonexistent").glob(".config/*/*.passphrase"):
        found.update(line.strip() for line in _lines(file))
    return sorted(found - {""}, key=len, reverse=True)


def masked(line: str, hidden: list[str]) -> str:
    """The line without what would move a terminal's cursor, secrets, and credentials in URLs."""
    line = _CONTROL.sub("", line)  # first: it could stand within a secret
    if hidden:
        line = re.sub("|".join(map(re.escape, hidden)), HIDDEN, line)
    return without_credentials(line)


def copy(source: BinaryIO, log: Path, hidden: list[str], longest: int = LONGEST) -> None:
    """Copies line by line until the source ends; a log that cannot be written to stops nobody.

    Args:
        source: what a command prints.
        log: is appended to.
        hidden: what it must not show.
        longest: bytes that it may have.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        full = False
        while line := source.readline(2**20):
            if full:
                continue
            text = masked(line.decode(errors="replace").rstrip("\n"), hidden).encode() + b"\n"
            full = os.fstat(descriptor).st_size + len(text) > longest
            with suppress(OSError):
                file.write(b"[the log is full; what follows is dropped]\n" if full else text)


def _lines(file: Path) -> list[str]:
    try:
        return file.expanduser().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


if __name__ == "__main__":
    copy(sys.stdin.buffer, Path(sys.argv[1]), secrets(os.environ))
