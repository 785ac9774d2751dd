"""Previews: what the server would make of an object, by its dry run; a note says where that cannot be asked.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.kubernetes import apply
from engine.kubernetes.errors import ApiError, refused
from engine.kubernetes.kinds import from_manifest
from engine.kubernetes.objects import described, name_of, namespace_of, recorded, to_object
from engine.kubernetes.settings import Settings
from engine.marks import secret_texts
from engine.provider import Result
from engine.values import Properties, has_unknown

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

NOT_CHECKED = "not server-checked"
ASSIGNED = ("clusterIP", "clusterIPs")
"""Fields of a Service that a dry run makes up, and the real run makes anew."""


def unasked(settings: Settings, news: Properties) -> str:
    """Why there is nothing to ask the server for; empty where there is."""
    if settings.cluster is None:
        return "its cluster is only known after an update"
    return "it has values that are only known after an update" if has_unknown(news) else ""


async def dry_create(api: Api, news: Properties) -> Result:
    """The object as the server would create it; its id is not known."""
    manifest, warnings = to_object(news), list[str]()
    endpoint = await api.endpoint(from_manifest(str(manifest["apiVersion"]), str(manifest["kind"])))
    if endpoint is None:
        return unchecked("", news, "its kind doesn't exist yet")
    try:
        live = await apply.create(api, endpoint, manifest, dry_run=True, warnings=warnings)
    except ApiError as err:
        if err.code == 409 and err.reason == "AlreadyExists":
            return unchecked("", news, "an object of this name exists")
        why = _excused(err)
        if why:
            return unchecked("", news, why)
        raise refused("create", described(manifest), err, secret_texts(news)) from err
    if isinstance(live.get("spec"), dict) and manifest["kind"] == "Service":
        mine = manifest.get("spec") or {}
        live["spec"] = {key: value for key, value in live["spec"].items() if key not in ASSIGNED or key in mine}
    return Result("", recorded(news, _settled(live, ("uid", "creationTimestamp")), ""), tuple(warnings))


async def dry_update(api: Api, id: str, news: Properties, manager: str, *, force: bool) -> Result:
    """The object as the server would change it."""
    manifest, warnings = to_object(news), list[str]()
    endpoint = await api.endpoint(from_manifest(str(manifest["apiVersion"]), str(manifest["kind"])))
    if endpoint is None:
        return unchecked(id, news, "its kind doesn't exist yet")
    try:
        before = await api.call("GET", endpoint.path(namespace_of(manifest), name_of(manifest)))
        live = await apply.update(
            api, endpoint, before, manifest, manager, dry_run=True, force=force, warnings=warnings
        )
    except ApiError as err:
        if err.code == 404:
            return unchecked(id, news, "it was deleted outside, and is to be created again")
        why = _excused(err)
        if why:
            return unchecked(id, news, why)
        raise refused("update", described(manifest), err, secret_texts(news)) from err
    return Result(id, recorded(news, _settled(live, ()), manager), tuple(warnings))


def _excused(err: ApiError) -> str:
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


def unchecked(id: str, news: Properties, why: str) -> Result:
    """The inputs as they are, with the reason why the server wasn't asked."""
    return Result(id, dict(news), (f"{NOT_CHECKED}: {why}",))


def _settled(live: dict[str, Any], dropped: tuple[str, ...]) -> dict[str, Any]:
    """The object less what only the real run decides."""
    keep = {k: v for k, v in live["metadata"].items() if k not in (*dropped, "resourceVersion", "managedFields")}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": keep}
