"""When an object is ready, by its kind; for kinds without a rule of their own, by its conditions.

Source: the awaiters of pulumi-kubernetes 4.34; kstatus for the rest (https://github.com/kubernetes-sigs/cli-utils).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from engine.kubernetes import ready_workloads as workloads
from engine.kubernetes.conditions import wait_for
from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import from_manifest
from engine.kubernetes.objects import annotation, name_of, namespace_of
from engine.kubernetes.wait import NeverReadyError, Rule

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

SKIP = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
SETTLE_SECONDS = 10.0
"""How long a Service without any pod is waited for before it counts as meant so."""


def rule_for(api: Api, manifest: dict[str, Any]) -> tuple[Rule, float] | None:
    """The rule for the object, and how often (in seconds; 0: never) it is to be asked without a change of the object.

    None where there is nothing to wait for.
    """
    if annotation(manifest, SKIP) == "true":
        return None
    wanted = annotation(manifest, WAIT_FOR)
    if wanted:
        return wait_for(wanted), 0.0
    kind = from_manifest(str(manifest.get("apiVersion")), str(manifest.get("kind")))
    if kind.kind in workloads.COUNTS and kind.built_in:
        return workloads.rule(api, kind.kind), 1.0
    if kind.built_in and kind.kind == "Service":
        return _service(api), 0.5
    if kind.built_in and kind.kind == "PersistentVolumeClaim":
        return _claim(api), 2.0
    plain = _PLAIN.get(kind.kind, generic) if kind.built_in else generic

    async def missing(live: dict[str, Any]) -> str:
        return plain(live)

    return missing, 0.0


def generic(live: dict[str, Any]) -> str:
    """kstatus' rule for any kind: the controller has seen it, and a `Ready` condition, if there is one, is true."""
    status = live.get("status")
    if not isinstance(status, dict):
        return ""
    if "observedGeneration" in status and not workloads.observed(live):
        return "waiting for its controller"
    stalled = workloads.condition(live, "Stalled")
    if stalled.get("status") == "True":
        raise NeverReadyError(f"it is stalled: {stalled.get('reason', '')}: {stalled.get('message', '')}")
    for name, bad in (("Ready", ("False", "Unknown")), ("Reconciling", ("True",))):
        found = workloads.condition(live, name)
        if found.get("status") in bad:
            return f"{name} is {found['status']}: {found.get('message') or found.get('reason') or 'no reason given'}"
    return ""


def _established(live: dict[str, Any]) -> str:
    refused = workloads.condition(live, "NamesAccepted")
    if refused.get("status") == "False":
        raise NeverReadyError(f"its names are not accepted: {refused.get('message', '')}")
    return "" if workloads.condition(live, "Established").get("status") == "True" else "waiting to be established"


def _ingress(live: dict[str, Any]) -> str:
    if (live.get("status", {}).get("loadBalancer") or {}).get("ingress"):
        return ""
    return "no address from an ingress controller yet"


def _volume(live: dict[str, Any]) -> str:
    phase = live.get("status", {}).get("phase")
    return "" if phase in ("Available", "Bound") else f"the volume is {phase or 'pending'}"


def _quota(live: dict[str, Any]) -> str:
    return "" if live["spec"].get("hard") == live.get("status", {}).get("hard") else "waiting for the quota controller"


def _token(live: dict[str, Any]) -> str:
    if live.get("type") != "kubernetes.io/service-account-token" or live.get("data"):
        return ""
    return "waiting for the token"


_PLAIN = {
    "CustomResourceDefinition": _established, "Ingress": _ingress, "PersistentVolume": _volume, "ResourceQuota": _quota,
    "Secret": _token,
}  # fmt: skip


def _service(api: Api) -> Rule:
    """A Service is ready with a ready pod behind it and, as LoadBalancer, with an address.

    Like the provider, one whose selector matches no pod at all is accepted after a while.
    """
    started = time.monotonic()

    async def missing(live: dict[str, Any]) -> str:
        spec = live["spec"]
        balanced = spec.get("type") == "LoadBalancer"
        if balanced and not (live.get("status", {}).get("loadBalancer") or {}).get("ingress"):
            return "no address from a load balancer yet"
        if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None" or not spec.get("selector"):
            return ""
        ready, waiting = await _endpoints(api, live)
        if waiting:
            return f"{ready} of {ready + waiting} pods behind it ready"
        if ready or time.monotonic() - started > SETTLE_SECONDS:
            return ""
        return "no pod matches its selector yet"

    return missing


async def _endpoints(api: Api, live: dict[str, Any]) -> tuple[int, int]:
    """How many endpoints are ready, and how many are not (ending ones don't count)."""
    answer = await api.call(
        "GET",
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace_of(live)}/endpointslices",
        params={"labelSelector": f"kubernetes.io/service-name={name_of(live)}"},
    )
    ready: dict[str, bool] = {}
    for piece in answer.get("items", []):
        for endpoint in piece.get("endpoints") or []:
            conditions = endpoint.get("conditions") or {}
            key = str((endpoint.get("targetRef") or {}).get("uid") or endpoint.get("addresses"))
            if not conditions.get("terminating"):
                ready[key] = conditions.get("ready") is not False
    return sum(ready.values()), len(ready) - sum(ready.values())


def _claim(api: Api) -> Rule:
    """A claim is ready when bound, or at once where its class binds with the first pod that uses it."""
    late: bool | None = None

    async def missing(live: dict[str, Any]) -> str:
        nonlocal late
        phase = live.get("status", {}).get("phase", "Pending")
        if phase == "Bound":
            return ""
        name = live["spec"].get("storageClassName")
        if late is None and name:
            try:
                found = await api.call("GET", f"/apis/storage.k8s.io/v1/storageclasses/{name}")
                late = found.get("volumeBindingMode") == "WaitForFirstConsumer"
            except ApiError:
                return f"the claim is {phase}: its storage class {name!r} doesn't exist"
        return "" if late else f"the claim is {phase}" + ("" if name else ": it has no storage class")

    return missing
