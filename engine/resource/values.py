"""Property values as the engine holds them: plain JSON values, plus what JSON cannot say.

A property value is None, bool, int, float, str, a list, a dict with string keys, or one of the types below.
Source: "Property values" in Pulumi's wire protocol (sdk/proto/pulumi/provider.proto and resource signatures).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
"""A property value; its shape is recursive, which the type checker cannot express usefully."""

Properties: TypeAlias = dict[str, Value]
"""A property map: what a resource takes in or gives out."""


@dataclass(frozen=True)
class Secret:
    """A value that is encrypted in state and never shown."""

    value: Value

    def __repr__(self) -> str:
        return "Secret([secret])"


class Unknown:
    """A value that is only known after an `up`; there is one instance, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "output<computed>"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Asset:
    """A file, text or archive handed to a resource; kept as the wire form it arrived in."""

    wire: tuple[tuple[str, Any], ...]


def unwrap(value: Value) -> Value:
    """The same value without any `Secret` wrapper, at every depth."""
    if isinstance(value, Secret):
        return unwrap(value.value)
    if isinstance(value, list):
        return [unwrap(item) for item in value]
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    return value


def has_secret(value: Value) -> bool:
    """Whether a `Secret` is anywhere in the value."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, list):
        return any(has_secret(item) for item in value)
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    return False


def has_unknown(value: Value) -> bool:
    """Whether `UNKNOWN` is anywhere in the value."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return False
