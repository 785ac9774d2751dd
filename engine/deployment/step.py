"""One step of a plan: what is done to one resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.provider import Diff
from engine.resource.state import State

SAME: Final = "same"
CREATE: Final = "create"
UPDATE: Final = "update"
DELETE: Final = "delete"
REPLACE: Final = "replace"
"""Counted once per replaced resource; its parts are the next two."""
CREATE_REPLACEMENT: Final = "create-replacement"
DELETE_REPLACED: Final = "delete-replaced"
READ: Final = "read"
READ_REPLACEMENT: Final = "read-replacement"
"""A resource that is read takes the place of one that the stack owned, which is deleted at the end."""
REFRESH: Final = "refresh"
"""A resource of the state is compared with what is there; `Step.found` says how that ended."""
DISCARD: Final = "discard"
"""A resource that was read leaves the state."""
DISCARD_REPLACED: Final = "discard-replaced"
"""A resource that was read leaves the state, since the stack has one of its own in its place."""

NO_DIFF: Final = Diff(changes=False)


@dataclass(frozen=True)
class Step:
    """A step, for the executor and the display."""

    op: str
    state: State
    """The resource as it will be; for a delete as it was."""
    old: State | None = None
    diff: Diff = NO_DIFF
    found: str = ""
    """What a refresh found: same, update or delete."""

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return self.state.urn
