"""Checks of component arguments, made when the arguments are constructed.

Only plain values can be checked then; an Output is let through, and the API server has the last word on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi

from components.rules import check_limit, check_quantity


def is_plain(value: object) -> bool:
    """Whether the value is known now: given, and no Output or awaitable."""
    return value is not None and not isinstance(value, pulumi.Output) and not hasattr(value, "__await__")


def check(owner: str, field: str, value: Any, rule: Callable[[Any], str | None]) -> None:
    """Raises ValueError, naming the value and the rule, when a plain value breaks the rule."""
    if is_plain(value):
        broken = rule(value)
        if broken is not None:
            raise ValueError(f"{owner}: {field} {value!r}: {broken}")


def check_resources(owner: str, kind: str, request: Any, limit: Any) -> None:
    """Checks a request and its limit, each by itself and against each other."""
    check(owner, f"{kind}_request", request, check_quantity)
    check(owner, f"{kind}_limit", limit, check_quantity)
    if is_plain(request) and is_plain(limit):
        broken = check_limit(request, limit)
        if broken is not None:
            raise ValueError(f"{owner}: {kind}_limit {limit!r}: {broken}; raise {kind}_limit or lower {kind}_request")
