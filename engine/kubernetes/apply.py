"""Writes objects: create by POST, update by server-side apply, both also as a dry run.

Source: pulumi-kubernetes 4.34: a create is done as manager `pulumi-kubernetes`; an update first hands that manager's
fields to the resource's own `__fieldManager`, then applies as it.
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.objects import annotation, name_of, namespace_of
from engine.provider import Status

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

CREATOR = "pulumi-kubernetes"
"""The field manager that creates."""
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
APPLY = "application/apply-patch+yaml"

FORERUNNERS = (
    ("kubectl", "Apply"), ("kubectl", "Update"), ("before-first-apply", "Update"), ("pulumi-kubernetes", "Update"),
    ("pulumi-resource-kubernetes", "Update"),
)  # fmt: skip
"""Managers (by the start of their name, with their operation) whose fields an update takes over."""

NAMES = tuple(name for name, _ in FORERUNNERS)
PAUSES = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""Seconds between the tries of a create whose namespace or kind is only just being made, with nothing to say so."""


async def create(
    api: Api, endpoint: Endpoint, manifest: dict[str, Any], *, dry_run: bool, warnings: list[str],
    status: Status = lambda line: None,
) -> dict[str, Any]:  # fmt: skip
    """POSTs the object. A namespace or kind that is only just being made (404) is waited for, as `PAUSES` say."""
    params = {"fieldManager": CREATOR, **({"dryRun": "All"} if dry_run else {})}
    path = endpoint.path(namespace_of(manifest))
    for pause in () if dry_run else PAUSES:
        try:
            return await api.call("POST", path, params=params, body=manifest, warnings=warnings)
        except ApiError as err:
            if not _settling(err):
                raise
            status(f"not taken yet, trying again: {err}")
        await asyncio.sleep(pause)
    return await api.call("POST", path, params=params, body=manifest, warnings=warnings)


def _settling(err: ApiError) -> bool:
    """Whether the refusal passes by itself: what the object needs was made a moment ago."""
    if err.code == 404:
        return True
    return err.code == 403 and ("service account" in err.text and "not found" in err.text)


async def update(
    api: Api, endpoint: Endpoint, live: dict[str, Any], manifest: dict[str, Any], manager: str, *, dry_run: bool,
    force: bool, warnings: list[str],
) -> dict[str, Any]:  # fmt: skip
    """Applies the manifest over the live object and returns what the server made of it."""
    path = endpoint.path(namespace_of(manifest), name_of(manifest))
    entries = live["metadata"].get("managedFields") or []
    dry = {"dryRun": "All"} if dry_run else {}
    if manifest.get("kind") == "CustomResourceDefinition":
        whole = {
            **manifest,
            "metadata": {**manifest["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]},
        }
        return await api.call("PUT", path, params={"fieldManager": manager, **dry}, body=whole, warnings=warnings)
    if not dry_run:
        await _take_over(api, path, live, manager)
    force = force or not entries or annotation(manifest, PATCH_FORCE) == "true"

    async def apply(forced: bool) -> dict[str, Any]:
        params = {"fieldManager": manager, "force": str(forced).lower(), **dry}
        return await api.call("PATCH", path, params=params, body=manifest, content_type=APPLY, warnings=warnings)

    try:
        return await apply(force)
    except ApiError as err:
        # A dry run hands nothing over: conflicts with the forerunners alone are none in the real run.
        mine = err.conflicts and all(not c.subresource and c.manager.startswith(NAMES) for c in err.conflicts)
        if not dry_run or not mine:
            raise
        return await apply(True)


async def relinquish(api: Api, endpoint: Endpoint, live: dict[str, Any], manager: str) -> dict[str, Any]:
    """Takes `manager` off the object, which it owned until another one applied it; returns the object."""
    if not any(entry.get("manager") == manager for entry in live["metadata"].get("managedFields") or []):
        return live
    where = {key: value for key, value in live["metadata"].items() if key in ("name", "namespace")}
    bare = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": where}
    path = endpoint.path(namespace_of(live), name_of(live))
    return await api.call("PATCH", path, params={"fieldManager": manager}, body=bare, content_type=APPLY)


def is_forerunner(entry: dict[str, Any]) -> bool:
    """Whether an entry of `managedFields` is of one whose fields an update takes over."""
    manager, operation = str(entry.get("manager", "")), entry.get("operation")
    if entry.get("subresource"):
        return False
    return any(manager.startswith(name) and operation == verb for name, verb in FORERUNNERS)


async def _take_over(api: Api, path: str, live: dict[str, Any], manager: str) -> None:
    """Gives the forerunners' fields to `manager`, so that dropping a field from the program removes it."""
    entries = live["metadata"].get("managedFields") or []
    mine = [e for e in entries if e.get("manager") == manager and e.get("operation") == "Apply"]
    taken = [e for e in entries if e not in mine and is_forerunner(e)]
    if not taken:
        return
    fields: dict[str, Any] = {}
    for entry in [*mine, *taken]:
        fields = _union(fields, entry.get("fieldsV1") or {})
    whole = {**taken[-1], "manager": manager, "operation": "Apply", "fieldsV1": fields}
    rest = [entry for entry in entries if entry not in mine and entry not in taken]
    patch = [
        {"op": "replace", "path": "/metadata/managedFields", "value": [*rest, whole]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]
    try:
        await api.call("PATCH", path, body=patch, content_type="application/json-patch+json")
    except ApiError as err:
        if err.code != 409:
            raise
        # The object changed since it was read, as those of running workloads do: once more on what it is now.
        await _take_over(api, path, await api.call("GET", path), manager)


def _union(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = dict(one)
    for key, value in other.items():
        merged[key] = _union(merged[key], value) if isinstance(merged.get(key), dict) else value
    return merged
