"""The one comment on a change: written once, updated after that, and never put back by a run that was overtaken."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from deploy.ci.forges import Forge, Text
from deploy.ci.place import Change
from deploy.say import say

MARKER: Final = "<!-- flask-k8s preview -->"
"""The first line of the comment, by which the next run finds it."""
HIDDEN: Final = 200
"""Characters to spare for what is above the text."""


@dataclass(frozen=True)
class Stamp:
    """Which run wrote a comment, and for which commit; its second line, hidden as the first one."""

    commit: str
    run: int
    """0: not known."""

    def __str__(self) -> str:
        return f"<!-- commit={self.commit} run={self.run} -->"

    @classmethod
    def of(cls, text: Text) -> Stamp:
        """The stamp of a comment; one without is of no commit."""
        found = re.search(r"^<!-- commit=(\w+) run=(\d+) -->$", text.body.replace("\r", ""), re.M)
        return cls(found[1], int(found[2])) if found else cls("", 0)


def write(forge: Forge, change: Change, run: int, body: Callable[[str], str]) -> str | None:
    """Writes the comment; its page, or None where it is newer than this run.

    Args:
        forge: has the change.
        change: is commented on.
        run: the number of this run, or 0.
        body: the text below the two hidden lines, given the commit that the branch has moved on to, or an empty string.
    """
    stamp = Stamp(change.commit, run)
    current = body("")  # here, so that a mistake in making it is not taken for the forge's

    def look_and_write() -> str | None:
        head = forge.head(change.number)
        known = next((it for it in forge.comments(change.number) if it.body.startswith(MARKER)), None)
        if known and _overtaken(stamp, Stamp.of(known), head):
            say(f"the comment is of a newer run, for {Stamp.of(known).commit[:12]}; it is left as it is")
            return None
        text = current if head == change.commit else body(head)
        return forge.comment(change.number, known, f"{MARKER}\n{stamp}\n{text}")

    return forge.api.errand(look_and_write)


def _overtaken(own: Stamp, other: Stamp, head: str) -> bool:
    """Whether the other one is to stay. The branch decides; runs for one commit are told apart by their numbers."""
    if own.commit == other.commit:
        return 0 < own.run < other.run
    return own.commit != head and (other.commit == head or own.run < other.run)
