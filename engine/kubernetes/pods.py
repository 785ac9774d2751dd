"""Says why pods are not ready: image pull errors, crash loops with their last log lines, no node, quotas.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.kubernetes.errors import ApiError
from engine.kubernetes.objects import name_of, namespace_of
from engine.printable import printable
from engine.provider import ProviderError

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

LOG_LINES = 8
MAX_PODS = 3
QUIET_WAITS = frozenset({"ContainerCreating", "PodInitializing", ""})
REVISION = "deployment.kubernetes.io/revision"


async def problems(api: Api, live: dict[str, Any], *, logs: bool) -> list[str]:
    """What is wrong with the pods of a workload (or with the pod itself), the clearest first; `logs` adds log lines."""
    try:
        if live.get("kind") == "Pod":
            return [printable(text) for text in await _pod_problems(api, live, logs)]
        found = _own_problems(live)
        pods = await _pods(api, live)
        sick = [pod for pod in pods if not _ready(pod)]
        texts: dict[str, int] = {}
        for pod in sick[:MAX_PODS]:
            for text in await _pod_problems(api, pod, logs and not texts):
                texts[text] = texts.get(text, 0) + 1
        found = [*texts, *found]
        if not found and not pods:
            found = await _events(api, live)
        if not found and sick:
            found = [text for pod in sick[:1] for text in await _events(api, pod)]
        return [printable(text) for text in found]
    except (ApiError, ProviderError):
        return []  # the wait itself says that the cluster is gone


def _own_problems(live: dict[str, Any]) -> list[str]:
    """What the workload's own conditions say, such as pods refused by a quota or by Pod Security."""
    wanted = (("ReplicaFailure", "True"), ("Progressing", "False"))
    return [
        f"{condition.get('reason', condition['type'])}: {condition.get('message', '')}"
        for condition in live.get("status", {}).get("conditions") or []
        if (condition.get("type"), condition.get("status")) in wanted
    ]


async def _pods(api: Api, live: dict[str, Any]) -> list[dict[str, Any]]:
    """The pods of a workload; of a Deployment those of its newest ReplicaSet."""
    selector = _selector(live)
    owner = live["metadata"].get("uid")
    namespace = namespace_of(live)
    if not selector:
        return []
    if live.get("kind") == "Deployment":
        answer = await api.call(
            "GET", f"/apis/apps/v1/namespaces/{namespace}/replicasets", params={"labelSelector": selector}
        )
        revision = (live["metadata"].get("annotations") or {}).get(REVISION)
        sets = [item for item in answer.get("items", []) if _owned(item, owner)]
        newest = [s for s in sets if (s["metadata"].get("annotations") or {}).get(REVISION) == revision]
        if not newest:
            return []
        owner = newest[0]["metadata"]["uid"]
    answer = await api.call("GET", f"/api/v1/namespaces/{namespace}/pods", params={"labelSelector": selector})
    return [
        {"apiVersion": "v1", "kind": "Pod", **pod}
        for pod in answer.get("items", [])
        if _owned(pod, owner) and not pod["metadata"].get("deletionTimestamp")
    ]


def _selector(live: dict[str, Any]) -> str:
    """The workload's selector in the query syntax of the API."""
    selector = live.get("spec", {}).get("selector") or {}
    if live.get("kind") == "ReplicationController":
        selector = {"matchLabels": selector}
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for term in selector.get("matchExpressions") or []:
        key, operator, values = term.get("key"), term.get("operator"), ",".join(term.get("values") or [])
        form = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        terms.append(str(form.get(operator, f"!{key}")))
    return ",".join(terms)


def _owned(item: dict[str, Any], uid: Any) -> bool:
    return any(owner.get("uid") == uid for owner in item["metadata"].get("ownerReferences") or [])


def _ready(pod: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions") or [])


async def _pod_problems(api: Api, pod: dict[str, Any], logs: bool) -> list[str]:
    status = pod.get("status", {})
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return [f"a pod cannot be scheduled: {condition.get('message', condition.get('reason', ''))}"]
    if status.get("phase") == "Failed" and status.get("message"):
        return [f"pod {name_of(pod)}: {status.get('reason', 'Failed')}: {status['message']}"]
    found = []
    for state in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        text = _container_problem(state)
        if text:
            found.append(text + (await _log(api, pod, state) if logs and _ran(state) else ""))
    if not found and not _ready(pod):
        unhealthy = [text for text in await _events(api, pod) if text.startswith(("Unhealthy", "Failed"))]
        found = unhealthy[:1]
    return found


def _ran(state: dict[str, Any]) -> bool:
    return bool(state.get("restartCount") or state.get("state", {}).get("terminated"))


def _container_problem(state: dict[str, Any]) -> str:
    if state.get("ready") and not state.get("state", {}).get("waiting"):
        return ""
    name = state.get("name")
    now, last = state.get("state", {}), (state.get("lastState") or {}).get("terminated") or {}
    waiting, ended = now.get("waiting") or {}, now.get("terminated") or last
    reason = waiting.get("reason", "")
    if reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"):
        return f"container {name}: {reason}: {waiting.get('message', '') or 'image ' + str(state.get('image'))}"
    if ended and (ended.get("exitCode") or ended.get("reason") == "OOMKilled" or reason == "CrashLoopBackOff"):
        how = (
            "killed for using more memory than its limit (OOMKilled)" if ended.get("reason") == "OOMKilled" else "ended"
        )
        times = state.get("restartCount", 0)
        loop = f", restarted {times} times" if times else ""
        loop += " (CrashLoopBackOff)" if reason == "CrashLoopBackOff" else ""
        said = _plain(str(ended.get("message") or ""))
        return f"container {name}: {how} with exit code {ended.get('exitCode')}{loop}" + (f": {said}" if said else "")
    if reason not in QUIET_WAITS:
        return f"container {name}: {reason}: {waiting.get('message', '')}"
    return ""


def _plain(message: str) -> str:
    """A runtime's message less the names of its own layers."""
    return message.strip().rpartition("unable to start container process: ")[2].removesuffix(": unknown")


async def _log(api: Api, pod: dict[str, Any], state: dict[str, Any]) -> str:
    """The container's last lines, indented below the message; of the run before, if it was restarted."""
    path = f"/api/v1/namespaces/{namespace_of(pod)}/pods/{name_of(pod)}/log"
    previous = "false" if state.get("state", {}).get("terminated") else "true"
    params = {"container": str(state["name"]), "tailLines": str(LOG_LINES), "previous": previous}
    lines = (await api.text(path, params=params)).rstrip().splitlines()
    return "".join(f"\n    {line}" for line in ["its last log lines:", *lines]) if lines else ""


async def _events(api: Api, live: dict[str, Any]) -> list[str]:
    """The newest warnings about an object, each once."""
    path = f"/api/v1/namespaces/{namespace_of(live) or 'default'}/events"
    selector = f"involvedObject.uid={live['metadata'].get('uid')},type=Warning"
    answer = await api.call("GET", path, params={"fieldSelector": selector})
    items = sorted(
        answer.get("items", []), key=lambda item: str(item.get("lastTimestamp") or item.get("eventTime") or "")
    )
    return list(dict.fromkeys(f"{item.get('reason')}: {item.get('message')}" for item in reversed(items)))
