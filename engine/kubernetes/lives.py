"""Reads many live objects with few requests: the first of a kind one by one, then all of that kind in a namespace."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from engine.kubernetes.drift import read
from engine.kubernetes.errors import ApiError
from engine.kubernetes.kinds import Endpoint
from engine.kubernetes.objects import name_of

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

JsonObject = dict[str, Any]

ALONE = 3
"""How many objects of a kind are read one by one, before the rest is asked for in one request."""
LONGEST = 1000
"""How many objects such an answer may have: there may be many more than the stack's own."""


class Lives:
    """The objects of one cluster, as they were when the first of their kind were asked for."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._asked: Counter[str] = Counter()
        self._lists: dict[str, asyncio.Task[dict[str, JsonObject]]] = {}

    async def get(self, endpoint: Endpoint, namespace: str, name: str) -> JsonObject:
        """The object, once: it may be a moment old. Empty where it is gone or about to go."""
        collection = endpoint.path(namespace)
        self._asked[collection] += 1
        if self._asked[collection] > ALONE:
            if collection not in self._lists:
                self._lists[collection] = asyncio.create_task(self._list(endpoint, collection))
            found = (await asyncio.shield(self._lists[collection])).pop(name, None)
            if found is not None:
                return {} if found["metadata"].get("deletionTimestamp") else found
        return await read(self._api, endpoint.path(namespace, name))

    async def _list(self, endpoint: Endpoint, collection: str) -> dict[str, JsonObject]:
        try:
            answer = await self._api.call("GET", collection, params={"limit": str(LONGEST)})
        except ApiError:
            return {}  # such as a right that is missing: then one by one
        named = {"apiVersion": endpoint.kind.api_version, "kind": endpoint.kind.kind}
        return {name_of(live): {**named, **live} for live in answer.get("items") or []}

    async def close(self) -> None:
        """Ends what is still being read."""
        for task in self._lists.values():
            task.cancel()
        await asyncio.gather(*self._lists.values(), return_exceptions=True)
