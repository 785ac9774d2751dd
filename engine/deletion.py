"""Deletes many resources side by side, dependents before what they depend on.

Source: ScheduleDeletes in pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from engine.errors import EngineError
from engine.executor import AbortedError
from engine.state import State


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


def refuse_protected(states: Sequence[State]) -> None:
    """Raises EngineError where one of the states is protected."""
    protected = [state.urn for state in states if state.protect and not state.delete]
    if protected:
        raise EngineError(
            "\n".join(
                f'resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect it, set its option '
                "`protect` to False in the program and run `up`, or use the Pulumi CLI: `pulumi state unprotect`"
                for urn in protected
            )
        )
