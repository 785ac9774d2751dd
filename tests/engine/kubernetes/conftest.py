"""A provider on a fake API server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import parse
from engine.provider import Resource, Result
from engine.resource.values import Properties
from tests.engine.kubernetes.fake_api import FakeApi

SEED = b"0" * 32


@dataclass
class Bench:
    """A provider, and short forms of its verbs."""

    api: FakeApi
    provider: KubernetesProvider
    said: list[str] = field(default_factory=list)
    """Every status line."""

    async def check(
        self, token: str, news: Properties, name: str = "thing", olds: Properties | None = None
    ) -> Properties:
        """The checked inputs; fails the test if there is any complaint."""
        resource = Resource(f"urn:pulumi:dev::p::{token}::{name}", token, name, inputs=olds or {})
        inputs, failures = await self.provider.check(resource, news, SEED)
        assert failures == []
        return inputs

    async def create(
        self, token: str, inputs: Properties, *, preview: bool = False, timeout: float = 5, **more: Any
    ) -> Result:
        resource = Resource(f"urn:pulumi:dev::p::{token}::thing", token, "thing", **more)
        return await self.provider.create(resource, inputs, preview=preview, timeout=timeout, status=self.said.append)

    def resource(self, token: str, inputs: Properties, result: Result) -> Resource:
        """The resource as it is recorded after a step."""
        return Resource(f"urn:pulumi:dev::p::{token}::thing", token, "thing", result.id, inputs, result.outputs)

    async def update(self, old: Resource, news: Properties, *, preview: bool = False, timeout: float = 5) -> Result:
        return await self.provider.update(old, news, preview=preview, timeout=timeout, status=self.said.append)

    async def delete(self, old: Resource, *, timeout: float = 5) -> None:
        await self.provider.delete(old, timeout=timeout, status=self.said.append)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.kubernetes.apply.PAUSES", (0.05, 0.05))
    monkeypatch.setattr("engine.kubernetes.client.RESTART_SECONDS", 0.2)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
async def bench(api: FakeApi) -> AsyncIterator[Bench]:
    provider = KubernetesProvider(parse({"kubeconfig": api.kubeconfig()}))
    yield Bench(api, provider)
    await provider.close()
