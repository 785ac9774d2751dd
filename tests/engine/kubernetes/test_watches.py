"""Many waits share a watch, and none of them misses a change."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from engine.kubernetes import watches
from engine.kubernetes.client import Api
from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import built_in_endpoint, from_token
from engine.provider import ProviderError, Result
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.samples import CONFIG_MAP, DEPLOYMENT, WEB, config_map, deployment, rolled_out

COLLECTION = "/apis/apps/v1/namespaces/shop/deployments"


def named(number: int) -> dict[str, Any]:
    inputs = deployment()
    inputs["metadata"] = {**inputs["metadata"], "name": f"web-{number}"}
    return inputs


async def waiting(bench: Bench, count: int) -> list[asyncio.Task[Result]]:
    """Creates of that many Deployments, each of which has said what it waits for."""
    tasks = [asyncio.create_task(bench.create(DEPLOYMENT, named(number))) for number in range(count)]
    while len(bench.said) < count:
        await asyncio.sleep(0.01)
    return tasks


async def test_many_waits_share_a_watch(bench: Bench) -> None:
    tasks = await waiting(bench, 9)
    for number in range(9):
        bench.api.status(f"{COLLECTION}/web-{number}", **rolled_out())
    results = await asyncio.gather(*tasks)
    assert [result.id for result in results] == [f"shop/web-{number}" for number in range(9)]
    assert all(result.outputs["status"]["availableReplicas"] == 2 for result in results)
    assert len(bench.api.watches) == watches.ALONE + 1
    assert sum("fieldSelector" not in call.query for call in bench.api.watches) == 1


async def test_where_only_single_objects_may_be_watched_each_is(bench: Bench) -> None:
    bench.api.unwatchable.add(COLLECTION)
    tasks = await waiting(bench, 6)
    while sum("fieldSelector" in call.query for call in bench.api.watches) < 6:
        await asyncio.sleep(0.01)
    for number in range(6):
        bench.api.status(f"{COLLECTION}/web-{number}", **rolled_out())
    assert len(await asyncio.gather(*tasks)) == 6


async def test_an_object_that_goes_while_it_is_waited_for(bench: Bench) -> None:
    tasks = await waiting(bench, 6)
    bench.api.remove(f"{COLLECTION}/web-5")
    with pytest.raises(ProviderError, match=r"Deployment shop/web-5 was not ready .*deleted by someone else"):
        await tasks[5]
    for task in tasks[:5]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_change_before_the_wait_began_is_told_whatever_the_shared_watch_has_seen(bench: Bench) -> None:
    endpoint, shared = built_in_endpoint(from_token(CONFIG_MAP)), bench.provider._api().watches
    path = "/api/v1/namespaces/shop/configmaps"
    names = ["early", *(f"other-{number}" for number in range(watches.ALONE + 1)), "late"]
    lives = {name: copy.deepcopy(bench.api.put(f"{path}/{name}", config_map(name))) for name in names}
    bench.api.put(f"{path}/early", config_map("early", color="red"))
    async with AsyncExitStack() as stack:
        lives["other-0"] = copy.deepcopy(bench.api.put(f"{path}/other-0", config_map("other-0")))
        queues = [await stack.enter_async_context(shared.of(endpoint, lives[name])) for name in names[-2:0:-1]]
        bench.api.put(f"{path}/late", config_map("late", color="red"))
        bench.api.put(f"{path}/other-0", config_map("other-0", color="red"))
        await asyncio.wait_for(queues[-1].get(), 5)  # by the shared watch, which has seen "late" by now
        for name in ("early", "late"):
            queue = await stack.enter_async_context(shared.of(endpoint, lives[name]))
            event = await asyncio.wait_for(queue.get(), 5)
            assert isinstance(event, dict)
            assert event["object"]["data"] == {"color": "red"}
    assert sum("fieldSelector" not in call.query for call in bench.api.watches) == 1


async def test_a_watch_that_is_refused_for_the_load_is_begun_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, watch = asyncio.Event(), Api.watch

    def busy(api: Api, path: str, **more: Any) -> AsyncGenerator[dict[str, Any], None]:
        if not first.is_set():
            first.set()
            raise ApiError(429, {"message": "too many requests"})
        return watch(api, path, **more)

    monkeypatch.setattr(Api, "watch", busy)
    task = asyncio.create_task(bench.create(DEPLOYMENT, deployment()))
    await first.wait()
    bench.api.status(WEB, **rolled_out())
    await task
