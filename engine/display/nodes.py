"""What changes in a resource as a tree of properties.

Source: ObjectDiff and ValueDiff in sdk/go/common/resource, TranslateDetailedDiff in pkg/engine/detailedDiff.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.resource.diff import ABSENT, same
from engine.resource.paths import parse_path
from engine.resource.values import UNKNOWN, Secret, Value


@dataclass
class Node:
    """One property; a leaf has an old and a new value, of which one may be ABSENT."""

    old: Value = ABSENT
    new: Value = ABSENT
    children: dict[str | int, Node] = field(default_factory=dict)
    """What is in it by key or index, where it is not a leaf."""

    told: bool = False
    """Whether a provider told that it changes, whatever its values say."""

    @property
    def unchanged(self) -> bool:
        """Whether it is shown only for what is around it."""
        return (
            not (self.told or self.children)
            and self.old is not ABSENT
            and self.new is not ABSENT
            and same(self.old, self.new)
        )


def compared(old: Value, new: Value) -> Node:
    """The whole difference of two values, with what is the same beside it. A secret is one leaf."""
    node = Node(old, new)
    if isinstance(old, dict) and isinstance(new, dict):
        keys: list[str | int] = sorted(key for key in {*old, *new} if not internal_key(key))
        node.children = {key: compared(old.get(key, ABSENT), new.get(key, ABSENT)) for key in keys}
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else ABSENT
            right = new[index] if index < len(new) else ABSENT
            node.children[index] = compared(left, right)
    if all(child.unchanged for child in node.children.values()):
        node.children = {}
    return node


def translated(kinds: Mapping[str, str], olds: tuple[Value, ...], new: Value) -> Node:
    """The tree of the paths that a provider told; an old value comes from the first of `olds` that has it."""
    root = Node()
    for path, kind in sorted(kinds.items()):
        try:
            parts = parse_path(path)
        except ValueError:
            parts = (path,)
        left = next((value for value in (_at(old, parts) for old in olds) if value is not ABSENT), ABSENT)
        right = _at(new, parts)
        node = root
        for part in parts[:-1]:
            node = node.children.setdefault(part, Node())
        plain = kind.removesuffix("-replace")
        if plain == "add":
            leaf = Node(ABSENT, UNKNOWN if right is ABSENT else right)
        elif plain == "delete":
            leaf = Node(UNKNOWN if left is ABSENT else left, ABSENT)
        else:
            leaf = compared(left, right)
            leaf.told = True
        node.children[parts[-1]] = leaf
    return root


def internal_key(key: str) -> bool:
    """Whether a property is of the engine's or a provider's own."""
    return key.startswith("__")


def _at(value: Value, parts: tuple[str | int, ...]) -> Value:
    for part in parts:
        if isinstance(value, Secret) or value is UNKNOWN:
            return value
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return ABSENT
    return value
