"""Updating by server-side apply, as the resource's own field manager."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.provider import ProviderError, Resource
from engine.resource.values import Secret
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.fake_api import status
from tests.engine.kubernetes.samples import CONFIG_MAP, DEPLOYMENT, WEB, config_map, deployment

PATH = "/api/v1/namespaces/shop/configmaps/settings"


async def test_the_creators_fields_change_hands_and_then_the_manifest_is_applied(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    mine = old.outputs["__fieldManager"]
    result = await bench.update(old, {**inputs, "data": {"color": "red"}})
    hand_over, apply = bench.api.made("PATCH")
    assert hand_over.content_type == "application/json-patch+json"
    [entry] = hand_over.body[0]["value"]
    assert (entry["manager"], entry["operation"]) == (mine, "Apply")
    assert apply.content_type == "application/apply-patch+yaml"
    assert apply.query == {"fieldManager": mine, "force": "false"}
    assert result.outputs["data"] == {"color": "red"}
    assert result.outputs["__fieldManager"] == mine
    assert result.id == old.id


async def test_a_second_update_has_nothing_to_hand_over(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    red = {**inputs, "data": {"color": "red"}}
    old = bench.resource(CONFIG_MAP, red, await bench.update(old, red))
    bench.api.calls.clear()
    await bench.update(old, inputs)
    assert len(bench.api.made("PATCH")) == 1


async def test_fields_of_status_and_of_other_managers_stay_theirs(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    others = [
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}},
        {"manager": "hpa", "operation": "Update", "fieldsV1": {"f:spec": {}}},
        {"manager": "pulumi-kubernetes", "operation": "Update", "subresource": "status", "fieldsV1": {"f:s": {}}},
    ]
    bench.api.objects[PATH]["metadata"]["managedFields"] += others
    await bench.update(old, {**inputs, "data": {"color": "red"}})
    sent = bench.api.made("PATCH")[0].body[0]["value"]
    assert others[1] in sent
    assert others[2] in sent
    [mine] = [entry for entry in sent if entry["operation"] == "Apply"]
    assert mine["fieldsV1"] == {"f:x": {}, "f:data": {"f:a": {}}}, (
        "kubectl's fields are taken over, as the provider does"
    )


def scaled(manager: str) -> dict[str, object]:
    return {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}


@pytest.mark.parametrize(
    ("owners", "sent"),
    [
        pytest.param(["hpa"], None, id="only others own it: it is left to them"),
        pytest.param(["hpa", "mine"], 5, id="it is owned together: it stays as it is live"),
        pytest.param(["pulumi-kubernetes"], 5, id="its creator's is the resource's own"),
        pytest.param([], 5, id="nobody owns it: it stays as it is live"),
    ],
)
@pytest.mark.parametrize("preview", [True, False])
async def test_what_ignore_changes_names_stays_as_it_is_live(
    bench: Bench, owners: list[str], sent: int | None, *, preview: bool
) -> None:
    inputs = deployment(annotations={"pulumi.com/skipAwait": "true"})
    old = bench.resource(DEPLOYMENT, inputs, await bench.create(DEPLOYMENT, inputs))
    live = bench.api.objects[WEB]
    live["spec"]["replicas"] = 5
    names = {"mine": old.outputs["__fieldManager"]}
    live["metadata"]["managedFields"] = [scaled(names.get(owner, owner)) for owner in owners]
    old = replace(old, ignored=("spec.replicas", "spec.template.spec.containers[0].image", "spec.absent.field"))
    news = deployment(image="app:2", annotations={"pulumi.com/skipAwait": "true"})
    result = await bench.update(old, news, preview=preview)
    body = bench.api.made("PATCH")[-1].body
    assert body["spec"].get("replicas") == sent
    assert body["spec"]["template"] == news["spec"]["template"], "paths into lists are applied as they are"
    assert result.outputs["__inputs"]["spec"].get("replicas") == sent
    assert result.outputs["spec"]["replicas"] == 5


async def test_a_secret_that_ignore_changes_names_stays_one(bench: Bench) -> None:
    inputs = {**config_map(), "data": Secret({"color": "blue"})}
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    bench.api.objects[PATH]["data"]["color"] = "red"
    result = await bench.update(replace(old, ignored=("data",)), inputs)
    assert result.outputs["__inputs"]["data"] == result.outputs["data"] == Secret({"color": "red"})


async def test_a_conflict_says_who_owns_which_field_and_what_to_do(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    cause = {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "hpa" using apps/v1',
        "field": ".spec.replicas",
    }
    refusal = status(409, "Conflict", "Apply failed with 1 conflict", causes=[cause])
    bench.api.refuse["PATCH", PATH] = [(200, bench.api.objects[PATH]), refusal]
    with pytest.raises(ProviderError, match=r"'hpa' owns spec.replicas.*pulumi.com/patchForce"):
        await bench.update(old, {**inputs, "data": {"color": "red"}})


async def test_patch_force_takes_fields_over(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    forced = {**inputs, "metadata": {**inputs["metadata"], "annotations": {"pulumi.com/patchForce": "true"}}}
    await bench.update(old, forced)
    assert bench.api.made("PATCH")[-1].query["force"] == "true"


async def test_an_object_that_is_gone_is_created_again(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    bench.api.remove(PATH)
    result = await bench.update(old, {**inputs, "data": {"color": "red"}})
    assert result.outputs["metadata"]["uid"] != old.outputs["metadata"]["uid"]
    assert "deleted outside" in bench.said[-1]


async def test_a_hand_over_that_meets_a_changed_object_is_done_again(bench: Bench) -> None:
    inputs = config_map()
    old = bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))
    bench.api.refuse["PATCH", PATH] = [status(409, "Conflict", "the object has been modified")]
    result = await bench.update(old, {**inputs, "data": {"color": "red"}})
    assert result.outputs["data"] == {"color": "red"}


async def test_a_manager_that_the_inputs_name_takes_over_from_the_recorded_one(bench: Bench) -> None:
    inputs = config_map()
    created = await bench.create(CONFIG_MAP, inputs)
    first = str(created.outputs["__fieldManager"])
    updated = await bench.update(bench.resource(CONFIG_MAP, inputs, created), {**inputs, "data": {"color": "red"}})
    assert updated.outputs["__fieldManager"] == first
    named = {**inputs, "metadata": {**inputs["metadata"], "annotations": {"pulumi.com/patchFieldManager": "mine"}}}
    bench.api.calls.clear()
    result = await bench.update(bench.resource(CONFIG_MAP, inputs, updated), named)
    assert result.outputs["__fieldManager"] == "mine"
    *_, applied, given_up = bench.api.made("PATCH")
    assert (applied.query["fieldManager"], given_up.query) == ("mine", {"fieldManager": first})
    bare = {"name": "settings", "namespace": "shop"}
    assert given_up.body == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": bare}
    again = await bench.update(bench.resource(CONFIG_MAP, named, result), {**named, "data": {"color": "green"}})
    assert again.outputs["__fieldManager"] == "mine"
    created = await bench.create(CONFIG_MAP, {**named, "metadata": {**named["metadata"], "name": "other"}})
    assert created.outputs["__fieldManager"] == "mine"


@pytest.mark.parametrize(("status", "replaced"), [("True", False), ("False", True), ("", True)])
async def test_an_unfinished_job_is_replaced_where_it_says_so(bench: Bench, status: str, replaced: bool) -> None:
    meta = {"name": "migrate", "namespace": "shop", "annotations": {"pulumi.com/replaceUnready": "true"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": {}}}
    path = "/apis/batch/v1/namespaces/shop/jobs/migrate"
    bench.api.put(path, {**job, "status": {"conditions": [{"type": "Complete", "status": status}] if status else []}})
    resource = Resource("urn", "kubernetes:batch/v1:Job", "migrate", "shop/migrate", job)
    diff = await bench.provider.diff(resource, job)
    assert (diff.changes, diff.delete_before_replace) == (replaced, replaced)
    assert diff.replaces == (('metadata.annotations["pulumi.com/replaceUnready"]',) if replaced else ())
    bench.api.remove(path)
    assert not (await bench.provider.diff(resource, job)).changes
    bench.api.calls.clear()
    await bench.provider.diff(resource, {**job, "metadata": {**meta, "annotations": {}}})
    assert bench.api.calls == []


@pytest.mark.parametrize("preview", [True, False])
async def test_an_annotation_that_does_nothing_on_a_kind_is_named(bench: Bench, preview: bool) -> None:
    inputs = config_map()
    inputs["metadata"]["annotations"] = {"pulumi.com/replaceUnready": "true"}
    created = await bench.create(CONFIG_MAP, inputs, preview=preview)
    assert created.notes == (
        "the annotation pulumi.com/replaceUnready is for Jobs only, and does nothing on a ConfigMap",
    )
