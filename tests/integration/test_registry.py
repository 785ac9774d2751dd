"""An image with a signature and an SBOM, from one registry to another: a real registry, and cosign itself."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cluster
from deploy.errors import DeployError
from deploy.registry.client import Registry
from deploy.registry.copy import copy
from deploy.registry.manifest import INDEXES, MANIFESTS, Descriptor, Manifest, digest_of
from deploy.registry.reference import Reference
from deploy.registry.signature import verify
from tests.integration.tools import go_tool

OFFLINE = ("--use-signing-config=false", "--tlog-upload=false", "--yes")
"""Without them cosign notes each signature in sigstore's public log."""

REPOSITORY = "test-registry/app"


@pytest.fixture(scope="module")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key pair (without a password), and `cosign` in it."""
    folder = tmp_path_factory.mktemp("cosign")
    (folder / "cosign").symlink_to(go_tool("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3"))
    run(folder, "generate-key-pair")
    return folder


@pytest.fixture(autouse=True)
def path(cosign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH with cosign, and a home that it has not been in before."""
    monkeypatch.setenv("PATH", str(cosign), prepend=":")
    monkeypatch.setenv("HOME", str(cosign / "home"))


def run(folder: Path, *words: str) -> None:
    done = subprocess.run(
        ["./cosign", *words],
        cwd=folder,
        env=os.environ | {"COSIGN_PASSWORD": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def push(host: str, name: str) -> Reference:
    """An image of two platforms, told from others by `name`."""
    registry = Registry(host)

    def blob(content: bytes) -> Descriptor:
        entry = {"mediaType": "application/octet-stream", "digest": digest_of(content), "size": len(content)}
        registry.put_blob(REPOSITORY, entry, lambda: iter([content]))
        return entry

    def manifest(kind: str, content: dict[str, object]) -> Descriptor:
        body = json.dumps({"schemaVersion": 2, "mediaType": kind, **content}).encode()
        registry.put_manifest(REPOSITORY, digest_of(body), Manifest(kind, digest_of(body), body))
        return {"mediaType": kind, "digest": digest_of(body), "size": len(body)}

    def image(architecture: str) -> Descriptor:
        platform = {"os": "linux", "architecture": architecture}
        config = blob(json.dumps(platform | {"config": {"Labels": {"name": name}}}).encode())
        layers = [blob(f"{name} {architecture}".encode())]
        return manifest(MANIFESTS[0], {"config": config, "layers": layers}) | {"platform": platform}

    index = manifest(INDEXES[0], {"manifests": [image("amd64"), image("arm64")]})
    return Reference(host, REPOSITORY, index["digest"])


def test_a_signed_image_is_copied_with_its_signature_and_sbom(node: cluster.Handout, cosign: Path) -> None:
    ref = push(node.registry, "signed")
    sbom = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "app", "dataLicense": "CC0-1.0"}
    (cosign / "sbom.json").write_text(json.dumps(sbom))
    run(cosign, "sign", "--key", "cosign.key", *OFFLINE, str(ref))
    with pytest.raises(DeployError, match="has no signed spdxjson SBOM"):
        verify(ref, cosign / "cosign.pub", "spdxjson")
    words = ("--type", "spdxjson", "--predicate", "sbom.json")
    run(cosign, "attest", "--key", "cosign.key", *words, *OFFLINE, str(ref))

    lines: list[str] = []
    copied = copy(ref, f"{node.registry}/test-registry/prod", lines.append)
    assert copied.repository == "test-registry/prod/app"
    assert Registry(node.registry).platforms(copied) == ["linux/amd64", "linux/arm64"]
    assert Registry(node.registry).labels(copied) == {"name": "signed"}
    assert verify(copied, cosign / "cosign.pub", "spdxjson") == [
        "signature verified with cosign.pub",
        "SBOM (spdxjson) verified with cosign.pub",
    ]


def test_pushes_at_once_under_one_name_do_not_fail(node: cluster.Handout) -> None:
    """As CI jobs do that run side by side: the images are others, the repository, some layers and the tag the same."""

    def pushed(number: int) -> None:
        registry = Registry(node.registry)
        for _ in range(10):
            ref = push(node.registry, f"one of {number % 2}")
            registry.put_manifest(REPOSITORY, "latest", registry.manifest(REPOSITORY, ref.digest))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pushed, range(8)))


def test_what_is_not_signed_with_the_key_is_refused(node: cluster.Handout, cosign: Path, tmp_path: Path) -> None:
    ref = push(node.registry, "unsigned")
    with pytest.raises(DeployError, match="has no signature") as caught:
        verify(ref, cosign / "cosign.pub")
    assert caught.value.code == 1

    (tmp_path / "cosign").symlink_to(cosign / "cosign")
    run(tmp_path, "generate-key-pair")
    run(tmp_path, "sign", "--key", "cosign.key", *OFFLINE, str(ref))
    verify(ref, tmp_path / "cosign.pub")
    with pytest.raises(DeployError, match="has no signature"):
        verify(ref, cosign / "cosign.pub")
