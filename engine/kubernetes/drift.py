"""What somebody changed in a live object since its last update: what an update by the same inputs would put back.

The API server itself says what it would make of these inputs, in a dry run: defaults and spellings are no drift.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from engine.kubernetes import apply
from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.managers import Fields, Manager, Path, added, item, managers, owner, readable, union, value_at
from engine.kubernetes.objects import to_object, without_read_only
from engine.provider import Drift
from engine.resource.marks import redact, secret_texts
from engine.resource.values import Properties

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

JsonObject = dict[str, Any]
Read = Callable[[], Awaitable[JsonObject]]
"""Reads the live object; an empty one where it is gone or about to go."""
Fill = Callable[[JsonObject], Awaitable[Properties]]
"""The inputs to compare a live object with."""

TRIES = 5
"""How often an object is looked at that changes between the two looks, as in a rollout."""
FIXED = "cannot be changed in place"
HIDDEN = "[secret]"
MISSING = Drift("", "there", "")


async def find(api: Api, endpoint: Endpoint, manager: str, read: Read, fill: Fill) -> list[Drift]:
    """Compares the live object with what the server would make of it as `manager`.

    Raises `ApiError` where the server cannot be asked or refuses, and what `read` and `fill` raise.
    """
    live: JsonObject = {}
    try:
        for _ in range(TRIES):
            live = await read()
            if not live:
                return [MISSING]
            inputs = await fill(live)
            manifest = to_object(inputs)
            updated = await _updated(api, endpoint, live, manifest, manager)
            if updated["metadata"].get("resourceVersion") == live["metadata"].get("resourceVersion"):
                break
    except ApiError as err:
        if err.code == 404 and not err.namespace_missing:
            return [MISSING]
        if err.code != 422 or not live or " is forbidden: " in err.text:  # as admission policies say it
            raise
        fields = [str(cause.get("field") or "") for cause in err.details.get("causes") or []]
        return [Drift(next(filter(None, fields), "(unknown)"), "another value", FIXED)]
    every = endpoint.kind.kind == "Secret"
    hidden = secret_texts(inputs)

    def text(it: Any) -> str:
        if it is None:
            return ""
        return HIDDEN if every else redact(it if isinstance(it, str) else json.dumps(it), hidden)

    return [
        Drift(readable(path), text(wanted), text(found), by.name, by.at, by.operation)
        for path, wanted, found, by in _compared(live, updated, manifest)
    ]


async def read(api: Api, path: str) -> JsonObject:
    """The object at `path`; empty where it is gone or about to go."""
    try:
        live = await api.call("GET", path)
    except ApiError as err:
        if err.code != 404:
            raise
        return {}
    return {} if live.get("metadata", {}).get("deletionTimestamp") else live


async def _updated(api: Api, endpoint: Endpoint, live: JsonObject, manifest: JsonObject, manager: str) -> JsonObject:
    """The live object as applying the manifest would make it, were every field of it free to change."""
    try:
        return await apply.update(api, endpoint, live, manifest, manager, dry_run=True, force=True, warnings=[])
    except ApiError as err:
        changed = copy.deepcopy(live)
        for cause in err.details.get("causes") or [] if err.code == 422 else []:
            _put(changed, manifest, str(cause.get("field", "")).split("."))
        if changed == live:
            raise
        return changed


def _put(into: Any, source: Any, keys: list[str]) -> None:
    """Copies the field that `keys` lead to, where both have one."""
    *parents, last = keys
    above = tuple(f"f:{key}" for key in parents)
    into, source = value_at(into, above), value_at(source, above)
    if isinstance(into, dict) and isinstance(source, dict) and last in source:
        into[last] = source[last]


def _compared(live: JsonObject, updated: JsonObject, manifest: JsonObject) -> Iterator[tuple[Path, Any, Any, Manager]]:
    """Each difference, then what a person added."""
    wanted, found = _own(updated), _own(live)
    after = managers(updated)
    if wanted != found:
        before = managers(live)
        for path, mine, theirs in _walk((), wanted, found, union([*before, *after])):
            yield path, mine, theirs, owner(before, path)
    for path, manager in added(after):
        if value_at(manifest, path) is None:
            yield path, None, value_at(live, path), manager


def _own(live: JsonObject) -> JsonObject:
    """The object less what only the server writes."""
    return {key: value for key, value in without_read_only(live).items() if key != "status"}


def _walk(path: Path, wanted: Any, found: Any, fields: Fields) -> Iterator[tuple[Path, Any, Any]]:
    items = [token for token in fields if token.startswith("k:")]
    if isinstance(wanted, dict) and isinstance(found, dict):
        items = [f"f:{key}" for key in {**wanted, **found}]
    elif not (items and isinstance(wanted, list) and isinstance(found, list)):
        if wanted != found:
            yield path, wanted, found
        return
    for token in items:
        yield from _walk((*path, token), item(wanted, token), item(found, token), fields.get(token, {}))
