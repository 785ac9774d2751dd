"""Waiting for readiness: when it ends, what it says meanwhile, and what it says in the end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from engine.kubernetes import ready
from engine.provider import ProviderError
from engine.resource.values import Secret
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.samples import (
    DEPLOYMENT,
    JOB,
    POD,
    PODS,
    SERVICE,
    WEB,
    deployment,
    rolled_out,
    service,
)

SETS = "/apis/apps/v1/namespaces/shop/replicasets"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
WEB_SERVICE = "/api/v1/namespaces/shop/services/web"


async def started(bench: Bench, token: str, inputs: dict[str, Any], *, timeout: float = 10) -> asyncio.Task[Any]:
    """A create that has said what it waits for."""
    task = asyncio.create_task(bench.create(token, inputs, timeout=timeout))
    while not bench.said and not task.done():
        await asyncio.sleep(0.01)
    return task


def add_pod(bench: Bench, *, containers: list[dict[str, Any]] | None = None, **status: Any) -> None:
    """A pod of the Deployment's newest ReplicaSet."""
    revision = {"deployment.kubernetes.io/revision": "1"}
    live = bench.api.objects[WEB]
    bench.api.put(WEB, {**live, "metadata": {**live["metadata"], "annotations": revision}})
    owner = [{"uid": live["metadata"]["uid"]}]
    bench.api.put(f"{SETS}/web-1", {"metadata": {"uid": "rs", "annotations": revision, "ownerReferences": owner}})
    pod = {
        "metadata": {"ownerReferences": [{"uid": "rs"}]},
        "status": {"containerStatuses": containers or [], **status},
    }
    bench.api.put(f"{PODS}/web-1-x", pod)


async def test_a_deployment_is_ready_when_its_new_pods_are_and_no_later(bench: Bench) -> None:
    task = await started(bench, DEPLOYMENT, deployment(replicas=2))
    bench.api.status(WEB, **rolled_out(1))
    while not any("1 of 2" in line for line in bench.said):
        await asyncio.sleep(0.01)
    assert not task.done()
    bench.api.status(WEB, **rolled_out(2))
    begun = time.monotonic()
    result = await task
    assert time.monotonic() - begun < 0.5
    assert result.outputs["status"]["availableReplicas"] == 2


async def test_an_update_waits_for_its_own_generation_and_for_the_old_pods(bench: Bench) -> None:
    bench.api.on_write = lambda live: live.setdefault("status", rolled_out(2))
    inputs = deployment(replicas=2)
    old = bench.resource(DEPLOYMENT, inputs, await bench.create(DEPLOYMENT, inputs))
    task = asyncio.create_task(bench.update(old, deployment(replicas=2, image="app:2"), timeout=10))
    while not bench.said:
        await asyncio.sleep(0.01)
    assert not task.done(), "the status is of the generation before"
    bench.api.status(WEB, **{**rolled_out(2, generation=9), "replicas": 3})
    while "1 old pods still to end" not in bench.said:
        await asyncio.sleep(0.01)
    bench.api.status(WEB, **rolled_out(2, generation=9))
    await task


async def test_skip_await_does_not_wait(bench: Bench) -> None:
    inputs = deployment(annotations={"pulumi.com/skipAwait": "true"})
    assert (await bench.create(DEPLOYMENT, inputs)).id == "shop/web"


async def test_the_time_limit_may_come_from_the_annotation(bench: Bench) -> None:
    inputs = deployment(annotations={"pulumi.com/timeoutSeconds": "1"})
    with pytest.raises(ProviderError, match="not ready after 1 s"):
        await bench.create(DEPLOYMENT, inputs, timeout=0)


async def test_after_a_failed_wait_the_object_is_recorded_with_the_reasons(bench: Bench) -> None:
    with pytest.raises(ProviderError) as raised:
        await bench.create(DEPLOYMENT, deployment(), timeout=0.2)
    assert raised.value.id == "shop/web"
    assert raised.value.state is not None
    assert raised.value.state["metadata"]["uid"]
    assert raised.value.state["__inputs"] == deployment()
    assert raised.value.reasons


