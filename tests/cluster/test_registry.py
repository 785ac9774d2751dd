from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import pytest

from cluster import registry
from tests.cluster.fakes import Answer, Registry, serve


def test_the_configuration_is_for_loopback_and_lets_images_be_deleted(tmp_path: Path) -> None:
    command = registry.prepare(Path("/bin/registry"), tmp_path / "registry.yml", tmp_path / "images", 5001)
    assert command == ["/bin/registry", "serve", str(tmp_path / "registry.yml")]
    settings = json.loads((tmp_path / "registry.yml").read_text())
    assert settings["http"]["addr"] == "127.0.0.1:5001"
    assert settings["storage"]["filesystem"]["rootdirectory"] == str(tmp_path / "images")
    assert settings["storage"]["delete"] == {"enabled": True}
    assert (tmp_path / "images").is_dir()


def test_health_is_a_registry_that_answers() -> None:
    with serve(Registry()) as address:
        assert registry.healthy(int(address.rpartition(":")[2]))
    assert not registry.healthy(int(address.rpartition(":")[2]))


def test_another_server_on_the_port_is_no_registry() -> None:
    with serve(lambda _: Answer(200, b"hello")) as address:
        assert not registry.healthy(int(address.rpartition(":")[2]))


@pytest.mark.timeout(10)
def test_a_server_that_is_silent_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        start = time.monotonic()
        assert not registry.healthy(server.getsockname()[1], timeout=0.2)
        assert time.monotonic() - start < 2
