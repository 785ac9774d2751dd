from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.errors import ClusterError
from cluster.registry_client import ARCHITECTURE, INDEXES, MANIFEST, OCI_MANIFEST, Repository
from tests.cluster.fakes import Answer, Registry, serve


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def repository(registry: Registry) -> Iterator[Repository]:
    with serve(registry) as address:
        yield Repository(address, "team/python")


def test_an_image_that_is_not_there_has_no_digest(repository: Repository) -> None:
    assert repository.digest("3.11") is None


def test_what_is_put_is_found_again(repository: Repository, registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(b"layer" * 1000)
    digest = "sha256:" + hashlib.sha256(b"layer" * 1000).hexdigest()
    entry = repository.put_blob(tmp_path / "layer", digest)
    assert entry == {"size": 5000, "digest": digest}
    config = repository.put_blob(b"{}")
    assert repository.blob(config["digest"]) == b"{}"
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [entry]}
    assert repository.put_manifest("3.11", manifest) == repository.digest("3.11")
    assert repository.manifest("3.11") == manifest
    registry.image("team/python", "3.11")


def test_a_blob_that_is_there_is_not_sent_again(repository: Repository, registry: Registry) -> None:
    repository.put_blob(b"content")
    writes = registry.writes
    repository.put_blob(b"content")
    assert registry.writes == writes


def test_of_a_list_the_image_for_this_machine_is_taken(repository: Repository, registry: Registry) -> None:
    mine = registry.put("team/python", "mine", OCI_MANIFEST, b'{"schemaVersion": 2}')
    entries = [
        {"digest": "sha256:0", "platform": {"os": "linux", "architecture": "z80"}},
        {"digest": mine, "platform": {"os": "linux", "architecture": ARCHITECTURE, "variant": "v8"}},
    ]
    registry.put("team/python", "3.11", INDEXES[1], json.dumps({"manifests": entries}).encode())
    assert repository.manifest("3.11") == {"schemaVersion": 2, "mediaType": OCI_MANIFEST}


@pytest.mark.parametrize("kind", [INDEXES[0], "application/vnd.docker.distribution.manifest.v1+json"])
def test_what_is_no_image_for_this_machine_is_refused(repository: Repository, registry: Registry, kind: str) -> None:
    registry.put("team/python", "3.11", kind, b'{"manifests": []}')
    with pytest.raises(ClusterError, match=rf"3\.11 is no image for linux/{ARCHITECTURE}: .*{kind.replace('+', '.')}"):
        repository.manifest("3.11")


def test_a_refusal_names_the_registry_and_its_reason() -> None:
    with serve(lambda _: Answer(507, b"no space left")) as address:
        with pytest.raises(ClusterError, match=rf"{address} refuses POST .*507 no space left"):
            Repository(address, "python")._call("POST", "blobs/uploads/")
        with pytest.raises(ClusterError, match="507"):
            Repository(address, "python").digest("3.11")


def test_a_registry_that_is_gone_is_named() -> None:
    with pytest.raises(ClusterError, match=r"localhost:1 is not reached: .*refused"):
        Repository("localhost:1", "python").digest("3.11")