CRASH = {
    "name": "app",
    "restartCount": 3,
    "ready": False,
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
}
PULL = {
    "name": "app",
    "ready": False,
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "app:1"'}},
}
OOM = {**CRASH, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
UNSCHEDULED = {
    "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: Insufficient cpu"}
    ]
}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"containers": [CRASH]}, "restarted 3 times (CrashLoopBackOff)\n    its last log lines:\n    no DATABASE_URL"),
        ({"containers": [PULL]}, 'ImagePullBackOff: Back-off pulling image "app:1"'),
        ({"containers": [OOM]}, "OOMKilled"),
        (UNSCHEDULED, "cannot be scheduled: 0/1 nodes: Insufficient cpu"),
    ],
)
async def test_a_pods_trouble_is_told(bench: Bench, status: dict[str, Any], said: str) -> None:
    bench.api.texts[f"{PODS}/web-1-x/log"] = "no DATABASE_URL\n"
    task = await started(bench, DEPLOYMENT, deployment(), timeout=0.5)
    add_pod(bench, **status)
    with pytest.raises(ProviderError) as raised:
        await task
    assert said in str(raised.value)
    assert any(said in reason for reason in raised.value.reasons)


async def test_what_an_app_logs_commands_no_terminal(bench: Bench) -> None:
    bench.api.texts[f"{PODS}/web-1-x/log"] = "one\x1b[2J\ntwo\x9b\n"
    task = await started(bench, DEPLOYMENT, deployment(), timeout=0.5)
    add_pod(bench, containers=[CRASH])
    with pytest.raises(ProviderError) as raised:
        await task
    assert "\n    one [2J\n    two " in str(raised.value)
    assert not {"\x1b", "\x9b"} & {*str(raised.value)}


async def test_a_secret_that_an_app_logs_is_not_repeated(bench: Bench) -> None:
    bench.api.texts[f"{PODS}/web-1-x/log"] = "cannot connect with canary-value\n"
    inputs = deployment()
    inputs["spec"]["template"]["spec"]["containers"][0]["env"] = Secret([{"name": "A", "value": "canary-value"}])
    task = await started(bench, DEPLOYMENT, inputs, timeout=0.5)
    add_pod(bench, containers=[CRASH])
    with pytest.raises(ProviderError, match=r"cannot connect with \[secret\]") as raised:
        await task
    assert not any("canary" in reason for reason in raised.value.reasons)


async def test_pods_that_are_refused_are_told(bench: Bench) -> None:
    task = await started(bench, DEPLOYMENT, deployment(), timeout=0.5)
    message = 'pods "web-1-" is forbidden: violates PodSecurity "restricted:latest"'
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    bench.api.status(WEB, observedGeneration=1, conditions=[failure])
    with pytest.raises(ProviderError, match="violates PodSecurity"):
        await task


async def test_trouble_is_told_while_waiting(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.kubernetes.ready_workloads.FIRST_LOOK_SECONDS", 0.0)
    task = await started(bench, DEPLOYMENT, deployment())
    add_pod(bench, containers=[PULL])
    bench.api.status(WEB, observedGeneration=1)
    while not any("ImagePullBackOff" in line for line in bench.said):
        await asyncio.sleep(0.05)
    bench.api.status(WEB, **rolled_out(2))
    await task


async def test_an_object_deleted_by_others_ends_the_wait(bench: Bench) -> None:
    task = await started(bench, DEPLOYMENT, deployment())
    bench.api.remove(WEB)
    with pytest.raises(ProviderError, match="deleted by someone else"):
        await task


async def test_a_failed_job_ends_the_wait_at_once(bench: Bench) -> None:
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "namespace": "shop"},
        "spec": {"template": {}},
    }
    task = await started(bench, JOB, job)
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many failures"}
    bench.api.status("/apis/batch/v1/namespaces/shop/jobs/migrate", conditions=[failed])
    with pytest.raises(ProviderError, match="cannot become ready: the job has failed: BackoffLimitExceeded"):
        await task


