"""The end of a run: deletes what is registered no more, what was replaced, and what a killed run left behind.

Source: GenerateDeletes in pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

from dataclasses import replace

from engine.deployment import step as ops
from engine.deployment.context import Context
from engine.deployment.deletion import delete_all, refuse_hooks, refuse_protected
from engine.deployment.planner import as_resource
from engine.deployment.step import Step
from engine.errors import EngineError
from engine.provider import Provider
from engine.resource.state import State
from engine.resource.urn import ProviderRef, is_provider_type


async def finish(context: Context) -> None:
    """Ends an update, after its program ended well; or is all of a destroy, which has no program."""
    remaining = context.executor.snapshot.remaining
    doomed = _doomed(context, remaining)
    for state in remaining:
        if state not in doomed and not state.delete:  # left alone, for it is not among the targets
            context.reporter.finished(Step(ops.SAME, state), 0.0, ())
    await _delete(context, [*doomed])
    await _settle_interrupted(context)


def _doomed(context: Context, remaining: list[State]) -> dict[State, None]:
    """Which of the old resources that this run did not take up are to be deleted, in their order: as targets allow."""
    targets = context.settings.targets
    if not targets:
        return dict.fromkeys(remaining)
    if unknown := targets.missing({*context.states, *(state.urn for state in context.base.resources)}):
        raise EngineError(f"the target {unknown[0]} is neither in the stack nor in the program")
    # what is not among the targets is as it was, and so needs what it needed, though the program has that no more
    needed = {urn for state in context.executor.snapshot.taken for urn in _needs(state)}
    for state in reversed(remaining):
        if state.urn in needed:
            needed |= _needs(state)
    doomed = dict.fromkeys(
        state for state in remaining if state.urn in targets and (state.delete or state.urn not in needed)
    )
    gone = {state.urn for state in doomed if not state.delete}
    for state in remaining:
        if state not in doomed and (lost := gone & _needs(state)):
            raise EngineError(
                f"the target {min(lost)} cannot be deleted alone: {state.urn} depends on it; add that too"
            )
    return doomed


def _needs(state: State) -> set[str]:
    """The URNs of all that a resource cannot be without."""
    provider = {ProviderRef.parse(state.provider).urn} if state.provider else set[str]()
    return provider.union(state.references())


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
        snapshot.settle(state.urn, created=True)
