"""A registry in memory, and a home without Docker credentials."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.fakes import serve
from tests.deploy.registry.fake import IDENTITY, PASSWORD, USER, FakeRegistry

Login = Callable[[str], None]


@pytest.fixture(autouse=True)
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's configuration file, which does not exist yet."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker" / "config.json"


@pytest.fixture
def fake() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def host(fake: FakeRegistry) -> Iterator[str]:
    """Where `fake` is served."""
    with serve(fake) as address:
        yield address


@pytest.fixture
def login(docker_config: Path, host: str) -> Login:
    """Does what `docker login` does, with a password or with an identity token."""

    def write(how: str) -> None:
        entry = {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
        if how == "identity":
            entry = {"auth": base64.b64encode(b"0000:").decode(), "identitytoken": IDENTITY}
        docker_config.write_text(json.dumps({"auths": {host: entry}}))

    return write
