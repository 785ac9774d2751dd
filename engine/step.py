"""One step of a plan: what is done to one resource."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.provider import Diff
from engine.state import State

SAME: Final = "same"
CREATE: Final = "create"
UPDATE: Final = "update"
DELETE: Final = "delete"
REPLACE: Final = "replace"
"""Counted once per replaced resource; its parts are the next two."""
CREATE_REPLACEMENT: Final = "create-replacement"
DELETE_REPLACED: Final = "delete-replaced"
READ: Final = "read"
DISCARD: Final = "discard"
"""The resource leaves the state and stays where it is (retainOnDelete, read resources)."""

NO_DIFF: Final = Diff(changes=False)


@dataclass(frozen=True)
class Step:
    """A step, for the executor and the display."""

    op: str
    state: State
    """The resource as it will be; for a delete as it was."""
    old: State | None = None
    diff: Diff = NO_DIFF

    @property
    def urn(self) -> str:
        """The resource's URN."""
        return self.state.urn
