"""Reading live objects: what a refresh records, what `get` answers, and what counts as not healthy."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import parse
from engine.provider import ProviderError, Resource
from engine.resource.values import Secret
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.samples import (
    CONFIG_MAP,
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    POD,
    SECRET,
    SERVICE,
    WEB,
    config_map,
    deployment,
    rolled_out,
    service,
)

PATH = "/api/v1/namespaces/shop/configmaps/settings"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"
WEB_SERVICE = "/api/v1/namespaces/shop/services/web"
WIDGETS = "/apis/example.com/v1/namespaces/shop/widgets"


async def made(bench: Bench) -> Resource:
    return bench.resource(CONFIG_MAP, config_map(), await bench.create(CONFIG_MAP, config_map()))


async def there(bench: Bench, token: str, inputs: dict[str, Any], path: str, **status: Any) -> Resource:
    """An object with a status, and the record of it."""
    bench.api.put(path, {**inputs, "metadata": dict(inputs["metadata"]), "status": status})
    urn = f"urn:pulumi:dev::p::{token}::thing"
    return Resource(urn, token, "thing", "shop/" + path.rpartition("/")[2], inputs, {**inputs, "__fieldManager": "m"})


async def test_read_finds_the_live_object_in_the_shape_of_the_inputs(bench: Bench) -> None:
    old = await made(bench)
    bench.api.objects[PATH]["data"] = {"color": "drifted", "extra": "1"}
    found = await bench.provider.read(old, old.id, old.inputs)
    assert found is not None
    assert found[0] == "shop/settings"
    assert found[1]["data"] == {"color": "drifted"}
    assert found[2]["data"] == {"color": "drifted", "extra": "1"}
    bench.api.remove(PATH)
    assert await bench.provider.read(old, old.id, old.inputs) is None


async def test_read_for_an_interrupted_create_only_finds_what_that_run_made(bench: Bench) -> None:
    old = await made(bench)
    asked = Resource("urn", CONFIG_MAP, "thing", interrupted=old.inputs)
    found = await bench.provider.read(asked, "", old.inputs)
    assert found is not None
    assert found[0] == "shop/settings"
    bench.api.objects[PATH]["metadata"]["managedFields"][0]["manager"] = "kubectl"
    assert await bench.provider.read(asked, "", old.inputs) is None


async def test_read_without_inputs_takes_all_that_is_not_the_servers(bench: Bench) -> None:
    old = await made(bench)
    found = await bench.provider.read(Resource("urn", CONFIG_MAP, "thing"), old.id, {})
    assert found is not None
    assert found[1] == config_map()


async def test_annotations_of_controllers_are_no_inputs(bench: Bench) -> None:
    notes = {
        "deployment.kubernetes.io/revision": "3",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "own": "1",
    }
    old = await there(bench, DEPLOYMENT, deployment(annotations=notes), WEB, observedGeneration=0)
    found = await bench.provider.read(Resource(old.urn, DEPLOYMENT, "thing"), old.id, {})
    assert found is not None
    assert found[1]["metadata"] == {"name": "web", "namespace": "shop", "annotations": {"own": "1"}}
    assert found[1]["spec"] == deployment()["spec"]
    assert "status" not in found[1]
    assert found[2]["metadata"]["annotations"] == notes


async def test_a_read_resource_gets_the_inputs_that_name_it_from_a_refresh(bench: Bench) -> None:
    old = await there(bench, DEPLOYMENT, deployment(0), WEB, **rolled_out(0))
    found = await bench.provider.read(Resource(old.urn, DEPLOYMENT, "thing", old.id, {}, old.outputs), old.id, {})
    assert found is not None
    name = {"name": "web", "namespace": "shop"}
    assert found[1] == {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": name}
    assert found[2]["__fieldManager"] == "m"


async def test_secrets_stay_secret(bench: Bench) -> None:
    inputs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pass", "namespace": "shop"},
        "data": Secret({"p": "YQ=="}),
    }
    bench.api.put("/api/v1/namespaces/shop/secrets/pass", {**inputs, "data": {"p": "Yg==", "q": "Yw=="}})
    resource = Resource("urn", SECRET, "thing", "shop/pass", inputs, {})
    found = await bench.provider.read(resource, "shop/pass", inputs)
    assert found is not None
    assert found[1]["data"] == Secret({"p": "Yg=="})
    assert found[2]["data"] == Secret({"p": "Yg==", "q": "Yw=="})
    assert found[2]["__inputs"]["data"] == Secret({"p": "Yg=="})


@pytest.mark.parametrize(
    ("live", "seen"),
    [([1, 2, 3], [1, 2, 3]), ([1.5, 2, 3], [1.5, 2]), (["a", 2, 3], ["a", 2, 3]), ([], []), ([{"n": 1}], [{"n": 1}])],
)
async def test_a_list_keeps_the_length_of_the_inputs_where_its_kind_is_the_same(
    bench: Bench, live: list[Any], seen: list[Any]
) -> None:
    """Of numbers in custom resources the provider knows no kind but fractions."""
    widgets = {"name": "widgets", "kind": "Widget", "namespaced": True}
    bench.api.objects["/apis/example.com/v1"] = {"kind": "APIResourceList", "resources": [widgets]}
    inputs = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "shop"},
        "spec": {"list": [1, 2], "ports": ["a"]},
    }
    bench.api.put(f"{WIDGETS}/w", {**inputs, "spec": {"list": live, "ports": ["a", "b"], "other": 1}})
    resource = Resource("urn", "kubernetes:example.com/v1:Widget", "thing", "shop/w", inputs, {})
    found = await bench.provider.read(resource, "shop/w", inputs)
    assert found is not None
    assert found[1]["spec"] == {"list": seen, "ports": ["a"]}


async def test_a_kind_that_the_cluster_has_no_more_is_gone_with_its_objects(bench: Bench) -> None:
    inputs = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "shop"}}
    resource = Resource("urn", "kubernetes:example.com/v1:Widget", "thing", "shop/w", inputs, inputs)
    assert await bench.provider.read(resource, "shop/w", inputs) is None


async def test_what_is_not_ready_comes_with_its_reasons(bench: Bench) -> None:
    old = await there(bench, DEPLOYMENT, deployment(), WEB, **{**rolled_out(), "availableReplicas": 1})
    with pytest.raises(ProviderError) as caught:
        await bench.provider.read(old, old.id, old.inputs)
    assert caught.value.reasons == ("Deployment shop/web is not ready: 1 of 2 new pods available",)
    assert (caught.value.id, caught.value.inputs) == ("shop/web", deployment())
    assert caught.value.state is not None
    assert caught.value.state["status"]["availableReplicas"] == 1
    bench.api.status(WEB, availableReplicas=2)
    assert await bench.provider.read(old, old.id, old.inputs) is not None


async def test_a_failed_object_is_read_as_not_healthy(bench: Bench) -> None:
    inputs = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": {}}
    old = await there(bench, POD, inputs, "/api/v1/namespaces/shop/pods/p", phase="Failed")
    with pytest.raises(ProviderError, match="Pod shop/p is not ready: the pod has failed"):
        await bench.provider.read(old, old.id, old.inputs)


async def test_nothing_is_said_of_what_is_not_to_be_waited_for(bench: Bench) -> None:
    skip = {"pulumi.com/skipAwait": "true"}
    old = await there(bench, DEPLOYMENT, deployment(annotations=skip), WEB)
    assert await bench.provider.read(old, old.id, old.inputs) is not None
    # a kind that the provider only waits for when it makes it
    metadata = {"name": "c", "namespace": "shop"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {}}
    token = "kubernetes:core/v1:PersistentVolumeClaim"
    old = await there(bench, token, claim, "/api/v1/namespaces/shop/persistentvolumeclaims/c", phase="Pending")
    assert await bench.provider.read(old, old.id, old.inputs) is not None


async def test_a_service_without_pods_is_healthy_and_one_with_waiting_pods_is_not(bench: Bench) -> None:
    old = await there(bench, SERVICE, service(), WEB_SERVICE)
    assert await bench.provider.read(old, old.id, old.inputs) is not None
    labels = {"kubernetes.io/service-name": "web"}
    waiting = {"addresses": ["10.0.0.1"], "conditions": {"ready": False}}
    bench.api.put(f"{SLICES}/web-1", {"metadata": {"labels": labels}, "endpoints": [waiting]})
    with pytest.raises(ProviderError, match="Service shop/web is not ready: 0 of 1 pods behind it ready"):
        await bench.provider.read(old, old.id, old.inputs)


async def test_a_wait_that_an_annotation_asks_for_is_not_for_reads(bench: Bench) -> None:
    inputs = deployment(0, annotations={"pulumi.com/waitFor": "jsonpath={.status.never}=1"})
    old = await there(bench, DEPLOYMENT, inputs, WEB, **rolled_out(0))
    assert await bench.provider.read(old, old.id, old.inputs) is not None


async def test_a_job_under_way_is_not_ready_but_a_namespace_is(bench: Bench) -> None:
    metadata = {"name": "j", "namespace": "shop"}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"completions": 2}}
    old = await there(bench, JOB, job, "/apis/batch/v1/namespaces/shop/jobs/j", succeeded=1)
    with pytest.raises(ProviderError, match="Job shop/j is not ready: 1 of 2 runs completed"):
        await bench.provider.read(old, old.id, old.inputs)
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    bench.api.put("/api/v1/namespaces/shop", {**space, "status": {"phase": "Terminating"}})
    assert await bench.provider.read(Resource("urn", NAMESPACE, "thing", "shop", space, space), "shop", space)


@pytest.mark.parametrize(
    ("variable", "given"),
    [
        ("", {}),
        ("PULUMI_K8S_DELETE_UNREACHABLE", {}),
        ("", {"deleteUnreachable": "true"}),
        ("PULUMI_K8S_SKIP_UPDATE_UNREACHABLE", {}),
        ("", {"skipUpdateUnreachable": "true"}),
    ],
)
async def test_a_cluster_that_is_not_reached(
    bench: Bench, variable: str, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.kubernetes.client.AGAIN_SECONDS", 0.1)
    if variable:
        monkeypatch.setenv(variable, "true")
    old = await made(bench)
    bench.api.stop()
    provider = KubernetesProvider(parse({"kubeconfig": bench.api.kubeconfig(), **given}))
    asked = provider.read(old, old.id, old.inputs)
    away = pytest.raises(ProviderError, match=r"Is the cluster running.*PULUMI_K8S_DELETE_UNREACHABLE=true")
    if "DELETE" in variable or "deleteUnreachable" in given:
        assert await asked is None
        await provider.delete(old, timeout=0, status=bench.said.append)
        assert "dropped from the record" in bench.said[-1]
        return
    if variable or given:
        assert await asked == (old.id, old.inputs, old.outputs)
    else:
        with away:
            await asked
    with away:
        await provider.delete(old, timeout=0, status=bench.said.append)
