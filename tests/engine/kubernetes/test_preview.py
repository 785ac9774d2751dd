"""Previews: a dry run where the server can be asked, and else a note why not."""

from __future__ import annotations

import pytest

from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import parse
from engine.provider import ProviderError
from engine.resource.values import UNKNOWN
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.fake_api import FakeApi, status
from tests.engine.kubernetes.samples import CONFIG_MAP, NAMESPACE, SERVICE, config_map, service

MAPS = "/api/v1/namespaces/shop/configmaps"


async def test_a_create_is_tried_on_the_server_and_nothing_is_made(bench: Bench) -> None:
    result = await bench.create(CONFIG_MAP, config_map(), preview=True)
    assert bench.api.made("POST")[0].query["dryRun"] == "All"
    assert bench.api.objects == {}
    assert result.id == ""
    assert result.notes == ()
    assert result.outputs["data"] == {"color": "blue"}
    assert result.outputs["metadata"]["uid"] == "dry", "a program may ask for it"


async def test_what_the_server_would_refuse_fails_the_preview(bench: Bench) -> None:
    bench.api.refuse["POST", MAPS] = [status(403, "Forbidden", 'violates PodSecurity "restricted:latest"')]
    with pytest.raises(ProviderError, match="PodSecurity"):
        await bench.create(CONFIG_MAP, config_map(), preview=True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (status(404, "NotFound", 'namespaces "shop" not found', kind="namespaces", name="shop"), "namespace 'shop'"),
        (status(403, "Forbidden", 'User "x" cannot create resource "configmaps" in API group ""'), "may not"),
        (status(400, "BadRequest", "admission webhook does not support dry run"), "webhook"),
    ],
)
async def test_where_a_dry_run_says_nothing_the_note_says_why(
    bench: Bench, answer: tuple[int, dict[str, object]], why: str
) -> None:
    bench.api.refuse["POST", MAPS] = [answer]
    result = await bench.create(CONFIG_MAP, config_map(), preview=True)
    assert result.notes[0].startswith("not server-checked: ")
    assert why in result.notes[0]
    assert result.outputs == config_map()


async def test_an_object_of_that_name_fails_the_preview_as_it_would_the_update(bench: Bench) -> None:
    await bench.create(CONFIG_MAP, config_map())
    with pytest.raises(ProviderError, match=r"cannot create ConfigMap shop/settings: .*doesn't belong to this stack"):
        await bench.create(CONFIG_MAP, config_map(), preview=True)
    with pytest.raises(ProviderError, match="already exists"):
        await bench.create(CONFIG_MAP, config_map(), preview=True, deleted={(CONFIG_MAP, "shop/other")})


@pytest.mark.parametrize("deleted", [(CONFIG_MAP, "shop/settings"), (NAMESPACE, "shop")])
async def test_an_object_that_this_run_deletes_first_is_in_nobodys_way(bench: Bench, deleted: tuple[str, str]) -> None:
    await bench.create(CONFIG_MAP, config_map())
    result = await bench.create(CONFIG_MAP, config_map(), preview=True, deleted={deleted})
    assert result.notes == ("not server-checked: the object that has its name is deleted first",)


async def test_an_object_that_is_about_to_go_or_that_a_killed_run_made_is_in_nobodys_way(bench: Bench) -> None:
    await bench.create(CONFIG_MAP, config_map())
    result = await bench.create(CONFIG_MAP, config_map(), preview=True, interrupted=config_map())
    assert "made by an earlier run" in result.notes[0]
    bench.api.objects[f"{MAPS}/settings"]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    result = await bench.create(CONFIG_MAP, config_map(), preview=True)
    assert "is being deleted" in result.notes[0]


async def test_unknown_values_are_not_sent(bench: Bench) -> None:
    news = config_map() | {"data": {"color": UNKNOWN}}
    result = await bench.create(CONFIG_MAP, news, preview=True)
    assert bench.api.calls == []
    assert "not server-checked" in result.notes[0]
    assert result.outputs["data"]["color"] is UNKNOWN


async def test_a_cluster_that_is_known_later_is_not_asked(api: FakeApi) -> None:
    bench = Bench(api, KubernetesProvider(parse({"kubeconfig": UNKNOWN, "context": "x"})))
    result = await bench.create(CONFIG_MAP, config_map(), preview=True)
    assert "not server-checked" in result.notes[0]
    with pytest.raises(ProviderError, match="not known yet"):
        await bench.create(CONFIG_MAP, config_map())


async def test_an_address_that_a_dry_run_made_up_is_known_as_with_the_cli(bench: Bench) -> None:
    result = await bench.create(SERVICE, service(), preview=True)
    assert result.outputs["spec"]["clusterIP"] == "10.0.0.1", "a program may ask for it"


async def test_an_update_is_tried_as_the_resources_own_manager_and_changes_nothing(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    result = await bench.update(old, {**inputs, "data": {"color": "red"}}, preview=True)
    [patch] = bench.api.made("PATCH")
    assert patch.query == {"fieldManager": old.outputs["__fieldManager"], "force": "false", "dryRun": "All"}
    assert result.outputs["data"] == {"color": "red"}
    assert bench.api.objects[f"{MAPS}/settings"]["data"] == {"color": "blue"}


@pytest.mark.parametrize(
    ("owner", "fails"),
    [
        ('conflict with "pulumi-kubernetes" using v1', False),
        ('conflict with "kubectl-edit" using v1', False),
        ('conflict with "kubectl" with subresource "scale" using apps/v1', True),
        ('conflict with "hpa" using v1', True),
    ],
)
async def test_a_conflict_shows_in_the_preview_unless_the_update_will_take_the_fields_over(
    bench: Bench, owner: str, fails: bool
) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    cause = {"reason": "FieldManagerConflict", "message": owner, "field": ".data.color"}
    bench.api.refuse["PATCH", f"{MAPS}/settings"] = [status(409, "Conflict", "Apply failed", causes=[cause])]
    if fails:
        with pytest.raises(ProviderError, match=r"owns data\.color"):
            await bench.update(old, {**inputs, "data": {"color": "red"}}, preview=True)
    else:
        await bench.update(old, {**inputs, "data": {"color": "red"}}, preview=True)
        assert [call.query["force"] for call in bench.api.made("PATCH")] == ["false", "true"]
