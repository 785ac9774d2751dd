"""What runs: a stack's Deployment and its pods as the cluster has them at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deploy.observe.cluster import reach
from deploy.observe.recorded import Recorded
from deploy.stack import Stack

VERSION = "app.kubernetes.io/version"
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"""


@dataclass(frozen=True)
class Pod:
    """One pod of the Deployment."""

    name: str
    ready: bool
    phase: str
    """Pending, Running, Succeeded, Failed or Unknown."""
    restarts: int = 0
    reason: str = ""
    """Why it is not ready, as `kubectl get pods` says it: CrashLoopBackOff, ImagePullBackOff, Terminating ..."""
    image: str = ""


@dataclass(frozen=True)
class Live:
    """A Deployment and its pods; all empty where there is no Deployment."""

    image: str = ""
    """Of the first container of the pod template."""
    replicas: int = 0
    """How many pods are wanted."""
    ready: int = 0
    updated: int = 0
    """Pods of the present template."""
    available: int = 0
    since: datetime | None = None
    """When the rollout of the present template was complete; None while it is under way, or has failed."""
    version: str = ""
    """The label `app.kubernetes.io/version`: the commit, for an image that the stack built."""
    pods: tuple[Pod, ...] = ()
    """Those on their way out, too; by name."""
    total: int = 0
    """Pods of any template; more than wanted while old ones still run beside new ones."""

    @property
    def complete(self) -> bool:
        """Whether the rollout is, as `kubectl rollout status` has it: every wanted pod serves, and no other is left."""
        return self.ready == self.updated == self.available == self.total == self.replicas


def live(stack: Stack, recorded: Recorded) -> Live:
    """Asks the stack's cluster.

    Raises:
        DeployError: (69) the cluster is away or refuses; (78) the context is in no kubeconfig.
    """
    if not recorded.name or not recorded.namespace:
        return Live()
    from lightkube import ApiError  # noqa: PLC0415 - slow to import
    from lightkube.resources.apps_v1 import Deployment  # noqa: PLC0415
    from lightkube.resources.core_v1 import Pod as PodResource  # noqa: PLC0415

    with reach(stack) as api:
        try:
            found = api.get(Deployment, recorded.name, namespace=recorded.namespace)
        except ApiError as err:
            if err.status.code == 404:
                return Live()
            raise
        try:
            selector: Any = found.spec.selector.matchLabels if found.spec else {}
            # Without labels, the server would list the pods of all the namespace.
            pods = [*api.list(PodResource, namespace=recorded.namespace, labels=selector)] if selector else []
            return _live(found, sorted(map(_pod, pods), key=lambda pod: pod.name))
        except AttributeError as err:
            raise TypeError("what it answers is no Deployment, or no pods") from err


def _live(found: Any, pods: list[Pod]) -> Live:
    spec, status, meta = found.spec, found.status, found.metadata
    seen = (status.observedGeneration or 0) >= meta.generation  # else the numbers are of the template before
    done = [
        condition.lastUpdateTime
        for condition in status.conditions or []
        if condition.type == "Progressing" and condition.reason == "NewReplicaSetAvailable"
    ]
    return Live(
        image=spec.template.spec.containers[0].image,
        replicas=spec.replicas,
        ready=status.readyReplicas or 0,
        updated=(status.updatedReplicas or 0) if seen else 0,
        available=status.availableReplicas or 0,
        since=done[0] if done and seen else None,
        version=(meta.labels or {}).get(VERSION, ""),
        pods=tuple(pods),
        total=status.replicas or 0,
    )


def _pod(pod: Any) -> Pod:
    ready = any(item.type == "Ready" and item.status == "True" for item in pod.status.conditions or [])
    return Pod(
        name=pod.metadata.name,
        ready=ready,
        phase=pod.status.phase,
        restarts=sum(container.restartCount for container in pod.status.containerStatuses or []),
        reason="Terminating" if pod.metadata.deletionTimestamp else "" if ready else _reason(pod.status),
        image=pod.spec.containers[0].image,
    )


def _reason(status: Any) -> str:
    for container in [*(status.initContainerStatuses or []), *(status.containerStatuses or [])]:
        waiting, ended = container.state.waiting, container.state.terminated
        if waiting and waiting.reason:
            return str(waiting.reason)
        if ended and ended.exitCode:
            return str(ended.reason or f"exit code {ended.exitCode}")
    unscheduled = [item.reason for item in status.conditions or [] if item.type == "PodScheduled" and item.reason]
    return str(next(iter(unscheduled), status.reason or ""))