async def test_a_pod_is_ready_by_its_condition(bench: Bench) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": {}}
    task = await started(bench, POD, pod)
    bench.api.status(f"{PODS}/p", phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    await task


async def test_a_load_balancer_waits_for_its_address_and_a_ready_pod(bench: Bench) -> None:
    task = await started(bench, SERVICE, service(type="LoadBalancer"))
    bench.api.status(WEB_SERVICE, loadBalancer={"ingress": [{"hostname": "localhost"}]})
    while "no pod matches its selector yet" not in bench.said:
        await asyncio.sleep(0.01)
    bench.api.put(f"{SLICES}/web-a", {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}}]})
    while "0 of 1 pods behind it ready" not in bench.said:
        await asyncio.sleep(0.01)
    bench.api.put(f"{SLICES}/web-a", {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}]})
    assert (await task).outputs["status"]["loadBalancer"]["ingress"] == [{"hostname": "localhost"}]


@pytest.mark.parametrize("spec", [{"type": "ExternalName"}, {"clusterIP": "None"}, {"selector": {}}])
async def test_a_service_without_pods_of_its_own_is_ready_at_once(bench: Bench, spec: dict[str, Any]) -> None:
    await bench.create(SERVICE, service(**spec))


async def test_a_service_whose_selector_matches_nothing_is_accepted_after_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "SETTLE_SECONDS", 0.1)
    await bench.create(SERVICE, service())


async def test_wait_for_names_a_condition_or_a_field(bench: Bench) -> None:
    wanted = '["condition=Ready", "jsonpath={.status.phase}=Good"]'
    inputs = deployment(annotations={"pulumi.com/waitFor": wanted})
    task = await started(bench, DEPLOYMENT, inputs)
    bench.api.status(WEB, conditions=[{"type": "Ready", "status": "True"}])
    while not any("status.phase" in line for line in bench.said):
        await asyncio.sleep(0.01)
    bench.api.status(WEB, phase="Good")
    await task


async def test_a_wait_that_is_cancelled_ends_at_once(bench: Bench) -> None:
    task = await started(bench, DEPLOYMENT, deployment())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cluster_that_goes_away_meanwhile_is_said_and_the_object_recorded(bench: Bench) -> None:
    task = await started(bench, DEPLOYMENT, deployment())
    bench.api.stop()
    with pytest.raises(ProviderError, match=r"waiting for Deployment shop/web: .* cannot be reached") as raised:
        await task
    assert raised.value.id == "shop/web"
    assert raised.value.state is not None


async def test_a_watch_that_the_server_ends_is_taken_up_again(bench: Bench) -> None:
    bench.api.watch_events = 1
    task = await started(bench, DEPLOYMENT, deployment(replicas=3))
    for number in range(1, 4):
        bench.api.status(WEB, **rolled_out(number))
        await asyncio.sleep(0.05)
    await task


@pytest.mark.parametrize(
    ("manifest", "states"),
    [
        ({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"replicas": 1}}, [
            {"observedGeneration": 1, "readyReplicas": 0},
            {"readyReplicas": 1, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
            {"currentRevision": "b"},
        ]),
        ({"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {}}, [
            {"observedGeneration": 1, "desiredNumberScheduled": 2, "numberAvailable": 1, "numberReady": 1},
            {"updatedNumberScheduled": 2, "numberAvailable": 2, "numberReady": 2},
        ]),
        ({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {}}, [{"phase": "Pending"}, {"phase": "Bound"}]),
        ({"apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": {"pods": "1"}}}, [{}, {"hard": {"pods": "1"}}]),
        ({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {}}, [
            {"loadBalancer": {}},
            {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}},
        ]),
        ({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "spec": {}, "status": {"observedGeneration": 0}}, [
            {"observedGeneration": 1},
        ]),
    ],
)  # fmt: skip
async def test_a_kind_is_ready_by_its_own_rule(
    bench: Bench, manifest: dict[str, Any], states: list[dict[str, Any]]
) -> None:
    kind = str(manifest["kind"])
    inputs = {**manifest, "metadata": {"name": "x", "namespace": "shop"}}
    task = await started(bench, f"kubernetes:{manifest['apiVersion']}:{kind}", inputs)
    [path] = bench.api.objects
    for state in states:
        assert not task.done()
        bench.api.status(path, **state)
        await asyncio.sleep(0.05)
    await task
