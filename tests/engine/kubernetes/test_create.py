"""Creating: the request, the recorded state, and who owns an object that exists already."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import parse
from engine.provider import ProviderError, Resource
from engine.resource.values import Secret
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.fake_api import FakeApi, missing, status
from tests.engine.kubernetes.samples import CONFIG_MAP, SECRET, config_map

MAPS = "/api/v1/namespaces/shop/configmaps"


async def test_create_posts_as_the_providers_field_manager_and_records_the_live_object(bench: Bench) -> None:
    inputs = await bench.check(CONFIG_MAP, config_map())
    result = await bench.create(CONFIG_MAP, inputs)
    [post] = bench.api.made("POST")
    assert (post.path, post.query, post.body) == (MAPS, {"fieldManager": "pulumi-kubernetes"}, inputs)
    assert result.id == "shop/settings"
    assert result.outputs["metadata"]["uid"]
    assert result.outputs["__inputs"] == inputs
    assert result.outputs["__initialApiVersion"] == "v1"
    assert result.outputs["__fieldManager"].startswith("pulumi-kubernetes-")


async def test_a_secret_is_sent_plain_and_recorded_as_secret(bench: Bench) -> None:
    inputs = await bench.check(
        SECRET, {"metadata": {"name": "s", "namespace": "shop"}, "stringData": Secret({"a": "b"})}
    )
    result = await bench.create(SECRET, inputs)
    assert bench.api.made("POST")[0].body["data"] == {"a": "Yg=="}
    assert result.outputs["data"] == Secret({"a": "Yg=="})
    assert result.outputs["__inputs"]["data"] == Secret({"a": "Yg=="})


async def test_an_object_that_exists_is_not_adopted(bench: Bench) -> None:
    bench.api.put(f"{MAPS}/settings", config_map())
    inputs = await bench.check(CONFIG_MAP, config_map())
    with pytest.raises(ProviderError, match=r"ConfigMap shop/settings.*exists.*pulumi import") as raised:
        await bench.create(CONFIG_MAP, inputs)
    assert raised.value.state is None
    assert bench.api.objects[f"{MAPS}/settings"]["data"] == {"color": "blue"}


async def test_what_a_killed_run_made_is_taken_over(bench: Bench) -> None:
    inputs = await bench.check(CONFIG_MAP, config_map())
    first = await bench.create(CONFIG_MAP, inputs)
    again = await bench.create(CONFIG_MAP, inputs, interrupted=inputs)
    assert again.outputs["metadata"]["uid"] == first.outputs["metadata"]["uid"]
    assert bench.api.made("PATCH") == []
    assert "taken over" in bench.said[-1]


async def test_a_change_since_the_killed_run_is_applied(bench: Bench) -> None:
    inputs = await bench.check(CONFIG_MAP, config_map())
    await bench.create(CONFIG_MAP, inputs)
    await bench.create(CONFIG_MAP, {**inputs, "data": {"color": "red"}}, interrupted=inputs)
    assert bench.api.objects[f"{MAPS}/settings"]["data"] == {"color": "red"}


@pytest.mark.parametrize("other", ["manager", "content"])
async def test_what_others_made_is_left_alone_even_after_a_killed_run(bench: Bench, other: str) -> None:
    inputs = await bench.check(CONFIG_MAP, config_map())
    await bench.create(CONFIG_MAP, inputs)
    live = bench.api.objects[f"{MAPS}/settings"]
    if other == "manager":
        live["metadata"]["managedFields"][0]["manager"] = "kubectl"
    else:
        live["data"] = {"color": "green"}
    with pytest.raises(ProviderError, match="exists"):
        await bench.create(CONFIG_MAP, inputs, interrupted=inputs)


async def test_a_lost_answer_is_found_out(bench: Bench) -> None:
    bench.api.drop.add(("POST", MAPS))
    inputs = await bench.check(CONFIG_MAP, config_map())
    result = await bench.create(CONFIG_MAP, inputs)
    assert result.outputs["metadata"]["uid"] == bench.api.objects[f"{MAPS}/settings"]["metadata"]["uid"]
    assert len(bench.api.made("POST")) == 2


async def test_an_object_that_is_being_deleted_is_waited_for(bench: Bench) -> None:
    bench.api.put(f"{MAPS}/settings", config_map() | {"metadata": {"deletionTimestamp": "now", "name": "settings"}})
    inputs = await bench.check(CONFIG_MAP, config_map())

    def removed(line: str) -> None:
        bench.said.append(line)
        bench.api.remove(f"{MAPS}/settings")

    resource = Resource("urn", CONFIG_MAP, "thing")
    result = await bench.provider.create(resource, inputs, preview=False, timeout=5, status=removed)
    assert result.id == "shop/settings"
    assert "being deleted" in bench.said[0]


async def test_a_namespace_that_was_made_a_moment_ago_is_waited_for(bench: Bench) -> None:
    bench.api.refuse["POST", MAPS] = [status(404, "NotFound", 'namespaces "shop" not found', kind="namespaces")]
    result = await bench.create(CONFIG_MAP, await bench.check(CONFIG_MAP, config_map()))
    assert result.id == "shop/settings"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(403, "Forbidden", 'User "x" cannot create resource "configmaps"'), "RBAC"),
        (status(403, "Forbidden", "exceeded quota: q, requested: a=1"), "quota"),
        (status(403, "Forbidden", "not in namespace shop because it is being terminated"), "Wait until its namespace"),
        (status(403, "Forbidden", "pods is forbidden: node selector conflicts with the project's"), "a policy of the"),
        (status(422, "Invalid", 'ConfigMap "a" is invalid: data[b c]: Invalid value'), "Correct the named field"),
        (status(500, "InternalError", "failed calling webhook"), "webhooks"),
        (status(401, "Unauthorized", "Unauthorized"), "Sign in again"),
    ],
)
async def test_a_refusal_says_what_and_how_to_mend_it(bench: Bench, answer: Any, said: str) -> None:
    bench.api.refuse["POST", MAPS] = [answer]
    with pytest.raises(ProviderError, match=said):
        await bench.create(CONFIG_MAP, await bench.check(CONFIG_MAP, config_map()))


async def test_no_secret_gets_into_a_message(bench: Bench) -> None:
    path = "/api/v1/namespaces/shop/secrets"
    inputs = await bench.check(
        SECRET, {"metadata": {"name": "s", "namespace": "shop"}, "stringData": {"a": "canary-value"}}
    )
    encoded = inputs["data"].value["a"]
    bench.api.refuse["POST", path] = [status(400, "BadRequest", f"bad value canary-value or {encoded}")]
    with pytest.raises(ProviderError) as raised:
        await bench.create(SECRET, inputs)
    assert "canary-value" not in str(raised.value)
    assert encoded not in str(raised.value)
    assert "[secret]" in str(raised.value)


async def test_a_custom_kind_is_looked_up_and_an_unknown_one_is_named(bench: Bench) -> None:
    token = "kubernetes:example.com/v1:Widget"
    inputs = await bench.check(token, {"metadata": {"name": "w", "namespace": "shop"}})
    with pytest.raises(ProviderError, match="CustomResourceDefinition"):
        await bench.create(token, inputs)
    resources = [
        {"name": "widgets", "kind": "Widget", "namespaced": True},
        {"name": "widgets/status", "kind": "Widget"},
    ]
    bench.api.objects["/apis/example.com/v1"] = {"resources": resources}
    result = await bench.create(token, inputs)
    assert result.id == "shop/w"
    assert "/apis/example.com/v1/namespaces/shop/widgets/w" in bench.api.objects


async def test_a_kind_that_the_same_update_makes_is_waited_for(bench: Bench) -> None:
    token = "kubernetes:example.com/v1:Widget"
    inputs = await bench.check(token, {"metadata": {"name": "w", "namespace": "shop"}})
    known = {"resources": [{"name": "widgets", "kind": "Widget", "namespaced": True}]}
    bench.api.refuse["GET", "/apis/example.com/v1"] = [missing("/apis/example.com/v1"), (200, known)]
    bench.api.refuse["POST", "/apis/example.com/v1/namespaces/shop/widgets"] = [missing("/apis/namespaces/shop")]
    assert (await bench.create(token, inputs)).id == "shop/w"
    assert bench.said[0] == "the cluster doesn't know Widget in example.com/v1 yet"
    assert "trying again" in bench.said[1]


async def test_an_object_that_went_between_two_requests_is_in_nobodys_way(bench: Bench) -> None:
    bench.api.refuse["POST", MAPS] = [status(409, "AlreadyExists", '"settings" already exists')]
    assert (await bench.create(CONFIG_MAP, config_map())).id == "shop/settings"
    bench.api.remove(f"{MAPS}/settings")
    bench.api.refuse["POST", MAPS] = [status(409, "AlreadyExists", '"settings" already exists')] * 2
    with pytest.raises(ProviderError, match=r"already exists\. An object of this name exists"):
        await bench.create(CONFIG_MAP, config_map())


async def test_what_answers_for_an_api_server_that_restarts_is_asked_again(bench: Bench) -> None:
    old = bench.resource(CONFIG_MAP, config_map(), await bench.create(CONFIG_MAP, config_map()))
    bench.api.refuse["GET", f"{MAPS}/settings"] = [(503, {"message": "no backend"})]
    bench.api.refuse["PATCH", f"{MAPS}/settings"] = [(502, {"message": "bad gateway"})]
    assert (await bench.update(old, config_map(color="red"))).outputs["data"] == {"color": "red"}
    bench.api.refuse["POST", MAPS] = [(503, {"message": "no backend"})]
    with pytest.raises(ProviderError, match="no backend"):  # it may have been served: not twice
        await bench.create(CONFIG_MAP, config_map("other"))
    assert len([call for call in bench.api.made("POST") if call.body["metadata"]["name"] == "other"]) == 1


async def test_a_cluster_that_cannot_be_reached_is_said_within_bounds(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.kubernetes.client.AGAIN_SECONDS", 0.2)
    config = api.kubeconfig()
    config["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"
    provider = KubernetesProvider(parse({"kubeconfig": config}))
    with pytest.raises(
        ProviderError, match=r"http://127.0.0.1:1 \(context 'fake'\) cannot be reached: connection refused"
    ):
        await Bench(api, provider).create(CONFIG_MAP, config_map())
    await provider.close()
