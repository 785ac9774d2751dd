"""The other URNs under which a resource may be in the state.

Source: collapseToURN and generateAliases in pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.resource.goal import Alias, Goal
from engine.resource.urn import make_urn, name_of, qualified_type, type_of


def alias_urns(goal: Goal, stack: str, project: str, matched: Mapping[str, str]) -> list[str]:
    """The URNs to look for, in order; `matched` gives the old URN of each resource that was found by an alias."""
    urns = [_collapse(alias, goal, stack, project, matched) for alias in goal.aliases]
    parent_alias = matched.get(goal.parent)
    if parent_alias:
        own = [(goal.type, goal.name), *((type_of(urn), name_of(urn)) for urn in urns)]
        parent = name_of(goal.parent)
        urns += [_inherited(parent, parent_alias, stack, project, type_=type_, name=name) for type_, name in own]
    return list(dict.fromkeys(urns))


def _collapse(alias: Alias, goal: Goal, stack: str, project: str, matched: Mapping[str, str]) -> str:
    if alias.urn:
        return alias.urn
    parent = "" if alias.no_parent else matched.get(alias.parent, alias.parent) or goal.parent
    return make_urn(
        alias.stack or stack, alias.project or project, parent, alias.type or goal.type, alias.name or goal.name
    )


def _inherited(parent: str, parent_alias: str, stack: str, project: str, *, type_: str, name: str) -> str:
    """A child named after its parent is taken to have been named after the parent's old name."""
    if name.startswith(parent):
        name = name_of(parent_alias) + name.removeprefix(parent)
    return make_urn(stack, project, f"urn:pulumi:{stack}::{project}::{qualified_type(parent_alias)}::", type_, name)
