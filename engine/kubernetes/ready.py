"""When an object is ready, by its kind; for kinds without a rule of their own, by its conditions.

Source: the awaiters of pulumi-kubernetes 4.34; kstatus for the rest (https://github.com/kubernetes-sigs/cli-utils).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.kubernetes import ready_workloads as workloads
from engine.kubernetes.conditions import wait_for
from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import from_manifest
from engine.kubernetes.objects import annotation, name_of, namespace_of
from engine.kubernetes.wait import DEFAULT_SECONDS, NeverReadyError, Rule, seconds

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

SKIP = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"
SETTLE_SECONDS = 10.0
"""How long a Service without any pod, or an Ingress' path without its Service, is waited for before it counts as meant
so."""
LIMITS = {
    "PersistentVolume": 300.0, "PersistentVolumeClaim": 300.0, "ResourceQuota": 60.0, "Secret": 5.0,
}  # fmt: skip
"""Seconds that objects of these kinds are waited for, where nothing else is said; of all others `DEFAULT_SECONDS`."""


def rule_for(api: Api, manifest: dict[str, Any], *, patient: bool = True) -> tuple[Rule, float] | None:
    """The rule for the object, and how often (in seconds; 0: never) it is to be asked without a change of the object.

    None where there is nothing to wait for. `patient`: whether what has no pods yet may still get some.
    """
    if annotation(manifest, SKIP) == "true":
        return None
    wanted = annotation(manifest, WAIT_FOR)
    if wanted:
        return wait_for(wanted), 0.0
    kind = from_manifest(str(manifest.get("apiVersion")), str(manifest.get("kind")))
    if kind.kind in workloads.COUNTS and kind.built_in:
        return workloads.rule(api, kind.kind), 1.0
    if kind.kind in _ASKING and kind.built_in:
        asking, tick = _ASKING[kind.kind]
        return asking(api, SETTLE_SECONDS if patient else 0.0), tick
    plain = _PLAIN.get(kind.kind, generic) if kind.built_in else generic

    async def missing(live: dict[str, Any]) -> str:
        return plain(live)

    return missing, 0.0


def limit_for(timeout: float, manifest: dict[str, Any]) -> float:
    """How many seconds to wait: the resource's timeout, else its annotation, else what its kind takes at most."""
    kind = from_manifest(str(manifest.get("apiVersion")), str(manifest.get("kind")))
    return seconds(timeout, manifest, LIMITS.get(kind.kind, DEFAULT_SECONDS) if kind.built_in else DEFAULT_SECONDS)


def generic(live: dict[str, Any]) -> str:
    """kstatus' rule for any kind: the controller has seen it, and a `Ready` condition, if there is one, is true."""
    if live["metadata"].get("deletionTimestamp"):
        return "it is being deleted"
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
    found = workloads.condition(live, "Established")
    if found.get("status") == "False" and found.get("reason") != "Installing":
        raise NeverReadyError(f"it is not established: {found.get('reason', '')}: {found.get('message', '')}")
    return "" if found.get("status") == "True" else "waiting to be established"


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
    "CustomResourceDefinition": _established, "PersistentVolume": _volume, "ResourceQuota": _quota,
    "Secret": _token,
}  # fmt: skip


def _service(api: Api, settle: float) -> Rule:
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
        if ready or time.monotonic() - started >= settle:
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


def _ingress(api: Api, settle: float) -> Rule:
    """An Ingress is ready with an address, and with each path's Service there.

    Like the provider, a path whose Service doesn't come is accepted after a while.
    """
    started = time.monotonic()

    async def missing(live: dict[str, Any]) -> str:
        if time.monotonic() - started < settle:
            for name in _backends(live):
                if not await _served(api, namespace_of(live), name):
                    return f"the Service {name} of one of its paths is not there yet"
        if (live.get("status", {}).get("loadBalancer") or {}).get("ingress"):
            return ""
        return "no address from an ingress controller yet"

    return missing


def _backends(live: dict[str, Any]) -> list[str]:
    """The Services that the paths of an Ingress lead to."""
    backends = [
        path.get("backend") or {}
        for rule in live["spec"].get("rules") or []
        for path in (rule.get("http") or {}).get("paths") or []
    ]
    names = [(backend.get("service") or {}).get("name") or backend.get("serviceName") for backend in backends]
    return sorted({name for name in names if name})


async def _served(api: Api, namespace: str, name: str) -> bool:
    """Whether the cluster knows where the Service leads to, be it to no ready pod; an ExternalName leads elsewhere."""
    selector = {"labelSelector": f"kubernetes.io/service-name={name}"}
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    try:
        if (await api.call("GET", slices, params=selector)).get("items"):
            return True
        service = await api.call("GET", f"/api/v1/namespaces/{namespace}/services/{name}")
    except ApiError as err:
        return err.code != 404  # such as a right that is missing
    return bool(service["spec"].get("type") == "ExternalName")


def _claim(api: Api, _: float) -> Rule:
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


_ASKING: dict[str, tuple[Callable[[Api, float], Rule], float]] = {
    "Ingress": (_ingress, 1.0), "PersistentVolumeClaim": (_claim, 2.0), "Service": (_service, 0.5),
}  # fmt: skip
"""Rules that ask for more than the object, and how often; they get the seconds to wait for what may never come."""
