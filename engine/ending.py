"""The end of a run: deletes what is registered no more, what was replaced, and what a killed run left behind.

Source: GenerateDeletes in pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

from dataclasses import replace

from engine import step as ops
from engine.context import Context
from engine.deletion import delete_all, refuse_hooks, refuse_protected
from engine.errors import EngineError
from engine.planner import as_resource
from engine.provider import Provider
from engine.state import State
from engine.step import Step
from engine.urn import is_provider_type


async def finish(context: Context) -> None:
    """Ends an update; to be called only after the program ended well."""
    targets = context.settings.targets
    await _delete(context, [state for state in _remaining(context) if not targets or state.urn in targets])
    await _settle_interrupted(context)


async def destroy(context: Context) -> None:
    """Deletes every resource of the stack, or the targets."""
    remaining = _remaining(context)
    targets = context.settings.targets
    if not targets:
        await _delete(context, remaining)
        await _settle_interrupted(context)
        return
    if unknown := targets.missing(state.urn for state in remaining):
        raise EngineError(f"the target {unknown[0]} is not in the stack")
    for state in remaining:
        if state.urn not in targets and (lost := [urn for urn in state.references() if urn in targets]):
            raise EngineError(f"{min(lost)} cannot be deleted alone: {state.urn} depends on it; add that as a target")
    await _delete(context, [state for state in remaining if state.urn in targets])
    await _settle_interrupted(context)


def _remaining(context: Context) -> list[State]:
    """The old resources that this run did not take up, dependencies first."""
    return context.executor.snapshot.remaining


async def _delete(context: Context, states: list[State]) -> None:
    refuse_protected(context.executor, context.reporter, states)
    refuse_hooks(states)
    context.condemned |= {state.urn for state in states if not state.delete}

    async def delete(state: State) -> None:
        if state.pending_replacement and not state.delete:
            context.executor.snapshot.remove(state)  # deleted already, ahead of a replace that did not come
            return
        kept = state.external or state.retain_on_delete
        if state.external:
            op = ops.DISCARD_REPLACED if state.delete else ops.DISCARD
        else:
            op = ops.DELETE_REPLACED if state.delete else ops.DELETE
        provider: Provider | None = None
        if state.custom and not kept and not is_provider_type(state.type) and not context.gone_with(state):
            provider = context.provider_of(state)
        await context.executor.delete(Step(op, state, state), provider)

    await delete_all(states, delete)


async def _settle_interrupted(context: Context) -> None:
    """Resolves the creates of a killed run that this run did not take up: what they made is deleted."""
    snapshot = context.executor.snapshot
    targets = context.settings.targets
    for state in snapshot.left_over:
        if targets and state.urn not in targets:
            continue
        if not context.settings.preview:
            try:
                provider = context.provider_of(state)
            except EngineError:
                continue  # its provider is gone from the state: it stays on record, for whoever knows more
            resource = replace(as_resource(state), outputs={}, interrupted=state.inputs)
            found = await provider.read(resource, "", state.inputs)
            current = context.states.get(state.urn)
            if found is not None and (current is None or current.id != found[0]):
                made = replace(state, id=found[0], outputs=found[2])
                await context.executor.delete(Step(ops.DELETE, made, made), provider)
        snapshot.settle(state.urn)
