from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cluster import base_image, debian_image, host_settings
from cluster.debian_image import Layer
from cluster.errors import ClusterError
from cluster.registry_client import CONFIG, LAYER, MANIFEST
from tests.cluster.fakes import Answer, Registry, Request, serve


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class World:
    """A registry and a Docker daemon, at these addresses; the machine's settings, and how Debian's layer is made."""

    registry: Registry
    address: str = ""
    docker: str = ""
    daemon: Callable[[Request], Answer] = lambda _: Answer(404, b'{"message": "no such host"}')
    settings: bytes = b"settings"
    cache: Path = Path()
    built: int = 0
    said: list[str] = field(default_factory=list)

    def ensure(self, docker_host: str | None = None) -> str:
        return base_image.ensure(docker_host, self.address, self.cache, self.said.append)

    def ask(self, request: Request) -> Answer:
        return self.daemon(request)

    @property
    def image(self) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.registry.image("python", "3.11")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(Registry(), cache=tmp_path)
    packed = gzip.compress(b"debian", mtime=0)
    (tmp_path / "layer").write_bytes(packed)
    layer = Layer(tmp_path / "layer", digest(packed), digest(b"debian"))

    def make(*_: object) -> Layer:
        world.built += 1
        return layer

    def settings(say: Callable[[str], None]) -> bytes:
        say("a remark")
        return world.settings

    monkeypatch.setattr(debian_image, "layer", make)
    monkeypatch.setattr(debian_image, "made", lambda _: layer if world.built else None)
    monkeypatch.setattr(host_settings, "layer", settings)
    with serve(world.registry) as world.address, serve(world.ask) as docker:
        world.docker = f"tcp://{docker}"
        yield world


def hub(world: World) -> Callable[[Request], Answer]:
    """A daemon that reaches Docker Hub, and pushes to the registry."""

    def daemon(request: Request) -> Answer:
        if request.path.endswith("/push"):
            layer, config = (
                gzip.compress(b"hub", mtime=0),
                json.dumps({"rootfs": {"diff_ids": [digest(b"hub")]}}).encode(),
            )
            world.registry.blobs |= {digest(layer): layer, digest(config): config}
            manifest = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "size": len(config), "digest": digest(config)},
                "layers": [{"mediaType": LAYER, "size": len(layer), "digest": digest(layer)}],
            }
            world.registry.put("python", request.query["tag"], MANIFEST, json.dumps(manifest).encode())
        return Answer(200)

    return daemon


def test_without_docker_the_image_comes_from_debian_with_the_settings_on_top(world: World) -> None:
    assert world.ensure() == f"{world.address}/python:3.11"
    manifest, config = world.image
    layers = [gzip.decompress(world.registry.blobs[entry["digest"]]) for entry in manifest["layers"]]
    assert layers == [b"debian", b"settings"]
    assert config["rootfs"]["diff_ids"] == [digest(b"debian"), digest(b"settings")]
    assert "LANG=C.UTF-8" in config["config"]["Env"]
    assert (config["os"], config["config"]["Cmd"]) == ("linux", ["python3"])


def test_an_image_that_is_there_needs_no_work_and_no_docker(world: World) -> None:
    world.ensure()
    writes, said = world.registry.writes, list(world.said)
    world.ensure("unix:///nowhere")
    assert (world.registry.writes, world.said, world.built) == (writes, said, 1)


def test_docker_hub_is_preferred(world: World) -> None:
    world.daemon = hub(world)
    world.ensure(world.docker)
    manifest, config = world.image
    assert [entry["mediaType"] for entry in manifest["layers"]] == [LAYER, LAYER]
    assert config["rootfs"]["diff_ids"] == [digest(b"hub"), digest(b"settings")]
    assert world.built == 0


def test_without_docker_hub_it_says_so_and_takes_debian(world: World) -> None:
    world.ensure(world.docker)
    assert world.built >= 1
    assert world.said[0] == "a remark"
    assert "Docker Hub is not reached" in world.said[1]
    assert "no such host" in world.said[1]


def test_a_daemon_that_cannot_push_here_is_done_without(world: World) -> None:
    world.daemon = lambda request: Answer(500, b'{"message": "denied"}') if request.path.endswith("/push") else Answer()
    world.ensure(world.docker)
    assert world.image[1]["rootfs"]["diff_ids"][0] == digest(b"debian")
    assert "does not push" in world.said[1]


def test_what_is_made_before_the_registry_runs_is_used_then(world: World) -> None:
    assert base_image.prepare(None, world.cache, world.said.append) == "debian"
    world.ensure(world.docker)
    assert not any("Docker Hub" in line for line in world.said)  # it is not asked again


def test_new_settings_of_the_machine_make_a_new_image(world: World) -> None:
    world.ensure()
    world.settings = b"other settings"
    world.ensure()
    assert world.image[1]["rootfs"]["diff_ids"] == [digest(b"debian"), digest(b"other settings")]
    world.settings = b"settings"
    world.ensure()
    assert world.image[1]["rootfs"]["diff_ids"] == [digest(b"debian"), digest(b"settings")]


def test_the_same_parts_are_the_same_image(world: World) -> None:
    world.ensure()
    first = world.registry.manifests["python:3.11"]
    world.registry.manifests.clear()
    world.ensure()
    assert world.registry.manifests["python:3.11"] == first


def test_a_registry_that_is_gone_is_an_error(world: World) -> None:
    world.address = "localhost:1"
    with pytest.raises(ClusterError, match="localhost:1 is not reached"):
        world.ensure()
