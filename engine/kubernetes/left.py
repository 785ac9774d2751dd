"""The option `ignoreChanges` in a server-side apply: what others manage is left to them.

Source: handleSSAIgnoreFields in provider/pkg/await/await.go of pulumi-kubernetes 4.34.
"""

from __future__ import annotations

from typing import Any

from engine.kubernetes.apply import is_forerunner
from engine.kubernetes.managers import Fields, Path, value_at
from engine.kubernetes.objects import mark_secrets, without_read_only
from engine.resource.paths import Path as PropertyPath
from engine.resource.paths import parse_path, reset
from engine.resource.values import Properties


def without_left(inputs: Properties, live: dict[str, Any], manager: str, ignored: tuple[str, ...]) -> Properties:
    """The inputs that `manager` is to apply over the live object.

    Of the paths `ignored`, what only others own is left out, so that it is neither taken from them nor a conflict; all
    else stays as it is live. A path into a list is applied as the inputs have it.
    """
    mine: list[Fields] = []
    theirs: list[Fields] = []
    for entry in live["metadata"].get("managedFields") or []:
        own = entry.get("manager") == manager or is_forerunner(entry)
        (mine if own else theirs).append(entry.get("fieldsV1") or {})
    result, live = inputs, without_read_only(live)
    for text in ignored:
        path = parse_path(text)
        tokens = tuple(f"f:{part}" for part in path)
        if _any(theirs, tokens) and not _any(mine, tokens):
            result = reset(_above(path), result, path)
        elif value_at(live, tokens) is not None:
            result = reset(live, result, path)
    return dict(mark_secrets(result, inputs)) if ignored else inputs


def _above(path: PropertyPath) -> Properties:
    """Nothing but the maps that lead to what a path names."""
    *keys, _ = path
    above: Properties = {}
    for key in reversed(keys):
        above = {str(key): above}
    return above


def _any(owned: list[Fields], path: Path) -> bool:
    return any(_has(fields, path) for fields in owned)


def _has(fields: Fields, path: Path) -> bool:
    return not path or (path[0] in fields and _has(fields[path[0]], path[1:]))
