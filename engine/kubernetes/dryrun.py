"""Previews: what the server would make of an object, by its dry run; a note says where that cannot be asked.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.kubernetes import apply
from engine.kubernetes.adopt import made_by_us
from engine.kubernetes.diff import ignored
from engine.kubernetes.errors import ApiError, refused
from engine.kubernetes.kinds import Endpoint, from_manifest
from engine.kubernetes.left import without_left
from engine.kubernetes.objects import described, name_of, namespace_of, recorded, to_object
from engine.kubernetes.ready import rule_for
from engine.kubernetes.settings import Settings
from engine.provider import Resource, Result
from engine.resource.marks import secret_texts
from engine.resource.values import Properties, has_unknown

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

NOT_CHECKED = "not server-checked"


def unasked(settings: Settings, news: Properties) -> str:
    """Why there is nothing to ask the server for; empty where there is."""
    if settings.cluster is None:
        return "its cluster is only known after an update"
    return "it has values that are only known after an update" if has_unknown(news) else ""


async def dry_create(api: Api, resource: Resource, news: Properties) -> Result:
    """The object as the server would create it; its id is not known."""
    manifest = to_object(news)
    warnings = ignored(manifest)
    rule_for(api, manifest)  # refuses a waitFor that isn't understood
    endpoint = await api.endpoint(from_manifest(str(manifest["apiVersion"]), str(manifest["kind"])))
    if endpoint is None:
        return unchecked("", news, "its kind doesn't exist yet")
    try:
        live = await apply.create(api, endpoint, manifest, dry_run=True, warnings=warnings)
    except ApiError as err:
        why = excused(err) or await _making_room(api, endpoint, resource, manifest, err)
        if why:
            return unchecked("", news, why)
        raise refused("create", described(manifest), err, secret_texts(news)) from err
    # what the server makes up for the dry run (uid, clusterIP) stays, as with the CLI: programs ask for it by its key
    return Result("", recorded(news, _settled(live), ""), tuple(warnings))


async def dry_update(api: Api, resource: Resource, news: Properties, manager: str, *, force: bool) -> Result:
    """The object as the server would change it."""
    manifest = to_object(news)
    warnings = ignored(manifest)
    rule_for(api, manifest)  # refuses a waitFor that isn't understood
    endpoint = await api.endpoint(from_manifest(str(manifest["apiVersion"]), str(manifest["kind"])))
    if endpoint is None:
        return unchecked(resource.id, news, "its kind doesn't exist yet")
    try:
        before = await api.call("GET", endpoint.path(namespace_of(manifest), name_of(manifest)))
        sent = without_left(news, before, manager, resource.ignored)
        live = await apply.update(
            api, endpoint, before, to_object(sent), manager, dry_run=True, force=force, warnings=warnings
        )
    except ApiError as err:
        if err.code == 404:
            return unchecked(resource.id, news, "it was deleted outside, and is to be created again")
        why = excused(err)
        if why:
            return unchecked(resource.id, news, why)
        raise refused("update", described(manifest), err, secret_texts(news)) from err
    return Result(resource.id, recorded(news, _settled(live), manager, sent=sent), tuple(warnings))


def excused(err: ApiError) -> str:
    """Why a refusal of the dry run says nothing about the real run; empty where it does."""
    if err.namespace_missing:
        return f"its namespace {err.details.get('name', '')!r} doesn't exist yet"
    if err.code == 404:
        return "its kind doesn't exist yet"
    if err.code == 403 and " cannot " in err.text and " resource " in err.text:
        return "the signed-in user may not do a dry run"
    if err.code == 400 and "dry run" in err.text:
        return "a webhook doesn't support dry runs"
    return ""


async def _making_room(
    api: Api, endpoint: Endpoint, resource: Resource, manifest: dict[str, Any], err: ApiError
) -> str:
    """Why an object that has the name is in nobody's way; empty where it is."""
    if err.code != 409 or err.reason != "AlreadyExists":
        return ""
    namespace, name = namespace_of(manifest) or "default", name_of(manifest)
    mine = f"{namespace}/{name}" if endpoint.namespaced else name
    if {(endpoint.kind.kind, mine), ("Namespace", namespace)} & {
        (t.rpartition(":")[2], id) for t, id in resource.deleted
    }:
        return "the object that has its name is deleted first"
    try:
        live = await api.call("GET", endpoint.path(namespace, name))
    except ApiError as gone:
        return "the object that has its name is being deleted" if gone.code == 404 else ""
    if live["metadata"].get("deletionTimestamp"):
        return "the object that has its name is being deleted"
    if resource.interrupted is not None and made_by_us(live, resource.interrupted):
        return "it was made by an earlier run that was interrupted, and is taken over"
    return ""


def unchecked(id: str, news: Properties, why: str) -> Result:
    """The inputs as they are, with the reason why the server wasn't asked."""
    return Result(id, dict(news), (f"{NOT_CHECKED}: {why}",))


def _settled(live: dict[str, Any]) -> dict[str, Any]:
    """The object less what only the real run decides."""
    keep = {k: v for k, v in live["metadata"].items() if k not in ("resourceVersion", "managedFields")}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": keep}
