"""Looks at the objects that a preview finds unchanged in the program: what became of them in the cluster."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.kubernetes.drift import MISSING, find, read
from engine.kubernetes.dryrun import excused
from engine.kubernetes.errors import ApiError, refused
from engine.kubernetes.kinds import from_manifest
from engine.kubernetes.lives import Lives
from engine.kubernetes.objects import described, to_object
from engine.kubernetes.scaled import as_scaled
from engine.provider import Drift, ProviderError
from engine.resource.marks import secret_texts
from engine.resource.paths import parse_path, reset
from engine.resource.values import Properties

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

AT_ONCE = 8
"""How many objects are looked at side by side: fewer than requests may be, for the dry runs of changes go first."""


class Inspector:
    """Looks at the objects of one cluster; once that cannot be asked, no more."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lives = Lives(api)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._away = ""

    async def look(
        self, id: str, inputs: Properties, manager: str, ignored: tuple[str, ...]
    ) -> tuple[tuple[Drift, ...], str]:
        """The drift, and why it could not be asked for. Raises `ProviderError` for what admission refuses."""
        async with self._turns:
            if self._away:
                return (), self._away
            try:
                return tuple(await self._find(id, inputs, manager, ignored)), ""
            except ApiError as err:
                why = excused(err)
                if (not why and not 400 <= err.code < 429) or err.code == 409:
                    why = f"the API server answered {err.text!r}"
                if why:
                    return (), why
                raise refused("update", described(to_object(inputs)), err, secret_texts(inputs)) from err
            except ProviderError as err:  # away, or it wants a new sign-in
                self._away = str(err)
                return (), self._away
            except (AttributeError, LookupError, TypeError):
                return (), f"what {self._api.cluster.server} answers is no Kubernetes object"

    async def close(self) -> None:
        """Ends what is still being read."""
        await self._lives.close()

    async def _find(self, id: str, inputs: Properties, manager: str, ignored: tuple[str, ...]) -> list[Drift]:
        kind = from_manifest(str(inputs["apiVersion"]), str(inputs["kind"]))
        endpoint = await self._api.endpoint(kind)
        if endpoint is None:
            return [MISSING]
        namespace, _, name = id.rpartition("/")
        reads = iter([partial(self._lives.get, endpoint, namespace, name)])

        async def live() -> dict[str, Any]:
            once = next(reads, None)
            return await (once() if once else read(self._api, endpoint.path(namespace, name)))

        async def wanted(live: dict[str, Any]) -> Properties:
            filled = inputs
            for path in ignored:
                filled = reset(live, filled, parse_path(path))
            return await as_scaled(self._api, filled, live)

        return await find(self._api, endpoint, manager, live, wanted)
