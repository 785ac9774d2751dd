"""A commit, and the format in which `git log` tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

FORMAT: Final = "%x00".join(
    ["%H", "%aN <%aE>", "%cI", "%s", "%(trailers:only,unfold,separator=%x1e,key_value_separator=%x1f)"]
)
"""For `git log -z --format`."""


@dataclass(frozen=True)
class Commit:
    """What a commit says of itself."""

    sha: str
    """40 hex digits."""
    author: str
    """`Name <mail>`, by the repository's .mailmap."""
    when: datetime
    """When it was committed, with its time zone."""
    subject: str
    """The message's first line."""
    trailers: dict[str, list[str]] = field(default_factory=dict)
    """The message's `Key: value` lines; a key may come more than once."""


def parse(log: str) -> list[Commit]:
    """The commits of `git log -z --format=FORMAT`, in its order."""
    fields = log.split("\0")
    return [_commit(*fields[at : at + 5]) for at in range(0, len(fields) - 4, 5)]


def _commit(sha: str, author: str, when: str, subject: str, trailers: str) -> Commit:
    found: dict[str, list[str]] = {}
    for line in trailers.split("\x1e") if trailers else ():
        key, _, value = line.partition("\x1f")
        found.setdefault(key, []).append(value.strip())
    return Commit(sha, author, datetime.fromisoformat(when), subject, found)
