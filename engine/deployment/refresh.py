"""Compares the state's resources with what is there, before anything else is planned.

Source: refresh and rebuildBaseState in pkg/resource/deploy/deployment_executor.go, RefreshStep in step.go.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.backend.checkpoint import Checkpoint
from engine.deployment import step as ops
from engine.deployment.context import Context
from engine.deployment.executor import AbortedError
from engine.deployment.reading import refreshed
from engine.deployment.step import Step
from engine.errors import EngineError
from engine.resource.state import State
from engine.resource.urn import is_provider_type

if TYPE_CHECKING:
    from engine.stack.stackref import Stack

BEFORE_UPDATE = "refreshBeforeUpdate"
"""Marks, in a CLI's state, a resource that its provider wants to be refreshed before each update."""


async def refresh(context: Context) -> None:
    """Brings the old state up to date, in the snapshot and in `context.base`.

    Without `settings.refresh` only the resources marked so. What could be read counts, though another failed.
    """
    settings, base = context.settings, context.base
    found = [state for state in base.resources if settings.refresh or state.extra.get(BEFORE_UPDATE)]
    if settings.targets and found:
        if unknown := settings.targets.missing(state.urn for state in base.resources):
            raise EngineError(f"the target {unknown[0]} is not in the stack")
        found = [state for state in found if state.urn in settings.targets]
    if not found:
        return
    results: dict[State, State | None] = {}

    async def look(state: State) -> None:
        results[state] = await _refresh(context, state)

    outcomes = await asyncio.gather(*(look(state) for state in found), return_exceptions=True)
    resources = rebuilt(base.resources, results)
    if len(resources) != len(base.resources) or any(map(_differ, resources, base.resources)):
        context.base = Checkpoint(resources, base.pending)
        context.executor.snapshot.rebase(resources)
    for state in results:
        context.executor.snapshot.settle(state.urn)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, AbortedError):
            raise outcome
    if context.executor.errors or context.executor.closed.is_set():
        context.executor.close()
        raise AbortedError


def _differ(one: State, other: State) -> bool:
    return one is not other


async def _refresh(context: Context, state: State) -> State | None:
    """The state then; None where the resource is gone."""
    executor, only = context.executor, context.settings.refresh_only
    if state.custom and not is_provider_type(state.type) and not state.pending_replacement:
        try:
            provider = context.provider_of(state)
        except Exception as err:
            executor.note(err, state)
            raise AbortedError from err
        return await refreshed(executor, state, provider, alone=only)
    executor.check_open()
    step = Step(ops.REFRESH, state, state, found=ops.SAME)
    context.reporter.started(step)
    context.reporter.finished(replace(step, op=ops.SAME) if only else step, 0.0, ())
    return state


def rebuilt(states: tuple[State, ...], results: dict[State, State | None]) -> tuple[State, ...]:
    """The resources after a refresh: what is gone is no longer referred to, and its children move to its parent."""
    kept: list[State] = []
    known: dict[str, str] = {"": ""}
    """The parent of every resource, also of those that are gone, by URN."""
    there: set[str] = set()
    for old in states:
        state = results.get(old, old)
        parent = old.parent
        while parent and parent not in there:
            parent = known.get(parent, "")
        if state is None:
            known.setdefault(old.urn, parent)
            continue
        known[old.urn] = parent
        there.add(state.urn)
        kept.append(_repaired(state, parent, there))
    return tuple(kept)


def _repaired(state: State, parent: str, there: set[str]) -> State:
    lost = {urn for urn in state.references() if urn not in there}
    if not lost and all(state.property_dependencies.values()):
        return state
    kept_with = [urn for urn in state.replace_with if urn not in lost]
    without = {key: value for key, value in state.extra.items() if key != "replaceWith"}
    return replace(
        state,
        parent=parent,
        dependencies=tuple(urn for urn in state.dependencies if urn not in lost),
        property_dependencies={
            key: kept
            for key, urns in state.property_dependencies.items()
            if (kept := tuple(urn for urn in urns if urn not in lost))
        },
        deleted_with="" if state.deleted_with in lost else state.deleted_with,
        extra={**state.extra, "replaceWith": kept_with} if kept_with else without,
    )


def clear_pending_creates(stack: Stack) -> int:
    """Drops the creates of killed runs from the checkpoint, which is written at once; how many there were."""
    base = stack.checkpoint()
    kept = tuple(operation for operation in base.pending if operation.type != "creating")
    if cleared := len(base.pending) - len(kept):
        stack.backend.save(stack.name, stack.serializer().dump(Checkpoint(base.resources, kept)))
        stack.reread()
    return cleared
