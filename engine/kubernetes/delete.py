"""Deletes an object and waits until it is gone, saying what holds it.

Source: pulumi-kubernetes 4.34; by default dependents go first (foreground). The recorded uid is a precondition:
an object that others made anew under the same name stays. One that the recorded field manager applied (`deploy drift
--fix` made it again) is the program's own, and goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.objects import annotation, described, namespace_of
from engine.kubernetes.ready import SKIP
from engine.kubernetes.wait import gone
from engine.provider import Status

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

PROPAGATION = "pulumi.com/deletionPropagationPolicy"
POLICIES = {"orphan": "Orphan", "background": "Background"}
LEAVES = frozenset(
    {"ConfigMap", "HorizontalPodAutoscaler", "LimitRange", "NetworkPolicy", "PersistentVolumeClaim",
     "PodDisruptionBudget", "PriorityClass", "ResourceQuota", "Role", "RoleBinding", "ClusterRole",
     "ClusterRoleBinding", "Secret", "Service", "ServiceAccount", "StorageClass"}
)  # fmt: skip
"""Kinds that own no other objects (or as a Service only what says where it is): they go without the garbage collector's
turn, most of them at once."""
SKIPPABLE = frozenset(
    {"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}
)  # fmt: skip
"""Kinds whose deletion is not waited for where `pulumi.com/skipAwait` is set."""


async def delete(
    api: Api,
    endpoint: Endpoint,
    inputs: dict[str, Any],
    outputs: dict[str, Any],
    name: str,
    *,
    manager: str,
    limit: float,
    status: Status,
) -> None:
    """Deletes; gone already is success. Raises `ApiError`, and `NotReadyError` if it isn't gone in `limit` seconds."""
    leaf = endpoint.kind.built_in and endpoint.kind.kind in LEAVES
    policy = POLICIES.get(annotation(inputs, PROPAGATION).lower(), "Background" if leaf else "Foreground")
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy}
    uid = (outputs.get("metadata") or {}).get("uid")
    if uid:
        body["preconditions"] = {"uid": uid}
    path = endpoint.path(namespace_of(outputs) or namespace_of(inputs), name)
    try:
        answer = await api.call("DELETE", path, body=body)
        if answer.get("kind") == "Status":
            return  # it is gone; an object that goes later is answered as it is
        going = "deletionTimestamp" in (answer.get("metadata") or {})
        if not going and endpoint.kind.built_in:
            return  # of some kinds the answer is what was deleted
        live = answer if going else await api.call("GET", path)
    except ApiError as err:
        if err.code == 404:
            return
        if err.code == 409 and uid and "uid" in err.text.lower():
            live = await existing(api, path)
            if live and live["metadata"].get("uid") != uid and _applied_by(manager, live):
                await delete(api, endpoint, inputs, live, name, manager=manager, limit=limit, status=status)
            elif live:
                status("the recorded object is gone; one of the same name that others made is left alone")
            return
        raise
    if uid and live["metadata"].get("uid") != uid:
        return
    if annotation(inputs, SKIP) == "true" and endpoint.kind.built_in and endpoint.kind.kind in SKIPPABLE:
        return
    try:
        await gone(api, endpoint, live, holding, limit=limit, status=status)
    except ApiError as err:
        if err.code != 404:
            raise


async def existing(api: Api, path: str) -> dict[str, Any]:
    """The object; empty where it is gone."""
    try:
        return await api.call("GET", path)
    except ApiError as err:
        if err.code != 404:
            raise
        return {}


def _applied_by(manager: str, live: dict[str, Any]) -> bool:
    entries = live["metadata"].get("managedFields") or []
    return any(entry.get("manager") == manager and entry.get("operation") == "Apply" for entry in entries)


async def holding(live: dict[str, Any]) -> str:
    """What keeps an object that is being deleted."""
    reasons = [
        str(condition.get("message") or condition.get("reason"))
        for condition in (live.get("status") or {}).get("conditions") or []
        if live.get("kind") == "Namespace" and condition.get("status") == "True"
    ]
    others = [name for name in live["metadata"].get("finalizers") or [] if name != "foregroundDeletion"]
    if others:
        reasons.append(f"its finalizers {', '.join(others)} wait for their controllers")
    return f"{described(live)} is being deleted" + (f": {'; '.join(reasons)}" if reasons else "")
