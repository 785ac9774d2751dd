"""The stack's state during an update: what is done, what is under way, and its writing to the checkpoint.

Source: pkg/backend/snapshot.go. Writes are grouped: steps that start or end while one write runs share the next one, so
their number does not grow with the number of resources. A step starts only after its pending operation is on disk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from engine.backend.checkpoint import Checkpoint, Operation, in_order
from engine.resource.state import State
from engine.resource.urn import ProviderRef, make_urn, name_of, project_of, stack_of

QUICK = 0.01
"""A write that takes so many seconds is followed by the next one at once."""
LONGEST = 0.1
"""After one that takes longer the next one waits, this long at most: else the writes of a large stack are its work."""


class Snapshot:
    """The merge of the resources made or confirmed in this run with the rest of the old ones."""

    def __init__(self, base: Checkpoint, save: Callable[[Checkpoint], Awaitable[None]] | None) -> None:
        """`save` writes a checkpoint durably. None in a preview: nothing is written."""
        self._base = list(base.resources)
        self._new: list[State] = []
        self._operations: list[Operation] = []
        known = {state.urn for state in base.resources}
        self._left_over = [
            item
            for item in base.pending
            if item.type == "creating" or (item.type != "reading" and item.resource.urn in known)
        ]
        self._renamed: dict[str, str] = {}
        self._save = save
        self._version = 1 if base.pending else 0
        self._written = 0
        self._writer: asyncio.Task[None] | None = None
        self._next = 0.0

    # ---- changes ----

    def append(self, state: State, *, replaces: State | None = None, was: str = "") -> None:
        """A resource in its new state; `replaces` is the old state that it stands for, `was` the URN of one kept."""
        if replaces is not None:
            self._drop(replaces)
            was = replaces.urn
        if was and was != state.urn:
            self._renamed[was] = state.urn
        self._new.append(state)

    def swap(self, old: State, new: State) -> None:
        """Puts a changed state in the place of another."""
        for states in (self._base, self._new):
            if old in states:
                states[states.index(old)] = new
                return
        raise KeyError(old.urn)

    def rebase(self, states: tuple[State, ...]) -> None:
        """Puts others, which were refreshed, in the place of the old resources; before anything else is changed."""
        self._base = list(states)
        self.touch()

    def remove(self, state: State) -> None:
        """The resource is gone."""
        self._drop(state)
        self.touch()

    def settle(self, urn: str, *, created: bool = False) -> None:
        """A killed run's change of a resource matters no more; nor does its create, if `created`."""
        self._left_over = [
            operation
            for operation in self._left_over
            if operation.resource.urn != urn or (operation.type == "creating" and not created)
        ]
        self.touch()

    def interrupted(self, urn: str) -> State | None:
        """The resource that a killed run was creating under this URN."""
        return next((state for state in self.left_over if state.urn == urn), None)

    def half_done(self, urn: str) -> bool:
        """Whether a killed run was changing or deleting this resource, so that its record may not be true."""
        return any(item.resource.urn == urn and item.type != "creating" for item in self._left_over)

    @property
    def left_over(self) -> list[State]:
        """Every resource whose create was interrupted and is not resolved yet."""
        return [operation.resource for operation in self._left_over if operation.type == "creating"]

    @property
    def remaining(self) -> list[State]:
        """The old resources that this run did not take up, dependencies first."""
        self._base = [self.renumbered(state) for state in self._base]
        return list(self._base)

    @property
    def taken(self) -> list[State]:
        """The resources that this run did take up, as they are now."""
        return self._new

    def _drop(self, state: State) -> None:
        for states in (self._base, self._new):
            if state in states:
                states.remove(state)

    # ---- writing ----

    async def begin(self, state: State, type_: str) -> Operation:
        """Records a step that is about to start, and returns when that is on disk."""
        operation = Operation(state, type_)
        self._operations.append(operation)
        self.touch()
        await self.flush()
        return operation

    def end(self, operation: Operation) -> None:
        """The step has ended, well or not; written with the next write, which starts at once."""
        self._operations.remove(operation)
        self.touch()
        self._start()

    def touch(self) -> None:
        """Something changed that must be written."""
        self._version += 1

    async def flush(self) -> None:
        """Returns when all that was changed before the call is on disk."""
        wanted = self._version
        while self._written < wanted:
            await asyncio.shield(self._start())

    def _start(self) -> asyncio.Task[None]:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
            self._writer.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._writer

    async def _write(self) -> None:
        # the steps that start in this very moment share the write, and so do more of them where a write takes long
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        began = time.monotonic()
        version, content = self._version, self.checkpoint()
        if self._save is not None and version > self._written:
            await self._save(content)
        self._written = version
        now = time.monotonic()
        self._next = now + min(2 * (now - began - QUICK), LONGEST)

    def checkpoint(self) -> Checkpoint:
        """The state as it is now."""
        resources = [*self._new, *(self.renumbered(state) for state in self._base)]
        return Checkpoint(in_order(resources), (*self._operations, *self._left_over))

    def renumbered(self, state: State) -> State:
        """An old state whose references follow the resources that got a new URN by an alias, and its URN its parent."""
        if not self._renamed:
            return state
        new = self._renamed.get
        provider = state.provider
        if provider:
            reference = ProviderRef.parse(provider)
            provider = str(reference._replace(urn=new(reference.urn, reference.urn)))
        urn, parent = new(state.urn, state.urn), new(state.parent, state.parent)
        if (urn, parent) != (state.urn, state.parent):
            urn = make_urn(stack_of(urn), project_of(urn), parent, state.type, name_of(urn))
            self._renamed.setdefault(state.urn, urn)
        changed = replace(
            state,
            urn=urn,
            parent=parent,
            provider=provider,
            dependencies=tuple(new(urn, urn) for urn in state.dependencies),
            property_dependencies={
                key: tuple(new(urn, urn) for urn in urns) for key, urns in state.property_dependencies.items()
            },
            deleted_with=new(state.deleted_with, state.deleted_with),
        )
        same = (urn, provider) == (state.urn, state.provider) and [*changed.references()] == [*state.references()]
        return state if same else changed
