"""What the tests of images ask the provider."""

from __future__ import annotations

from engine.provider import Provider, Resource, Result
from engine.resource.values import Properties, Secret

TOKEN = "docker:index/image:Image"
NEWS: Properties = {
    "imageName": "localhost:5001/team/app:v1",
    "build": {"context": "./app", "args": {"REVISION": "abc"}, "network": "host", "target": "run"},
    "registry": {"server": "localhost:5001", "username": "me", "password": Secret("canary-password")},
    "skipPush": False,
}


async def check(provider: Provider, news: Properties = NEWS) -> Properties:
    inputs, failures = await provider.check(Resource("urn", TOKEN, "app"), news, b"")
    assert failures == []
    return inputs


async def create(
    provider: Provider, inputs: Properties, *, preview: bool = False, timeout: float = 10, said: list[str] | None = None
) -> Result:
    say = (said if said is not None else []).append
    return await provider.create(Resource("urn", TOKEN, "app"), inputs, preview=preview, timeout=timeout, status=say)
