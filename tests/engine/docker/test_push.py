"""The push of an image: what the registry refuses, and names that others build under at the same time."""

from __future__ import annotations

import pytest

from engine.docker.build import PUSHES
from engine.provider import Provider, ProviderError
from tests.engine.docker.fake_daemon import DIGEST, IMAGE_ID, FakeDaemon
from tests.engine.docker.images import check, create


async def test_what_was_pushed_is_what_was_built(provider: Provider, daemon: FakeDaemon) -> None:
    """Another build takes the name before the push, twice; one that takes it later does no harm."""
    daemon.others = 2
    said: list[str] = []
    result = await create(provider, await check(provider), said=said)
    assert result.outputs["repoDigest"] == f"localhost:5001/team/app@{DIGEST}"
    assert [query for query, _ in daemon.asked(f"/{IMAGE_ID}/tag")] == [
        {"repo": "localhost:5001/team/app", "tag": "v1", "force": "0"}
    ] * 2
    assert len(daemon.asked("/push")) == 3
    assert any("another build took the name" in line for line in said)


async def test_a_name_that_others_keep_taking(provider: Provider, daemon: FakeDaemon) -> None:
    daemon.others = PUSHES
    with pytest.raises(ProviderError, match=r"team/app:v1\. Give this one a tag of its own"):
        await create(provider, await check(provider))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ('Get "http://localhost:5001/v2/": dial tcp: connection refused', "cannot be reached. Start it"),
        ("unauthorized: authentication required", "registry.username and registry.password"),
        ("unexpected EOF", "cannot be reached"),
    ],
)
async def test_a_failed_push_names_the_registry_and_the_mend(
    provider: Provider, daemon: FakeDaemon, error: str, said: str
) -> None:
    daemon.push = [{"status": "Preparing"}, {"errorDetail": {"message": error}, "error": error}]
    with pytest.raises(ProviderError, match=said) as raised:
        await create(provider, await check(provider))
    assert "localhost:5001" in str(raised.value)


async def test_a_push_without_a_digest_is_an_error(provider: Provider, daemon: FakeDaemon) -> None:
    daemon.push = [{"status": "Pushed"}]
    with pytest.raises(ProviderError, match="no digest"):
        await create(provider, await check(provider))
