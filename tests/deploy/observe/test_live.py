"""What runs, as a cluster tells it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.observe.live import Live, Pod, live
from deploy.observe.recorded import Recorded
from deploy.stack import Stack
from tests.engine.kubernetes.fake_api import FakeApi

RECORDED = Recorded(outputs={"name": "web", "namespace": "ns"})
DEPLOYMENT = "/apis/apps/v1/namespaces/ns/deployments/web"
PODS = "/api/v1/namespaces/ns/pods"
COMPLETE = {
    "type": "Progressing",
    "status": "True",
    "reason": "NewReplicaSetAvailable",
    "lastUpdateTime": "2026-01-02T03:04:05Z",
}


def container(**more: Any) -> dict[str, Any]:
    """A container's status."""
    return {"name": "web", "image": "i", "imageID": "", "ready": False, "restartCount": 0, "state": {}, **more}


def put(api: FakeApi, *, generation: int = 4, **status: Any) -> None:
    """A Deployment of three."""
    labels = {"app.kubernetes.io/version": "abc"}
    api.put(
        DEPLOYMENT,
        {
            "metadata": {"name": "web", "namespace": "ns", "labels": labels, "generation": generation},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"spec": {"containers": [{"name": "web", "image": "r/x@sha256:1"}]}},
            },
            "status": {"observedGeneration": 4, **status},
        },
    )


def pod(api: FakeApi, name: str, *, leaving: bool = False, **status: Any) -> None:
    """A pod with a status."""
    meta = {"name": name, "namespace": "ns"} | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {})
    spec = {"containers": [{"name": "web", "image": "r/x@sha256:1"}]}
    api.put(f"{PODS}/{name}", {"metadata": meta, "spec": spec, "status": {"phase": "Pending", **status}})


def test_a_rollout_that_is_complete(stack: Stack, api: FakeApi) -> None:
    put(api, replicas=3, readyReplicas=3, updatedReplicas=3, availableReplicas=3, conditions=[COMPLETE])
    pod(
        api, "web-1", phase="Running", conditions=[{"type": "Ready", "status": "True"}], containerStatuses=[container()]
    )
    assert live(stack, RECORDED) == Live(
        image="r/x@sha256:1",
        replicas=3,
        ready=3,
        updated=3,
        available=3,
        since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        version="abc",
        pods=(Pod("web-1", True, "Running", image="r/x@sha256:1"),),
        total=3,
    )
    assert live(stack, RECORDED).complete
    listed = next(call for call in api.calls if call.path == PODS)
    assert listed.query["labelSelector"] == "app=web"


def test_numbers_of_the_template_before_do_not_count(stack: Stack, api: FakeApi) -> None:
    put(api, generation=5, readyReplicas=3, updatedReplicas=3, conditions=[COMPLETE])
    found = live(stack, RECORDED)
    assert (found.ready, found.updated, found.since) == (3, 0, None)


def test_a_rollout_is_not_complete_while_old_pods_are_left(stack: Stack, api: FakeApi) -> None:
    put(api, replicas=4, readyReplicas=3, updatedReplicas=3, availableReplicas=3)
    assert not live(stack, RECORDED).complete


def test_a_deployment_without_labels_to_match_has_no_pods_of_others(stack: Stack, api: FakeApi) -> None:
    put(api)
    expression = {"key": "app", "operator": "Exists"}
    api.objects[DEPLOYMENT]["spec"]["selector"] = {"matchExpressions": [expression]}
    pod(api, "other")
    assert live(stack, RECORDED).pods == ()


@pytest.mark.parametrize("answer", [{}, {"metadata": 5}, {"spec": {}}, {"hello": "world"}])
def test_an_answer_that_is_no_deployment(stack: Stack, api: FakeApi, answer: dict[str, Any]) -> None:
    api.refuse["GET", DEPLOYMENT] = [(200, answer)]
    with pytest.raises(DeployError, match=r"see that .* is a Kubernetes API server") as caught:
        live(stack, RECORDED)
    assert caught.value.code == 69


def test_why_pods_are_not_ready(stack: Stack, api: FakeApi) -> None:
    put(api)
    crashed = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 7}
    pod(api, "a", phase="Running", containerStatuses=[container(**crashed)])
    pod(api, "b", initContainerStatuses=[container(state={"terminated": {"exitCode": 3, "reason": "Error"}})])
    pod(api, "c", conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}])
    pod(api, "d", phase="Failed", reason="Evicted")
    pod(api, "e", leaving=True, phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    pod(api, "f", phase="Running", containerStatuses=[container(state={"running": {}})])
    found = [(pod.name, pod.ready, pod.restarts, pod.reason) for pod in live(stack, RECORDED).pods]
    assert found == [
        ("a", False, 7, "CrashLoopBackOff"),
        ("b", False, 0, "Error"),
        ("c", False, 0, "Unschedulable"),
        ("d", False, 0, "Evicted"),
        ("e", True, 0, "Terminating"),
        ("f", False, 0, ""),
    ]


def test_nothing_is_there(stack: Stack, api: FakeApi) -> None:
    assert live(stack, RECORDED) == Live()
    assert live(stack, Recorded()) == Live()
    assert len(api.calls) == 1, "what was never deployed is not asked about"
