"""Values as text, secrets masked."""

from __future__ import annotations

import json
from typing import Final

from engine.resource.diff import ABSENT
from engine.resource.values import UNKNOWN, Asset, Secret, Value

HIDDEN: Final = frozenset({"__internal", "__inputs", "__fieldManager", "__initialApiVersion", "__defaults"})
"""Properties of the providers' own, which a user never wrote."""


def text(value: Value, limit: int = 200) -> str:
    """A value on one line, secrets masked, long ones cut."""
    if value is UNKNOWN:
        return "output<computed>"
    if isinstance(value, Secret):
        return "[secret]"
    if value is ABSENT:
        return ""
    shown = json.dumps(_masked(value), ensure_ascii=False, sort_keys=True)
    return shown if len(shown) <= limit else f"{shown[:limit]}… ({len(shown)} characters)"


def _masked(value: Value) -> Value:
    """The value as JSON can show it, every secret replaced by `[secret]`."""
    if isinstance(value, Secret):
        return "[secret]"
    if value is UNKNOWN:
        return "output<computed>"
    if isinstance(value, Asset):
        return "asset"
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    return value


def within(path: str, other: str) -> bool:
    """Whether a path is at or below another one."""
    return path == other or path.startswith((f"{other}.", f"{other}["))
