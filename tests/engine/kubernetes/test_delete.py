"""Deleting, and waiting until the object is gone."""

from __future__ import annotations

import asyncio

import pytest

from engine.provider import ProviderError, Resource
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.fake_api import status
from tests.engine.kubernetes.samples import CONFIG_MAP, DEPLOYMENT, NAMESPACE, config_map, deployment

PATH = "/api/v1/namespaces/shop/configmaps/settings"


async def made(bench: Bench) -> Resource:
    inputs = config_map()
    return bench.resource(CONFIG_MAP, inputs, await bench.create(CONFIG_MAP, inputs))


async def test_delete_goes_for_the_recorded_object(bench: Bench) -> None:
    old = await made(bench)
    await bench.delete(old)
    [call] = bench.api.made("DELETE")
    assert call.path == PATH
    assert call.body["preconditions"] == {"uid": old.outputs["metadata"]["uid"]}
    assert bench.api.objects == {}


async def test_gone_already_is_success(bench: Bench) -> None:
    old = await made(bench)
    bench.api.remove(PATH)
    await bench.delete(old)


@pytest.mark.parametrize(
    ("annotations", "policy"),
    [
        ({}, "Foreground"),
        ({"pulumi.com/deletionPropagationPolicy": "background"}, "Background"),
        ({"pulumi.com/deletionPropagationPolicy": "Orphan"}, "Orphan"),
    ],
)
async def test_dependents_go_first_unless_the_annotation_says_otherwise(
    bench: Bench, annotations: dict[str, str], policy: str
) -> None:
    inputs = deployment(annotations={"pulumi.com/skipAwait": "true", **annotations})
    await bench.delete(bench.resource(DEPLOYMENT, inputs, await bench.create(DEPLOYMENT, inputs)))
    assert bench.api.made("DELETE")[0].body["propagationPolicy"] == policy


async def test_what_owns_nothing_needs_no_turn_of_the_garbage_collector(bench: Bench) -> None:
    await bench.delete(await made(bench))
    assert bench.api.made("DELETE")[0].body["propagationPolicy"] == "Background"


async def test_what_was_deleted_at_once_is_not_asked_for_again(bench: Bench) -> None:
    """Of some kinds the answer is the object as it was: only one with a deletionTimestamp is still there."""
    old = await made(bench)
    bench.api.refuse["DELETE", PATH] = [(200, bench.api.objects[PATH])]
    bench.api.calls.clear()
    await bench.delete(old)
    assert [call.method for call in bench.api.calls] == ["DELETE"]


async def test_an_object_that_others_made_under_the_same_name_stays(bench: Bench) -> None:
    old = await made(bench)
    bench.api.remove(PATH)
    bench.api.put(PATH, config_map(color="theirs"))
    await bench.delete(old)
    assert bench.api.objects[PATH]["data"] == {"color": "theirs"}
    assert "left alone" in bench.said[-1]


async def test_an_object_that_goes_between_the_refusal_and_the_look_is_gone(bench: Bench) -> None:
    old = await made(bench)
    bench.api.remove(PATH)
    bench.api.refuse["DELETE", PATH] = [status(409, "Conflict", "the UID in the precondition does not match")]
    await bench.delete(old)
    assert bench.said == []


async def test_an_object_that_our_own_manager_made_again_goes(bench: Bench) -> None:
    old = await made(bench)
    mine = {"manager": old.outputs["__fieldManager"], "operation": "Apply", "fieldsV1": {}}
    again = config_map()
    again["metadata"] = {**again["metadata"], "managedFields": [mine]}
    bench.api.remove(PATH)
    bench.api.put(PATH, again)
    await bench.delete(old)
    assert bench.api.objects == {}


async def test_delete_waits_until_the_object_is_gone_and_says_what_holds_it(bench: Bench) -> None:
    old = await made(bench)
    bench.api.objects[PATH]["metadata"]["finalizers"] = ["example.com/guard"]
    bench.api.finalize = True
    task = asyncio.create_task(bench.delete(old))
    while not bench.said:
        await asyncio.sleep(0.01)
    assert not task.done()
    assert "example.com/guard" in bench.said[0]
    bench.api.remove(PATH)
    await task
    assert not bench.api.made("GET")


async def test_a_bounded_wait_ends_in_an_error_that_names_the_holder(bench: Bench) -> None:
    inputs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    old = bench.resource(NAMESPACE, inputs, await bench.create(NAMESPACE, inputs))
    bench.api.finalize = True
    message = "Some content in the namespace has finalizers remaining: example.com/guard in 1 resource instances"
    condition = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": message}
    bench.api.status("/api/v1/namespaces/shop", conditions=[condition])
    with pytest.raises(ProviderError, match=r"after 0.3 s Namespace shop is being deleted: .*example.com/guard"):
        await bench.delete(old, timeout=0.3)


async def test_skip_await_does_not_wait_for_a_namespace_to_go(bench: Bench) -> None:
    metadata = {"name": "shop", "annotations": {"pulumi.com/skipAwait": "true"}}
    inputs = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    old = bench.resource(NAMESPACE, inputs, await bench.create(NAMESPACE, inputs))
    bench.api.finalize = True
    await bench.delete(old)
    assert "/api/v1/namespaces/shop" in bench.api.objects
