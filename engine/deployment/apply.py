"""Carries out what was decided for one resource.

Source: the steps that continueStepsFromDiff makes (pkg/resource/deploy/step_generator.go).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.backend.checkpoint import now
from engine.deployment import step as ops
from engine.deployment.context import Context
from engine.deployment.deletion import refuse_hooks
from engine.deployment.planner import Decision, Planner
from engine.deployment.results import with_outputs
from engine.deployment.step import Step
from engine.errors import EngineError
from engine.provider import Diff, Provider
from engine.resource.state import State
from engine.resource.urn import is_provider_type


class Applier:
    """Turns decisions into steps."""

    def __init__(self, context: Context, planner: Planner) -> None:
        self.skipped: set[str] = set()
        """URNs that are not made because they are not among the targets."""
        self._context = context
        self._planner = planner
        self._ahead: dict[str, asyncio.Event] = {}

    async def apply(self, decision: Decision) -> State:
        """The state that the resource has then. Raises AbortedError or EngineError."""
        new, old = decision.new, decision.old
        if decision.op == ops.DISCARD:  # what is not made since it is not among the targets counts as unchanged
            self._context.reporter.finished(Step(ops.SAME, new), 0.0, ())
            return new
        self.require(new)
        if decision.op == ops.SAME and old is not None:
            return self._same(new, old)
        if not new.custom:
            return self._component(decision)
        provider = self._context.provider_of(new)
        if decision.op == ops.UPDATE and old is not None:
            step = Step(ops.UPDATE, new, old, decision.diff)
            self._look(step, provider)
            return await self._context.executor.update(step, old, provider)
        if decision.op == ops.REPLACE and old is not None:
            return await self._replace(decision, old, provider)
        return await self._create(Step(ops.CREATE, new, old, decision.diff), provider)

    def require(self, new: State) -> None:
        """Raises EngineError where a resource needs one that is not made, since it is not among the targets."""
        if lost := self.skipped & {*new.references()}:
            raise EngineError(
                f"{new.urn} depends on {min(lost)}, which does not exist yet and is not among the targets; "
                "add it as one"
            )

    async def _create(self, step: Step, provider: Provider) -> State:
        executor = self._context.executor
        return await executor.create(step, provider, executor.snapshot.interrupted(step.urn))

    async def _replace(self, decision: Decision, old: State, provider: Provider) -> State:
        deletes = decision.delete_first or ()
        refuse_hooks(deletes)
        for state in deletes:
            self._ahead.setdefault(state.urn, asyncio.Event())
            self._context.condemned.add(state.urn)
        for state in deletes:
            pending = await self._delete_ahead(state, decision.diff)
            self._planner.olds[state.urn] = pending
            self._ahead[state.urn].set()
        if (event := self._ahead.get(old.urn)) is not None:
            await event.wait()  # it is being deleted right now, ahead of another's replace
        old = self._planner.olds.get(old.urn, old)
        return await self._create(Step(ops.CREATE_REPLACEMENT, decision.new, old, decision.diff), provider)

    async def _delete_ahead(self, state: State, diff: Diff) -> State:
        """Deletes a resource that is to be created again; the state that stands for it until then."""
        context = self._context
        kept = state.retain_on_delete or context.gone_with(state) or is_provider_type(state.type)
        pending = replace(state, pending_replacement=True)
        step = Step(ops.DELETE_REPLACED, state, state, diff)
        await context.executor.delete(step, None if kept else context.provider_of(state), pending)
        return pending

    def _same(self, new: State, old: State) -> State:
        context = self._context
        state = replace(new, id=old.id, outputs=old.outputs, external=old.external, init_errors=old.init_errors)
        if state.additional_secret_outputs:  # they may be new
            state = with_outputs(state, old.id, old.outputs)
        if is_provider_type(state.type):
            context.registry.configure(state.urn, state.id, old.inputs)
        context.executor.snapshot.append(state, replaces=old)
        if _must_write(old, state):
            context.executor.snapshot.touch()
        step = Step(ops.SAME, state, old)
        context.reporter.finished(step, 0.0, ())
        if state.custom and not is_provider_type(state.type):
            self._look(step, context.provider_of(state))
        return state

    def _look(self, step: Step, provider: Provider) -> None:
        """In a preview, sees what became of the live object; nobody waits for it."""
        settings = self._context.settings
        if settings.preview and not step.state.external and (not settings.targets or step.urn in settings.targets):
            self._context.looks.start(step, provider)

    def _component(self, decision: Decision) -> State:
        context = self._context
        context.executor.check_open()
        new, old = decision.new, decision.old
        stamp = now()
        if old is not None and decision.op == ops.UPDATE:
            state = replace(new, outputs=old.outputs, modified=stamp)
        else:
            state = replace(new, created=stamp, modified=stamp)
        snapshot = context.executor.snapshot
        if old is not None and old.custom:  # what was a resource is a component now
            snapshot.swap(old, replace(old, delete=True))
            snapshot.append(state)
        else:
            snapshot.append(state, replaces=old)
        snapshot.touch()
        op = ops.CREATE_REPLACEMENT if decision.op == ops.REPLACE else decision.op
        context.reporter.finished(Step(op, state, old, decision.diff), 0.0, ())
        return state


_COMPARED = (
    "urn", "type", "custom", "inputs", "outputs", "parent", "protect", "external", "provider", "dependencies",
    "property_dependencies", "additional_secret_outputs", "custom_timeouts", "retain_on_delete", "deleted_with",
    "ignore_changes", "replace_on_changes", "extra",
)  # fmt: skip


def _must_write(old: State, new: State) -> bool:
    """Whether an unchanged resource differs in what is on record (source positions aside)."""
    return any(getattr(old, name) != getattr(new, name) for name in _COMPARED)
