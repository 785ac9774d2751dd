"""When Deployments, StatefulSets, DaemonSets, Pods, Jobs and their like are ready.

Source: the awaiters of pulumi-kubernetes 4.34, and `kubectl rollout status` for the counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from engine.kubernetes.pods import problems
from engine.kubernetes.wait import NeverReadyError, Rule

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

FIRST_LOOK_SECONDS = 2.0
LOOK_SECONDS = 3.0


def observed(live: dict[str, Any]) -> bool:
    """Whether the controller has seen this generation of the object."""
    return bool(live.get("status", {}).get("observedGeneration", 0) >= live["metadata"].get("generation", 0))


def condition(live: dict[str, Any], name: str) -> dict[str, Any]:
    """One of the object's conditions, empty if it isn't there."""
    return next((c for c in live.get("status", {}).get("conditions") or [] if c.get("type") == name), {})


def deployment(live: dict[str, Any]) -> str:
    """What a Deployment still lacks."""
    spec, status = live["spec"], live.get("status", {})
    wanted = spec.get("replicas", 1)
    if not observed(live):
        return "waiting for the deployment controller"
    if spec.get("paused"):
        return ""
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted or available < wanted:
        return f"{min(updated, available)} of {wanted} new pods available"
    if status.get("replicas", 0) > updated:
        return f"{status['replicas'] - updated} old pods still to end"
    if wanted and condition(live, "Available").get("status") != "True":
        return "fewer pods available than required"
    return ""


def stateful_set(live: dict[str, Any]) -> str:
    """What a StatefulSet still lacks."""
    spec, status = live["spec"], live.get("status", {})
    wanted = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    kept = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if not observed(live):
        return "waiting for the statefulset controller"
    if status.get("readyReplicas", 0) < wanted:
        return f"{status.get('readyReplicas', 0)} of {wanted} pods ready"
    if strategy.get("type") == "OnDelete":
        return ""
    if status.get("updatedReplicas", 0) < wanted - kept:
        return f"{status.get('updatedReplicas', 0)} of {wanted - kept} pods updated"
    if not kept and status.get("currentRevision") != status.get("updateRevision"):
        return "waiting for the rolling update to end"
    return ""


def daemon_set(live: dict[str, Any]) -> str:
    """What a DaemonSet still lacks."""
    status = live.get("status", {})
    if not observed(live):
        return "waiting for the daemonset controller"
    wanted = status.get("desiredNumberScheduled", 0)
    have = min(status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0), status.get("numberReady", 0))
    return "" if have >= wanted else f"{have} of {wanted} new pods available"


def replicas(live: dict[str, Any]) -> str:
    """What a ReplicaSet or ReplicationController still lacks."""
    wanted, have = live["spec"].get("replicas", 1), live.get("status", {}).get("availableReplicas", 0)
    if not observed(live):
        return "waiting for its controller"
    return "" if have >= wanted else f"{have} of {wanted} pods available"


def pod(live: dict[str, Any]) -> str:
    """What a Pod still lacks; a failed one never gets ready."""
    phase = live.get("status", {}).get("phase", "Pending")
    if phase == "Failed":
        raise NeverReadyError("the pod has failed")
    if phase == "Succeeded" or condition(live, "Ready").get("status") == "True":
        return ""
    return f"the pod is {phase}, not ready"


def job(live: dict[str, Any]) -> str:
    """What a Job still lacks; a failed one never gets ready."""
    failed = condition(live, "Failed")
    if failed.get("status") == "True":
        raise NeverReadyError(f"the job has failed: {failed.get('reason', '')}: {failed.get('message', '')}")
    if condition(live, "Complete").get("status") == "True" or live["spec"].get("suspend"):
        return ""
    status = live.get("status", {})
    done, wanted = status.get("succeeded", 0), live["spec"].get("completions") or live["spec"].get("parallelism") or 1
    return f"{done} of {wanted} runs completed" + (f", {status['failed']} failed" if status.get("failed") else "")


COUNTS = {
    "Deployment": deployment, "StatefulSet": stateful_set, "DaemonSet": daemon_set, "ReplicaSet": replicas,
    "ReplicationController": replicas, "Pod": pod, "Job": job,
}  # fmt: skip


def rule(api: Api, kind: str) -> Rule:
    """The rule of a workload kind, which also looks at its pods every few seconds once its controller is at work."""
    count = COUNTS[kind]
    next_look = time.monotonic() + FIRST_LOOK_SECONDS
    trouble = ""

    async def missing(live: dict[str, Any]) -> str:
        nonlocal next_look, trouble
        text = count(live)
        if text and observed(live) and time.monotonic() >= next_look:
            found = await problems(api, live, logs=False)
            trouble = f" ({found[0]})" if found else ""
            next_look = time.monotonic() + LOOK_SECONDS
        return f"{text}{trouble}" if text else ""

    return missing
