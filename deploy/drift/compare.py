"""One object: what its next update would change if the program stayed the same."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.drift.managers import Fields, Manager, Path, added, item, managers, owner, readable, union, value_at
from deploy.drift.wanted import Place, inputs_for, place
from deploy.stack import HIDDEN
from engine.kubernetes import apply
from engine.kubernetes.errors import ApiError, refused
from engine.kubernetes.kinds import Endpoint, from_manifest
from engine.kubernetes.objects import FIELD_MANAGER, to_object, without_read_only
from engine.marks import redact, secret_texts
from engine.provider import ProviderError
from engine.state import State
from engine.values import unwrap

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

JsonObject = dict[str, Any]
Difference = tuple[Path, Any, Any, Manager]
"""Path, wanted value, value found, and who wrote that."""

TRIES = 5
"""How often an object is looked at that changes between the two looks, as in a rollout."""

FIXED = "cannot be changed in place"


@dataclass(frozen=True)
class Drift:
    """One field of a live object that is not what the last update made it."""

    kind: str
    namespace: str
    """Empty for what lives in no namespace."""
    name: str
    path: str
    """Such as `spec.replicas`; empty where the whole object is missing."""
    wanted: str
    """What the program says, as text or JSON; empty where it says nothing."""
    found: str
    """What is there; empty where nothing is."""
    by: str = ""
    """The field manager that wrote it; empty where that is not recorded, as of what was removed."""
    at: str = ""
    """When that manager last wrote, ISO 8601."""
    operation: str = ""
    """How: Update or Apply, with the subresource, as `Update (scale)`."""


async def look(api: Api, state: State) -> list[Drift]:
    """Compares the live object with what the server would make of it by the recorded inputs, in a dry run.

    Raises `ProviderError` where the server cannot be asked or refuses.
    """
    where = place(state)
    manager = str(unwrap(state.outputs.get(FIELD_MANAGER)) or apply.CREATOR)
    hidden: frozenset[str] = frozenset()
    live: JsonObject = {}
    try:
        endpoint = await api.endpoint(from_manifest(str(state.inputs["apiVersion"]), where[0]))
        for _ in range(TRIES):
            live = await _live(api, endpoint, where)
            if endpoint is None or not live:
                return [Drift(*where, path="", wanted="there", found="")]
            inputs = await inputs_for(api, state, live)
            hidden, manifest = secret_texts(inputs), to_object(inputs)
            updated = await _updated(api, endpoint, live, manifest, manager)
            if updated["metadata"].get("resourceVersion") == live["metadata"].get("resourceVersion"):
                break
    except ApiError as err:
        if err.code == 422 and live:  # at a place that is not known: the server would not have it so
            fields = [str(cause.get("field") or "") for cause in err.details.get("causes") or []]
            return [Drift(*where, next(filter(None, fields), "(unknown)"), "another value", FIXED)]
        raise refused("compare", f"{where[0]} {state.id}", err, hidden) from err
    except (AttributeError, LookupError, TypeError) as err:
        raise ProviderError(
            f"cannot compare {where[0]} {state.id}: what {api.cluster.server} answers is no Kubernetes object. "
            "See that it is an API server, and what stands before it."
        ) from err
    return [_drift(where, found, hidden) for found in _compared(live, updated, manifest)]


async def _live(api: Api, endpoint: Endpoint | None, where: Place) -> JsonObject:
    """The object; empty where it, or its whole kind, is gone or about to go."""
    try:
        live = await api.call("GET", endpoint.path(*where[1:])) if endpoint else {}
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


def _compared(live: JsonObject, updated: JsonObject, manifest: JsonObject) -> Iterator[Difference]:
    """Each difference, then what a person added."""
    before, after = managers(live), managers(updated)
    for path, wanted, found in _differences((), _own(updated), _own(live), union([*before, *after])):
        yield path, wanted, found, owner(before, path)
    for path, manager in added(after):
        if value_at(manifest, path) is None:
            yield path, None, value_at(live, path), manager


def _own(live: JsonObject) -> JsonObject:
    """The object less what only the server writes."""
    return {key: value for key, value in without_read_only(live).items() if key != "status"}


def _differences(path: Path, wanted: Any, found: Any, fields: Fields) -> Iterator[tuple[Path, Any, Any]]:
    items = [token for token in fields if token.startswith("k:")]
    if isinstance(wanted, dict) and isinstance(found, dict):
        items = [f"f:{key}" for key in {**wanted, **found}]
    elif not (items and isinstance(wanted, list) and isinstance(found, list)):
        if wanted != found:
            yield path, wanted, found
        return
    for token in items:
        yield from _differences((*path, token), item(wanted, token), item(found, token), fields.get(token, {}))


def _drift(where: Place, difference: Difference, hidden: frozenset[str]) -> Drift:
    path, wanted, found, manager = difference

    def text(it: Any) -> str:
        if it is None:
            return ""
        return HIDDEN if where[0] == "Secret" else redact(it if isinstance(it, str) else json.dumps(it), hidden)

    return Drift(*where, readable(path), text(wanted), text(found), manager.name, manager.at, manager.operation)
