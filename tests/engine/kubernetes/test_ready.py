"""Readiness by what an object shows: waitFor, the rules of kinds, and kstatus for the rest."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.kubernetes import ready
from engine.kubernetes.conditions import wait_for
from engine.kubernetes.ready import generic, limit_for
from engine.kubernetes.wait import NeverReadyError
from engine.provider import ProviderError
from tests.engine.kubernetes.conftest import Bench

SHOP = "/api/v1/namespaces/shop"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
READY = {"type": "Ready", "status": "True"}
INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "x", "namespace": "shop"},
    "spec": {"rules": [{"http": {"paths": [{"backend": {"service": {"name": "web"}}}]}}]},
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "x"},
    "spec": {},
}


def live(generation: int = 1, **status: Any) -> dict[str, Any]:
    return {"metadata": {"generation": generation}, "status": status}


async def started(bench: Bench, inputs: dict[str, Any]) -> tuple[asyncio.Task[Any], str]:
    """A create that has said what it waits for, and the path of its object."""
    task = asyncio.create_task(bench.create(f"kubernetes:{inputs['apiVersion']}:{inputs['kind']}", inputs, timeout=20))
    while not bench.said and not task.done():
        await asyncio.sleep(0.01)
    return task, next(path for path in bench.api.objects if path.endswith("/x"))


async def said(bench: Bench, text: str) -> None:
    while not any(text in line for line in bench.said):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("text", "shown", "is_ready"),
    [
        ("condition=Ready", live(conditions=[READY]), True),
        ("condition=ready=true", live(conditions=[READY]), True),
        ("condition=Ready=False", live(conditions=[READY]), False),
        ("condition=Ready", live(conditions=[]), False),
        ("condition=Ready", live(2, conditions=[READY], observedGeneration=1), False),
        ("condition=Ready", live(2, conditions=[{**READY, "observedGeneration": 1}]), False),
        ("condition=Ready", live(2, conditions=[{**READY, "observedGeneration": 2}], observedGeneration=1), True),
        ("jsonpath={.status.phase}=Good", live(phase="Good"), True),
        ("jsonpath={ .status.phase }=Good", live(phase="Bad"), False),
        ("jsonpath={.status.phase}=Good", live(2, phase="Good", observedGeneration=1), False),
        ("jsonpath={.status.phase}", live(phase=None), True),
        ("jsonpath={.status.phase}", live(), False),
        ("jsonpath={.status.on}=true", live(on=True), True),
        ("jsonpath={.status.count}=2", live(count=2), True),
        ("jsonpath={.status.conditions}", live(conditions=[READY]), True),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', live(conditions=[READY]), True),
        ('["condition=Ready", "jsonpath={.status.phase}=Good"]', live(conditions=[READY], phase="Bad"), False),
        ('["condition=Ready", "jsonpath={.status.phase}=Good"]', live(conditions=[READY], phase="Good"), True),
    ],
)
async def test_wait_for(text: str, shown: dict[str, Any], is_ready: bool) -> None:
    assert (await wait_for(text)(shown) == "") is is_ready


@pytest.mark.parametrize(
    "text",
    ["Ready", "jsonpath=.status.phase=Good", "jsonpath={.status.phase}=", "jsonpath={.a}=b=c", "jsonpath={.a[}", "[]"],
)
def test_a_wait_that_is_not_understood_says_the_rule(text: str) -> None:
    with pytest.raises(ProviderError, match=r"waitFor has .*`condition=Name\[=Status\]`"):
        wait_for(text)


@pytest.mark.parametrize("preview", [True, False])
async def test_it_is_refused_before_anything_is_made(bench: Bench, preview: bool) -> None:
    inputs = {**INGRESS, "metadata": {"name": "x", "annotations": {"pulumi.com/waitFor": "Ready"}}}
    with pytest.raises(ProviderError, match="waitFor"):
        await bench.create("kubernetes:networking.k8s.io/v1:Ingress", inputs, preview=preview)
    assert bench.api.objects == {}


async def test_a_value_that_nothing_can_be_equal_to_is_never_there() -> None:
    with pytest.raises(NeverReadyError, match="which no value can be equal to"):
        await wait_for("jsonpath={.status.conditions}=x")(live(conditions=[]))


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (live(), ""),
        ({"metadata": {}}, ""),
        (live(2, observedGeneration=1), "waiting for its controller"),
        (live(conditions=[READY]), ""),
        (live(conditions=[{"type": "Ready", "status": "False", "message": "no disk"}]), "Ready is False: no disk"),
        (live(conditions=[{"type": "Ready", "status": "Unknown", "reason": "New"}]), "Ready is Unknown: New"),
        (live(conditions=[{"type": "Reconciling", "status": "True"}]), "Reconciling is True: no reason given"),
        ({"metadata": {"deletionTimestamp": "now"}}, "it is being deleted"),
    ],
)
def test_the_rest_is_ready_as_kstatus_says(shown: dict[str, Any], missing: str) -> None:
    assert generic(shown) == missing


def test_what_has_stalled_has_failed() -> None:
    with pytest.raises(NeverReadyError, match="it is stalled: Quota: no room"):
        generic(live(conditions=[{"type": "Stalled", "status": "True", "reason": "Quota", "message": "no room"}]))


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("Deployment", 600), ("PersistentVolumeClaim", 300), ("PersistentVolume", 300), ("ResourceQuota", 60)],
)
def test_a_kind_has_its_time(kind: str, limit: float) -> None:
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}}
    assert limit_for(0, manifest) == limit
    assert limit_for(7, manifest) == 7
    assert limit_for(0, {**manifest, "metadata": {"annotations": {"pulumi.com/timeoutSeconds": "9"}}}) == 9
    assert limit_for(0, {**manifest, "apiVersion": "example.com/v1"}) == 600


@pytest.mark.parametrize("way", ["slice", "elsewhere"])
async def test_an_ingress_waits_for_the_services_of_its_paths_and_for_its_address(bench: Bench, way: str) -> None:
    task, path = await started(bench, INGRESS)
    bench.api.status(path, loadBalancer={"ingress": [{"ip": "10.0.0.1"}]})
    await said(bench, "the Service web of one of its paths is not there yet")
    assert not task.done()
    if way == "slice":
        bench.api.put(f"{SLICES}/web-a", {"endpoints": []})
    else:
        bench.api.put(f"{SHOP}/services/web", {"spec": {"type": "ExternalName"}})
    await task


async def test_an_ingress_whose_service_never_comes_is_accepted_after_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "SETTLE_SECONDS", 0.1)
    task, path = await started(bench, INGRESS)
    await said(bench, "no address")
    bench.api.status(path, loadBalancer={"ingress": [{"ip": "10.0.0.1"}]})
    await task


@pytest.mark.parametrize(
    ("manifest", "states"),
    [
        (
            {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "x"}, "spec": {}},
            [{"phase": "Pending"}, {"phase": "Available"}],
        ),
        (
            {"apiVersion": "v1", "kind": "ReplicationController", "spec": {"replicas": 2}},
            [{"observedGeneration": 1, "availableReplicas": 1}, {"availableReplicas": 2}],
        ),
        (
            DEFINITION,
            [
                {"conditions": [{"type": "Established", "status": "False", "reason": "Installing"}]},
                {"conditions": [{"type": "Established", "status": "True"}]},
            ],
        ),
    ],
)
async def test_a_kind_is_ready_by_its_own_rule(
    bench: Bench, manifest: dict[str, Any], states: list[dict[str, Any]]
) -> None:
    task, path = await started(bench, {"metadata": {"name": "x", "namespace": "shop"}, **manifest})
    for state in states:
        await asyncio.sleep(0.05)
        assert not task.done()
        bench.api.status(path, **state)
    await task


async def test_a_token_secret_waits_for_its_token(bench: Bench) -> None:
    meta = {"name": "x", "namespace": "shop"}
    inputs = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": meta}
    task, path = await started(bench, inputs)
    assert bench.said == ["waiting for the token"]
    bench.api.put(path, {**bench.api.objects[path], "data": {"token": "eA=="}})
    await task


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ({"type": "NamesAccepted", "status": "False", "message": "taken"}, "its names are not accepted: taken"),
        ({"type": "Established", "status": "False", "reason": "Bad", "message": "no"}, "not established: Bad: no"),
    ],
)
async def test_a_definition_that_failed_ends_the_wait(bench: Bench, condition: dict[str, str], why: str) -> None:
    task, path = await started(bench, DEFINITION)
    bench.api.status(path, conditions=[condition])
    with pytest.raises(ProviderError, match=why):
        await task
