"""One run of a program: what it registers is planned and carried out.

Source: pkg/resource/deploy (deployment.go, source_eval.go).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from engine.deployment import step as ops
from engine.deployment.aliases import alias_urns
from engine.deployment.apply import Applier
from engine.deployment.context import Context
from engine.deployment.defaults import DefaultProviders
from engine.deployment.executor import AbortedError
from engine.deployment.planner import Decision, Planner, matching_old
from engine.deployment.providers import diff_config
from engine.deployment.reading import read
from engine.deployment.registry import without_internal
from engine.deployment.step import Step
from engine.errors import EngineError, needs_cli
from engine.provider import Provider
from engine.resource.diff import same
from engine.resource.goal import Goal
from engine.resource.state import State
from engine.resource.urn import STACK_TYPE, ProviderRef, is_provider_type, make_urn, package_of, type_of
from engine.resource.values import Properties

_FROM_PROGRAM = frozenset({"taint", "replaceWith", "importID", "hideDiff", "replacementTrigger", "resourceHooks"})
"""Of a CLI's state: what the program sets anew with each update. It is refused where the program still has it."""


class Deployment:
    """Turns goals into states. Any error closes the executor; callers then see `AbortedError`."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.outputs: Properties = {}
        """The stack's outputs."""
        settings = context.settings
        self._planner = Planner(context.base.resources, settings.seed, context.provider_of, self._other_object)
        self._applier = Applier(context, self._planner)
        self._defaults = DefaultProviders(settings.config, self.register)
        self._goals: dict[str, Goal] = {}
        self._aliased: dict[str, str] = {}
        self._matched: dict[str, str] = {}
        self._completed: set[str] = set()
        self._planning = asyncio.Lock()

    async def register(self, goal: Goal) -> State:
        """Brings a resource to its goal. Raises AbortedError where the update is ending; why is noted first."""

        async def act() -> State:
            full = await self._complete(goal)
            async with self._planning:
                self.context.executor.check_open()
                decision = await self._plan(full)
            return await self._applier.apply(decision)

        return await self._noted(act)

    async def read(self, goal: Goal, id_: str) -> State:
        """Reads a resource that the stack does not own. Raises AbortedError as `register` does."""

        async def act() -> State:
            full = await self._complete(goal)
            urn = self._new_urn(full)
            old = self._old(full, urn)
            op = ops.READ
            if old is not None and not old.external and old.id != id_:
                op = ops.READ_REPLACEMENT
                self._planner.replaced.add(urn)
            owned = replace(
                full, protect=None, retain_on_delete=None, deleted_with=""
            )  # a parent's are for what it owns
            new = replace(self._wanted(owned, urn, None), id=id_, external=True)
            self._applier.require(new)
            return await read(self.context.executor, Step(op, new, old), self._provider(full))

        return await self._noted(act)

    def register_outputs(self, urn: str, outputs: Properties) -> None:
        """The outputs of a component, known after its registration."""
        state = self.context.states.get(urn)
        if state is None:
            raise EngineError(f"outputs for {urn}, which was not registered")
        if urn in self._applier.skipped:
            return
        if state.type == STACK_TYPE:
            self.outputs = outputs
        elif urn in self._completed:
            raise EngineError(f"the outputs of {urn} are registered already; call `register_outputs` once")
        self._completed.add(urn)
        self.context.reporter.registered(urn, outputs)
        if state.outputs == outputs and same(state.outputs, outputs):
            return
        changed = replace(state, outputs=outputs)
        snapshot = self.context.executor.snapshot
        snapshot.swap(state, changed)
        snapshot.touch()
        self.context.states[urn] = changed

    async def _noted(self, act: Callable[[], Awaitable[State]]) -> State:
        try:
            self.context.executor.check_open()
            state = await act()
        except AbortedError:
            raise
        except Exception as err:
            self.context.executor.fail(err)
            raise AbortedError from err
        self.context.states[state.urn] = state
        return state

    async def _complete(self, goal: Goal) -> Goal:
        """The goal with what its parent passes on, and with a provider."""
        if goal.custom and "pulumi:autonaming" in self.context.settings.config:
            raise needs_cli("the configuration `pulumi:autonaming`")
        goal = _inherit(goal, self._goals.get(goal.parent))
        if goal.custom and not is_provider_type(goal.type) and not goal.provider:
            return replace(goal, provider=await self._defaults.reference(goal))
        return goal

    def _new_urn(self, goal: Goal) -> str:
        settings = self.context.settings
        if goal.parent and goal.parent not in self._planner.registered:
            raise EngineError(f"{goal.type} {goal.name!r}: its parent {goal.parent} is not registered by the program")
        urn = make_urn(settings.stack, settings.project, goal.parent, goal.type, goal.name)
        if urn in self._planner.registered:
            raise EngineError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._planner.registered.add(urn)
        return urn

    async def _plan(self, goal: Goal) -> Decision:
        settings = self.context.settings
        urn = self._new_urn(goal)
        old = self._old(goal, urn)
        self._goals[urn] = goal
        new = self._wanted(goal, urn, old)
        targets = settings.targets
        recreated = old is not None and old.urn in self._planner.condemned
        anyway = recreated or goal.type == STACK_TYPE or is_provider_type(goal.type)
        if targets and urn not in targets and not anyway:
            return self._untargeted(goal, new, old)
        snapshot, provider = self.context.executor.snapshot, self._provider(goal) if goal.custom else None
        half_done = old is not None and snapshot.half_done(old.urn)
        return await self._planner.plan(goal, new, old, provider, snapshot.interrupted(urn), half_done=half_done)

    def _old(self, goal: Goal, urn: str) -> State | None:
        settings = self.context.settings
        aliases = alias_urns(goal, settings.stack, settings.project, self._matched)
        old = matching_old(self._planner.olds, urn, aliases, self._aliased, self._planner.registered)
        if old is not None and old.urn != urn:
            self._matched[urn] = old.urn
        return old

    def _untargeted(self, goal: Goal, new: State, old: State | None) -> Decision:
        if old is None:
            self._applier.skipped.add(new.urn)
            return Decision(ops.DISCARD, new)
        kept = self.context.executor.snapshot.renumbered(old)
        if kept.provider and self.context.registry.get(kept.provider) is None:
            raise EngineError(
                f"{new.urn} is not among the targets, but its provider {kept.provider} is not in the program any more; "
                "add it as a target, or put the provider back"
            )
        # its name stays too, but for what it has of its parent's
        self._planner.registered.add(kept.urn)
        self._goals[kept.urn] = goal
        return Decision(ops.SAME, kept, old)

    def _wanted(self, goal: Goal, urn: str, old: State | None) -> State:
        return State(
            urn=urn,
            type=goal.type,
            custom=goal.custom,
            inputs=goal.inputs,
            parent=goal.parent,
            protect=bool(goal.protect),
            dependencies=goal.dependencies,
            provider=goal.provider if goal.custom else "",
            property_dependencies=goal.property_dependencies,
            additional_secret_outputs=goal.additional_secret_outputs,
            custom_timeouts=goal.custom_timeouts,
            retain_on_delete=bool(goal.retain_on_delete),
            deleted_with=goal.deleted_with,
            source_position=goal.source_position,
            ignore_changes=goal.ignore_changes,
            replace_on_changes=goal.replace_on_changes,
            extra={k: v for k, v in old.extra.items() if k not in _FROM_PROGRAM} if old is not None else {},
        )

    def _provider(self, goal: Goal) -> Provider:
        if is_provider_type(goal.type):
            return self.context.registry
        found = self.context.registry.get(goal.provider)
        if found is None:
            raise EngineError(f"{goal.type} '{goal.name}': unknown provider {goal.provider}")
        return found

    def _other_object(self, old: str, new: str) -> bool:
        """Whether a change of a resource's provider means another object: so says the new provider's package."""
        if old == new:
            return False
        if not old or not new:
            return True
        before, after = ProviderRef.parse(old), ProviderRef.parse(new)
        if self._aliased.get(before.urn) == after.urn:
            return False
        olds: Properties = next((state.inputs for state in self.context.base.resources if state.urn == before.urn), {})
        news = self.context.registry.inputs.get(after.urn, {})
        found = diff_config(package_of(type_of(after.urn)), without_internal(olds), without_internal(news))
        return found is not None and bool(found.replaces)


def _inherit(goal: Goal, parent: Goal | None) -> Goal:
    """The goal with its parent's provider, providers, protect, retainOnDelete and deletedWith."""
    package = package_of(goal.type)
    provider = goal.provider or (goal.providers.get(package, "") if goal.custom else "")
    if parent is None:
        return replace(goal, provider=provider)
    if goal.custom and not provider:
        provider = parent.providers.get(package, "")
    if not provider and parent.provider:
        of_parent = package_of(type_of(ProviderRef.parse(parent.provider).urn))
        if not goal.custom or of_parent == package:
            provider = parent.provider
    return replace(
        goal,
        provider=provider,
        providers=goal.providers if goal.custom else {**parent.providers, **goal.providers},
        protect=parent.protect if goal.protect is None else goal.protect,
        retain_on_delete=parent.retain_on_delete if goal.retain_on_delete is None else goal.retain_on_delete,
        deleted_with=goal.deleted_with or parent.deleted_with,
    )
