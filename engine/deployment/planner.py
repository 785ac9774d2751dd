"""Decides what becomes of a registered resource: same, create, update or replace, as the CLI does.

Source: generateResourceSteps, continueStepsFromDiff and calculateDependentReplacements in
pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from engine.deployment.step import CREATE, NO_DIFF, REPLACE, SAME, UPDATE
from engine.errors import EngineError
from engine.provider import CheckFailure, Diff, Provider, Resource
from engine.resource.diff import changes, same
from engine.resource.goal import Goal
from engine.resource.paths import covers, format_path, parse_path, reset
from engine.resource.state import State
from engine.resource.urn import ProviderRef, name_of
from engine.resource.values import UNKNOWN, Properties

_INIT_ERROR: Final = "#initerror"
"""What stands for a failed start among the paths of replaceOnChanges: `*` covers it."""


@dataclass(frozen=True)
class Decision:
    """What to do with one resource."""

    op: str
    """same, create, update or replace."""
    new: State
    """The state to reach, with checked inputs."""
    old: State | None = None
    diff: Diff = NO_DIFF
    delete_first: tuple[State, ...] | None = None
    """For a replace: what to delete before the create, in that order; None to delete the old one at the end."""


def as_resource(state: State) -> Resource:
    """The resource of a state, for a provider."""
    return Resource(state.urn, state.type, name_of(state.urn), state.id, state.inputs, state.outputs)


class Planner:
    """Plans one resource after the other; remembers what was replaced and deleted on the way."""

    def __init__(
        self, states: tuple[State, ...], seed: bytes, provider_of: Callable[[State], Provider],
        changed_provider: Callable[[str, str], bool],
    ) -> None:  # fmt: skip
        """`provider_of` gives the provider of an old state; `changed_provider(old, new)` whether to replace for it."""
        self.states = states
        self.olds = {state.urn: state for state in states if not state.delete}
        self.registered: set[str] = set()
        self.replaced: set[str] = set()
        self.condemned: set[str] = set()
        """URNs deleted ahead of a replace; they are created again when they are registered."""
        self._seed = seed
        self._provider_of = provider_of
        self._changed_provider = changed_provider

    async def plan(
        self, goal: Goal, new: State, old: State | None, provider: Provider | None, interrupted: State | None, *,
        half_done: bool,
    ) -> Decision:  # fmt: skip
        """The decision for a goal; `provider` is None for a component. Raises EngineError or ProviderError.

        `interrupted` is what a killed run was creating; `half_done`: it was changing or deleting the old one.
        """
        urn = new.urn
        recreating = old is not None and old.urn in self.condemned
        owned = old is not None and not old.external
        fits = old is not None and owned and not recreating and not old.taint
        if old is not None:
            new = replace(new, created=old.created, modified=old.modified)
        inputs = goal.inputs
        if old is not None and owned:
            for path in goal.ignore_changes:
                inputs = reset(old.inputs, inputs, _path(urn, path))
        fresh = _fresh(new, interrupted)
        if provider is not None:
            known = as_resource(old) if old is not None and fits else fresh
            inputs = await self._check(provider, known, inputs if fits else goal.inputs)
        new = replace(new, inputs=inputs)
        if old is None:
            return Decision(CREATE, new)
        if not owned:  # what was read stays what it is; the stack makes one of its own in its place
            return Decision(REPLACE, new, old, Diff(changes=True))
        if recreating:
            self.condemned.discard(old.urn)
            self.replaced.add(urn)
            return Decision(REPLACE, new, old, Diff(changes=True), ())
        diff = await self._diff(goal, new, old, provider)
        diff = _replace_on_changes(diff, urn, goal.replace_on_changes, (_INIT_ERROR,) if old.init_errors else ())
        if old.pending_replacement or (diff.changes and diff.replaces):
            return await self._replace(goal, new, old, diff, provider=provider, fresh=fresh)
        if diff.changes or old.init_errors or half_done:
            return Decision(UPDATE, new, old, diff)
        return Decision(SAME, new, old)

    async def _check(self, provider: Provider, known: Resource, inputs: Properties) -> Properties:
        checked, failures = await provider.check(known, inputs, self._seed_of(known.urn))
        if failures:
            raise EngineError(_failures(known, failures))
        return checked

    def _seed_of(self, urn: str) -> bytes:
        return hmac.digest(self._seed, urn.encode(), "sha256")

    async def _diff(self, goal: Goal, new: State, old: State, provider: Provider | None) -> Diff:
        if reason := self._outside(new, old):
            return Diff(changes=True, replaces=(reason,))
        if provider is None:
            if old.custom != new.custom or not same(old.inputs, new.inputs):
                found = tuple(format_path(change.path) for change in changes(old.inputs, new.inputs))
                return Diff(changes=True, replaces=("type",) if old.custom else (), changed=found)
            return NO_DIFF
        return ignoring(await provider.diff(as_resource(old), new.inputs), new.urn, goal.ignore_changes)

    def _outside(self, new: State, old: State) -> str:
        """What asks for a replace, whatever the inputs are; empty where nothing does."""
        if old.taint:
            return "id"
        if new.deleted_with in self.replaced:
            return "deletedWith"
        return "provider" if self._changed_provider(old.provider, new.provider) else ""

    async def _replace(
        self, goal: Goal, new: State, old: State, diff: Diff, *, provider: Provider | None, fresh: Resource
    ) -> Decision:
        if new.protect and old.protect:
            raise EngineError(
                f'unable to replace resource "{new.urn}"\nas it is currently marked for protection. To unprotect the '
                "resource, remove the `protect` flag from the resource in your Pulumi program and run `up`"
            )
        self.replaced.add(new.urn)
        if provider is not None:  # defaults and auto-names of the old object do not carry over
            new = replace(new, inputs=await self._check(provider, fresh, goal.inputs))
        first = diff.delete_before_replace if goal.delete_before_replace is None else goal.delete_before_replace
        if old.pending_replacement:
            return Decision(REPLACE, new, old, diff, ())
        if not first:
            return Decision(REPLACE, new, old, diff)
        dependents = await self._dependents(old)
        for state in dependents:
            if state.protect:
                raise EngineError(
                    f'unable to replace resource "{state.urn}" as part of replacing "{new.urn}" as it is currently '
                    "marked for protection. To unprotect the resource, remove the `protect` flag from it and run `up`"
                )
            self.condemned.add(state.urn)
        return Decision(REPLACE, new, old, diff, (*reversed(dependents), old))

    async def _dependents(self, root: State) -> list[State]:
        """The resources that must be replaced because `root` is deleted first; dependencies before dependents."""
        affected, replaced, found = {root.urn}, {root.urn}, []
        for state in self.states[self._index(root) + 1 :]:
            provider = ProviderRef.parse(state.provider).urn if state.provider else ""
            if not (affected & {*state.references(), provider}):
                continue
            affected.add(state.urn)
            if state.urn in self.registered or state.delete or state.external or not state.custom:
                continue
            tied = state.deleted_with in replaced or root.urn in state.replace_with
            if provider in replaced or tied or await self._would_replace(state, replaced):
                replaced.add(state.urn)
                found.append(state)
        return found

    def _index(self, root: State) -> int:
        return next(index for index, state in enumerate(self.states) if state.urn == root.urn and not state.delete)

    async def _would_replace(self, state: State, replaced: set[str]) -> bool:
        touched = {key for key, urns in state.property_dependencies.items() if replaced & {*urns}} & state.inputs.keys()
        if not touched:
            return False
        wanted = {key: UNKNOWN if key in touched else value for key, value in state.inputs.items()}
        diff = ignoring(
            await self._provider_of(state).diff(as_resource(state), wanted), state.urn, state.ignore_changes
        )
        return bool(_replace_on_changes(diff, state.urn, state.replace_on_changes).replaces)


def _fresh(new: State, interrupted: State | None) -> Resource:
    """The resource as a provider sees one that is to be created."""
    if interrupted is None:
        return Resource(new.urn, new.type, name_of(new.urn))
    return Resource(new.urn, new.type, name_of(new.urn), inputs=interrupted.inputs, interrupted=interrupted.inputs)


def ignoring(diff: Diff, urn: str, paths: tuple[str, ...]) -> Diff:
    """The difference less what the option ignoreChanges covers."""
    ignored = [_path(urn, path) for path in paths]
    if not ignored:
        return diff
    changed = tuple(path for path in diff.changed if not _covered(path, ignored))
    replaces = tuple(path for path in diff.replaces if not _covered(path, ignored))
    return replace(diff, changed=changed, replaces=replaces, changes=diff.changes and bool(changed or replaces))


def _path(urn: str, text: str) -> tuple[str | int, ...]:
    try:
        return parse_path(text)
    except ValueError as err:
        raise EngineError(f"{urn}: {err}") from None


def _covered(path: str, patterns: list[tuple[str | int, ...]]) -> bool:
    try:
        parsed = parse_path(path)
    except ValueError:
        return False
    return any(covers(pattern, parsed) for pattern in patterns)


def _replace_on_changes(diff: Diff, urn: str, paths: tuple[str, ...], extra: tuple[str, ...] = ()) -> Diff:
    """The difference with what the option replaceOnChanges makes a replace; `extra` is compared with its paths too."""
    patterns = [_path(urn, path) for path in paths]
    candidates = (*(diff.changed if diff.changes else ()), *extra)
    found = tuple(path for path in candidates if _covered(path, patterns) and path not in diff.replaces)
    return replace(diff, changes=True, replaces=(*diff.replaces, *found), asked=found) if found else diff


def _failures(resource: Resource, failures: list[CheckFailure]) -> str:
    lines = [
        f"  {failure.property}: {failure.reason}" if failure.property else f"  {failure.reason}" for failure in failures
    ]
    return f"{resource.type} resource '{resource.name}' is not valid:\n" + "\n".join(lines)


def matching_old(
    olds: Mapping[str, State], urn: str, aliases: list[str], aliased: dict[str, str], registered: set[str]
) -> State | None:
    """The old state of a resource by its URN, then by its aliases; notes an alias that was used in `aliased`."""
    if urn in aliased:
        raise EngineError(f"duplicate resource '{urn}': '{aliased[urn]}' claims to be it by an alias")
    for candidate in (urn, *aliases):
        old = olds.get(candidate)
        if old is None:
            continue
        if candidate != urn:
            if candidate in registered:
                raise EngineError(f"the alias '{candidate}' of '{urn}' is a resource of its own in the program")
            if candidate in aliased:
                raise EngineError(f"the alias '{candidate}' is claimed by '{urn}' and by '{aliased[candidate]}'")
            aliased[candidate] = urn
        return old
    return None
