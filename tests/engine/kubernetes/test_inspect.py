"""What a preview finds out about objects that the program leaves unchanged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.provider import Drift, ProviderError, Resource
from engine.resource.values import UNKNOWN, Secret
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.fake_api import status
from tests.engine.kubernetes.samples import CONFIG_MAP, DEPLOYMENT, SECRET, WEB, config_map, deployment

MAPS = "/api/v1/namespaces/shop/configmaps"
SETTINGS = f"{MAPS}/settings"


async def made(bench: Bench, token: str, inputs: dict[str, Any]) -> Resource:
    """A resource as it is recorded after its create."""
    resource = bench.resource(token, inputs, await bench.create(token, inputs))
    bench.api.calls.clear()
    return resource


async def inspect(bench: Bench, resource: Resource, *ignored: str) -> tuple[tuple[Drift, ...], str]:
    return await bench.provider.inspect(resource, ignored)


def write(bench: Bench, path: str, manager: str, **parts: Any) -> None:
    """Changes a live object as `manager`, which owns the top-level parts from then on."""
    live = bench.api.objects[path]
    entry = {"manager": manager, "operation": "Update", "fieldsV1": {f"f:{part}": {} for part in parts}, "time": "now"}
    managed = [*live["metadata"]["managedFields"], entry]
    bench.api.put(path, {**live, **parts, "metadata": {**live["metadata"], "managedFields": managed}})


async def test_an_unchanged_object_is_tried_as_an_update_and_stays_as_it_is(bench: Bench) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    before = dict(bench.api.objects)
    assert await inspect(bench, resource) == ((), "")
    [patch] = bench.api.made("PATCH")
    assert patch.query == {"fieldManager": resource.outputs["__fieldManager"], "force": "true", "dryRun": "All"}
    assert bench.api.objects == before


async def test_drift_has_both_values_and_its_author(bench: Bench) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    write(bench, SETTINGS, "kubectl-edit", data={"color": "red"})
    assert await inspect(bench, resource) == (
        (Drift("data.color", "blue", "red", "kubectl-edit", "now", "Update"),),
        "",
    )


async def test_an_object_that_is_gone_is_missing(bench: Bench) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    bench.api.remove(SETTINGS)
    assert await inspect(bench, resource) == ((Drift("", "there", ""),), "")


async def test_what_is_ignored_is_no_drift(bench: Bench) -> None:
    resource = await made(bench, CONFIG_MAP, config_map(color="blue", size="1"))
    write(bench, SETTINGS, "kubectl-edit", data={"color": "red", "size": "2"})
    drift, _ = await inspect(bench, resource, "data.color")
    assert [one.path for one in drift] == ["data.size"]


@pytest.mark.parametrize(("kind", "drifts"), [("Deployment", 0), ("StatefulSet", 1)])
async def test_replicas_under_an_autoscaler_are_no_drift(bench: Bench, kind: str, drifts: int) -> None:
    resource = await made(bench, DEPLOYMENT, deployment(replicas=2, annotations={"pulumi.com/skipAwait": "true"}))
    write(bench, WEB, "hpa", spec={**bench.api.objects[WEB]["spec"], "replicas": 5})
    scaler = {"spec": {"scaleTargetRef": {"kind": kind, "name": "web"}}}
    scalers = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
    bench.api.texts[scalers] = json.dumps({"items": [scaler]})
    drift, _ = await inspect(bench, resource)
    assert [one.path for one in drift] == ["spec.replicas"] * drifts


async def test_a_secrets_drift_shows_no_value(bench: Bench) -> None:
    inputs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "settings", "namespace": "shop"},
        "data": Secret({"token": "Y2FuYXJ5"}),
    }
    resource = await made(bench, SECRET, inputs)
    write(bench, "/api/v1/namespaces/shop/secrets/settings", "kubectl-edit", data={"token": "b3RoZXI="})
    [drift], _ = await inspect(bench, resource)
    assert (drift.path, drift.wanted, drift.found) == ("data.token", "[secret]", "[secret]")


@pytest.mark.parametrize(
    "answer",
    [
        status(403, "Forbidden", 'admission webhook "policy" denied the request: no label'),
        status(422, "Invalid", "configmaps \"settings\" is forbidden: ValidatingAdmissionPolicy 'p' denied request"),
        status(400, "BadRequest", "no such field"),
    ],
)
async def test_what_admission_would_refuse_fails(bench: Bench, answer: tuple[int, dict[str, Any]]) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    bench.api.refuse["PATCH", SETTINGS] = [answer]
    with pytest.raises(ProviderError, match="cannot update ConfigMap shop/settings: "):
        await inspect(bench, resource)


async def test_a_policys_refusal_is_no_matter_of_rights(bench: Bench) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    bench.api.refuse["PATCH", SETTINGS] = [status(403, "Forbidden", 'webhook "policy" denied the request: no label')]
    with pytest.raises(ProviderError, match=r"no label\. So says a policy of the cluster: change the object"):
        await inspect(bench, resource)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (status(403, "Forbidden", 'User "x" cannot patch resource "configmaps" in API group ""'), "may not do a dry"),
        (status(400, "BadRequest", "admission webhook does not support dry run"), "webhook"),
        (status(500, "InternalError", "failed calling webhook"), "failed calling webhook"),
        ((200, {"hello": "world"}), "no Kubernetes object"),
    ],
)
async def test_where_the_server_cannot_tell_it_says_why(
    bench: Bench, answer: tuple[int, dict[str, Any]], why: str
) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    bench.api.refuse["PATCH", SETTINGS] = [answer]
    drift, said = await inspect(bench, resource)
    assert drift == ()
    assert why in said


async def test_values_that_are_not_known_yet_are_not_compared(bench: Bench) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    resource.inputs["data"] = UNKNOWN
    assert await inspect(bench, resource) == ((), "it has values that are only known after an update")
    assert bench.api.calls == []


async def test_a_cluster_that_is_away_is_asked_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.kubernetes.client.AGAIN_SECONDS", 0.0)
    resource = await made(bench, CONFIG_MAP, config_map())
    await bench.provider.close()
    bench.api.stop()
    _, why = await inspect(bench, resource)
    assert "cannot be reached" in why
    monkeypatch.delattr("engine.kubernetes.client.Api.call")
    assert await inspect(bench, resource) == ((), why)


async def test_many_objects_of_a_kind_are_read_in_one_request(bench: Bench) -> None:
    resources = [await made(bench, CONFIG_MAP, config_map(f"m{number}")) for number in range(20)]
    write(bench, f"{MAPS}/m7", "kubectl-edit", data={"color": "red"})
    bench.api.remove(f"{MAPS}/m9")
    seen = {resource.id: await inspect(bench, resource) for resource in resources}
    assert {id_: [one.path for one in drift] for id_, (drift, _) in seen.items() if drift} == {
        "shop/m7": ["data.color"],
        "shop/m9": [""],
    }
    assert [call.path for call in bench.api.made("GET")].count(MAPS) == 1
    assert len(bench.api.made("GET")) < 8


async def test_an_object_that_changes_between_the_two_looks_is_read_again(bench: Bench) -> None:
    resource = await made(bench, CONFIG_MAP, config_map())
    newer = json.loads(json.dumps(bench.api.objects[SETTINGS]))
    newer["metadata"]["resourceVersion"] = "99"
    bench.api.refuse["PATCH", SETTINGS] = [(200, {**newer, "data": {"color": "blue", "by": "a controller"}})]
    assert await inspect(bench, resource) == ((), "")
    assert len(bench.api.made("PATCH")) == 2
