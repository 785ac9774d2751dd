"""Deletes many resources side by side, dependents before what they depend on.

Source: ScheduleDeletes in pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from engine.deployment import step as ops
from engine.deployment.executor import AbortedError, Executor, Reporter
from engine.deployment.step import Step
from engine.errors import EngineError, needs_cli
from engine.resource.state import State


def dependents(states: Sequence[State]) -> dict[State, list[State]]:
    """For each state those of the others that need it; `states` has dependencies first."""
    found: dict[State, list[State]] = {state: [] for state in states}
    by_urn: dict[str, list[State]] = {}
    for state in states:
        needed = {target for urn in state.references() for target in by_urn.get(urn, ())}
        needed.update(by_urn.get(state.provider, ()))
        for target in needed:
            found[target].append(state)
        by_urn.setdefault(state.urn, []).append(state)
        by_urn.setdefault(f"{state.urn}::{state.id}", []).append(state)
    return found


async def delete_all(states: Sequence[State], delete: Callable[[State], Coroutine[Any, Any, None]]) -> None:
    """Deletes the states in reverse dependency order. Raises AbortedError once none of the rest can be deleted."""
    waits = dependents(states)
    tasks: dict[State, asyncio.Task[None]] = {}

    async def run(state: State) -> None:
        for dependent in waits[state]:
            await tasks[dependent]
        await delete(state)

    for state in reversed(states):
        tasks[state] = asyncio.create_task(run(state))
    if tasks:
        results = await asyncio.gather(*tasks.values(), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, AbortedError):
                raise result
        if any(isinstance(result, AbortedError) for result in results):
            raise AbortedError


def refuse_protected(executor: Executor, reporter: Reporter, states: Sequence[State]) -> None:
    """Fails the deletion of each state that is protected; then raises AbortedError, and nothing is deleted."""
    protected = [state for state in states if state.protect and not state.delete]
    for state in protected:
        message = (
            f'resource "{state.urn}" cannot be deleted\nbecause it is protected. To unprotect it, set its option '
            "`protect` to False in the program and run `up`, or use the Pulumi CLI: `pulumi state unprotect`"
        )
        step = Step(ops.DELETE, state, state)
        reporter.started(step)
        reporter.failed(step, message)
        executor.note(EngineError(message), state)
    if protected:
        executor.close()
        raise AbortedError


def refuse_hooks(states: Sequence[State]) -> None:
    """Raises EngineError where a CLI's program gave one of the states a hook that runs when it is deleted."""
    for state in states:
        hooks = state.extra.get("resourceHooks") or {}
        if found := [name for kind in ("BeforeDelete", "AfterDelete", "OnError") for name in hooks.get(kind) or ()]:
            raise needs_cli(f"the resource hook {found[0]!r} of {state.urn}, which is to be deleted,")
