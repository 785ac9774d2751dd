"""The difference between two property maps, leaf by leaf, for the display and for components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from engine.resource.paths import Path
from engine.resource.values import Secret, Value, unwrap

ABSENT: Final[Any] = object()
"""Marks a side on which the property is not there."""


@dataclass(frozen=True)
class Change:
    """One property that differs; `old` or `new` is ABSENT where it was added or removed."""

    path: Path
    old: Value
    new: Value
    secret: bool
    """True when either side is, or is within, a secret: its values must not be shown."""


def changes(old: Value, new: Value, path: Path = (), secret: bool = False) -> Iterator[Change]:
    """Every leaf that differs between two values, in the order of the keys. A secret counts as one leaf."""
    secret = secret or isinstance(old, Secret) or isinstance(new, Secret)
    before, after = unwrap_top(old), unwrap_top(new)
    if secret and not isinstance(before, dict | list):
        if not same(before, after):
            yield Change(path, before, after, True)
        return
    if isinstance(before, dict) and isinstance(after, dict) and not secret:
        for key in sorted({*before, *after}):
            yield from changes(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key), secret)
    elif isinstance(before, list) and isinstance(after, list) and not secret:
        for index in range(max(len(before), len(after))):
            left = before[index] if index < len(before) else ABSENT
            right = after[index] if index < len(after) else ABSENT
            yield from changes(left, right, (*path, index), secret)
    elif not same(before, after):
        yield Change(path, before, after, secret or _holds_secret(before) or _holds_secret(after))


def unwrap_top(value: Value) -> Value:
    """The value without the `Secret` around it."""
    while isinstance(value, Secret):
        value = value.value
    return value


def same(old: Value, new: Value) -> bool:
    """Whether two values are equal, secrets compared by content; True and 1 differ, 2 and 2.0 do not."""
    left, right = unwrap(old), unwrap(new)
    return bool(left == right) and _shape(left) == _shape(right)


def _shape(value: Value) -> Value:
    """The value with booleans told apart from numbers."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list):
        return [_shape(item) for item in value]
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    return value


def _holds_secret(value: Value) -> bool:
    if isinstance(value, Secret):
        return True
    if isinstance(value, list):
        return any(_holds_secret(item) for item in value)
    return isinstance(value, dict) and any(_holds_secret(item) for item in value.values())
