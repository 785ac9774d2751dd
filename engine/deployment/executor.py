"""Carries out steps: calls the provider, with the pending operation on disk before and the result after.

Source: pkg/resource/deploy/step.go and step_executor.go.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from engine.backend.checkpoint import now
from engine.backend.snapshot import Snapshot
from engine.deployment import step as ops
from engine.deployment.planner import as_resource
from engine.deployment.results import describe, is_bug, with_outputs
from engine.deployment.step import Step
from engine.errors import EngineError
from engine.provider import Drift, Provider, ProviderError, Result, Status
from engine.resource.state import State
from engine.resource.urn import is_provider_type
from engine.resource.values import Properties

T = TypeVar("T")


class Reporter(Protocol):
    """What the executor tells the display."""

    def started(self, step: Step) -> None:
        """A step begins."""

    def finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        """A step is done (or, in a preview, planned)."""

    def failed(self, step: Step, message: str) -> None:
        """A step failed."""

    def status(self, step: Step, text: str) -> None:
        """What a step waits for."""

    def registered(self, urn: str, outputs: Properties) -> None:
        """The program registered the outputs of a component."""

    def log(self, severity: int, urn: str, text: str, *, ephemeral: bool = False) -> None:
        """A message: severity 0 debug, 1 info, 2 warning, 3 error; an ephemeral one is about this moment alone."""

    def inspected(self, step: Step, drift: tuple[Drift, ...], why: str) -> None:
        """What became of an object since its last step, or why that is not known."""


class AbortedError(Exception):
    """The update is ending: no new step may start. Why was told already."""


class Executor:
    """Runs steps side by side, `parallel` at most; after the first failure or a cancel no step starts any more."""

    def __init__(self, snapshot: Snapshot, reporter: Reporter, *, preview: bool, parallel: int) -> None:
        self.snapshot = snapshot
        self.preview = preview
        self.errors: list[str] = []
        self.bug = False
        """Whether one of the errors is the engine's own fault."""
        self.closed = asyncio.Event()
        """Set when no new step may start."""
        self._reporter = reporter
        self._slots = asyncio.Semaphore(parallel)
        self._running: set[asyncio.Task[Any]] = set()
        self._deleted: set[tuple[str, str]] = set()

    def close(self) -> None:
        """Lets no new step start."""
        self.closed.set()

    def fail(self, err: BaseException | str, about: State | None = None) -> None:
        """Notes an error that ends the update; an empty text for one that was told already."""
        self.note(err, about)
        self.close()

    def note(self, err: BaseException | str, about: State | None = None) -> None:
        """Notes an error that fails the update, but lets other steps go on."""
        if isinstance(err, str):
            self.errors.append(err)
        else:
            self.bug = self.bug or is_bug(err)
            self.errors.append(f"{about.urn}: {describe(err, about)}" if about is not None else describe(err))

    def warn(self, urn: str, text: str) -> None:
        """Tells the user about a resource; nothing fails."""
        self._reporter.log(2, urn, text)

    def check_open(self) -> None:
        """Raises AbortedError where the update is ending."""
        if self.closed.is_set():
            raise AbortedError

    async def idle(self, grace: float | None = None) -> None:
        """Returns when no step runs; after `grace` seconds (None: never) the running ones are cancelled."""
        if self._running:
            await asyncio.wait({*self._running}, timeout=grace)
        for task in {*self._running} if grace is not None else ():
            task.cancel()
        while self._running:
            await asyncio.wait({*self._running})

    async def create(self, step: Step, provider: Provider, interrupted: State | None) -> State:
        """Creates the resource of a step; its state then, which is in the snapshot."""
        resource = replace(as_resource(step.state), inputs={}, outputs={}, deleted=self._deleted)
        if interrupted is not None:
            resource = replace(resource, inputs=interrupted.inputs, interrupted=interrupted.inputs)
        timeout = float(step.state.custom_timeouts.get("create", 0))
        stamp = now()
        step = replace(step, state=replace(step.state, created=stamp, modified=stamp))

        async def call(status: Status) -> Result:
            return await provider.create(
                resource, step.state.inputs, preview=self.preview, timeout=timeout, status=status
            )

        return await self._make(step, "creating", call)

    async def update(self, step: Step, old: State, provider: Provider) -> State:
        """Updates the resource of a step; its state then, which is in the snapshot."""
        resource = replace(as_resource(old), urn=step.urn, ignored=step.state.ignore_changes)
        timeout = float(step.state.custom_timeouts.get("update", 0))
        step = replace(step, state=replace(step.state, id=old.id, modified=now()))

        async def call(status: Status) -> Result:
            return await provider.update(
                resource, step.state.inputs, preview=self.preview, timeout=timeout, status=status
            )

        return await self._make(step, "updating", call)

    async def _make(self, step: Step, type_: str, call: Callable[[Status], Coroutine[Any, Any, Result]]) -> State:
        """Runs a create or update and records what came of it."""

        async def body(notes: list[str]) -> State:
            try:
                result = await call(lambda text: self._reporter.status(step, text))
            except ProviderError as err:
                if err.state is not None:
                    reasons = err.reasons or (str(err),)
                    failed = with_outputs(step.state, err.id or step.state.id, err.state)
                    if step.op == ops.UPDATE and step.old is not None:
                        failed = replace(failed, inputs=step.old.inputs)
                    self._record(step, replace(failed, init_errors=reasons))
                raise
            if not self.preview and not result.id:
                raise EngineError("the provider returned no id")
            state = with_outputs(step.state, result.id, result.outputs)
            self._record(step, state)
            notes.extend(result.notes)
            return state

        pending = "" if is_provider_type(step.state.type) else type_
        return await self.run(step, pending, body, report=lambda state: replace(step, state=state))

    def _record(self, step: Step, state: State) -> None:
        old = step.old
        if step.op == ops.CREATE_REPLACEMENT and old is not None and not old.pending_replacement:
            self.snapshot.swap(old, replace(old, delete=True))
            self.snapshot.append(state, was=old.urn)
        else:
            self.snapshot.append(state, replaces=old)
        self.snapshot.settle(state.urn, created=step.op in (ops.CREATE, ops.CREATE_REPLACEMENT))

    async def delete(self, step: Step, provider: Provider | None, pending: State | None = None) -> None:
        """Deletes the resource of a step; a None provider: from the state only.

        `pending` is put in its place in the state where the resource is deleted ahead of its re-creation.
        """
        timeout = float(step.state.custom_timeouts.get("delete", 0))

        async def body(notes: list[str]) -> None:
            if provider is not None and not self.preview:
                await provider.delete(
                    as_resource(step.state), timeout=timeout, status=lambda text: self._reporter.status(step, text)
                )
            if provider is not None:
                self._deleted.add((step.state.type, step.state.id))
            if step.state.retain_on_delete:
                notes.append("retained")
            if pending is not None:
                self.snapshot.swap(step.state, pending)
            elif not self.preview:
                self.snapshot.remove(step.state)
            self.snapshot.settle(step.urn)

        await self.run(step, "" if provider is None else "deleting", body)

    async def run(
        self, step: Step, pending: str, body: Callable[[list[str]], Coroutine[Any, Any, T]], *,
        report: Callable[[T], Step] | None = None, closes: bool = True,
    ) -> T:  # fmt: skip
        """Runs a step; `pending` is the kind of operation to have on record meanwhile (empty: none).

        `report` gives the step to tell the display about, from the result; `closes`: whether an error ends the update.
        """
        async with self._slots:
            self.check_open()
            self._reporter.started(step)
            began = time.monotonic()
            notes: list[str] = []
            task = asyncio.create_task(self._recorded(step, pending, body, notes))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            try:
                result = await asyncio.shield(task)
            except asyncio.CancelledError:
                if not task.cancelled():
                    raise
                self._reporter.failed(step, "interrupted")
                raise AbortedError from None
            except Exception as err:
                self._reporter.failed(step, describe(err, step.state))
                self.note(err, step.state)
                if closes:
                    self.close()
                raise AbortedError from err
            self._reporter.finished(report(result) if report else step, time.monotonic() - began, tuple(notes))
            return result

    async def _recorded(
        self, step: Step, pending: str, body: Callable[[list[str]], Coroutine[Any, Any, T]], notes: list[str]
    ) -> T:
        if not pending or self.preview:
            return await body(notes)
        operation = await self.snapshot.begin(step.state, pending)
        try:
            result = await body(notes)
        except asyncio.CancelledError:
            raise  # whether it was done is unknown: the pending operation stays on record
        except BaseException:
            self.snapshot.end(operation)
            raise
        self.snapshot.end(operation)
        return result
