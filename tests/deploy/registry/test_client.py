from __future__ import annotations

import pytest

from deploy.errors import DeployError
from deploy.registry.client import Registry
from deploy.registry.manifest import Descriptor
from deploy.registry.reference import Reference
from tests.deploy.registry.fake import MANIFEST, REVISION, FakeRegistry

MISSING = "sha256:" + "00" * 32


@pytest.fixture
def registry(host: str) -> Registry:
    return Registry(host)


def pinned(host: str, entry: Descriptor) -> Reference:
    return Reference(host, "team/app", entry["digest"])


def test_an_image_is_there_or_not(fake: FakeRegistry, registry: Registry, host: str) -> None:
    ref = pinned(host, fake.image("team/app"))
    assert registry.exists(ref)
    assert not registry.exists(Reference(host, "team/app", MISSING))
    assert not registry.exists(Reference(host, "other", ref.digest))


def test_what_is_missing_is_named(registry: Registry, host: str) -> None:
    with pytest.raises(DeployError, match=f"{host} has no {MISSING} in team/app.*Push it") as caught:
        registry.labels(Reference(host, "team/app", MISSING))
    assert caught.value.code == 1


def test_labels_and_platforms_of_one_image(fake: FakeRegistry, registry: Registry, host: str) -> None:
    ref = pinned(host, fake.image("team/app", revision="abc"))
    assert registry.labels(ref) == {REVISION: "abc"}
    assert registry.platforms(ref) == ["linux/amd64"]


def test_labels_and_platforms_of_an_index(fake: FakeRegistry, registry: Registry, host: str) -> None:
    arm = fake.image("team/app", platform="arm64", revision="arm")
    amd = fake.image("team/app", revision="amd")
    note = fake.image("team/app", platform="none") | {"platform": {"os": "unknown", "architecture": "unknown"}}
    ref = pinned(host, fake.index("team/app", note, arm, amd))
    assert registry.labels(ref) == {REVISION: "amd"}
    assert registry.platforms(ref) == ["linux/arm64", "linux/amd64"]
    assert registry.labels(pinned(host, fake.index("team/app", arm))) == {REVISION: "arm"}


def test_an_image_without_labels_has_none(fake: FakeRegistry, registry: Registry, host: str) -> None:
    config = fake.blob("team/app", b'{"os": "linux", "architecture": "amd64"}')
    entry = fake.put("team/app", "", MANIFEST, {"config": config, "layers": []})
    assert registry.labels(pinned(host, entry)) == {}


def test_a_manifest_of_another_digest_is_not_used(fake: FakeRegistry, registry: Registry, host: str) -> None:
    ref = pinned(host, fake.image("team/app"))
    fake.manifests["team/app", ref.digest] = (MANIFEST, b'{"forged": true}')
    with pytest.raises(DeployError, match=f"team/app@{ref.digest} a content of the digest sha256:.*forged") as caught:
        registry.exists(ref)
    assert caught.value.code == 1


def test_a_blob_of_another_digest_is_not_used(fake: FakeRegistry, registry: Registry, host: str) -> None:
    ref = pinned(host, fake.image("team/app", revision="abc"))
    for key in fake.blobs:
        fake.blobs[key] += b" "
    with pytest.raises(DeployError, match="forged"):
        registry.labels(ref)
    (_, digest), _ = fake.blobs.popitem()
    fake.blobs["team/app", digest] = b"other"
    with pytest.raises(DeployError, match="forged"):
        list(registry.blob("team/app", digest))


@pytest.mark.parametrize(
    "content",
    [
        b"[1]",
        b"<html>",
        b'{"config": {"digest": "../../x", "size": 1}}',
        b'{"manifests": [1]}',
        b'{"schemaVersion": 2}',
    ],
)
def test_what_is_no_manifest_of_an_image_is_refused(fake: FakeRegistry, host: str, content: bytes) -> None:
    fake.manifests["team/app", "tag"] = (MANIFEST, content)
    with pytest.raises(DeployError) as caught:
        Registry(host).labels(Reference(host, "team/app", "tag"))
    assert caught.value.code == 1


def test_a_blob_is_sent_once(fake: FakeRegistry, registry: Registry) -> None:
    entry = fake.blob("elsewhere", b"content")
    assert registry.put_blob("team/app", entry, lambda: iter([b"con", b"tent"]))
    assert fake.blobs["team/app", entry["digest"]] == b"content"
    assert not registry.put_blob("team/app", entry, lambda: iter([]))


def test_a_blob_is_mounted_where_the_registry_can(fake: FakeRegistry, registry: Registry) -> None:
    entry = fake.blob("elsewhere", b"content")
    assert not registry.put_blob("team/app", entry, lambda: iter([]), "elsewhere")
    assert fake.blobs["team/app", entry["digest"]] == b"content"
    fake.mounts = False
    assert registry.put_blob("other/app", entry, lambda: iter([b"content"]), "elsewhere")
    assert fake.blobs["other/app", entry["digest"]] == b"content"


@pytest.mark.parametrize("api", [True, False])
def test_referrers_come_from_the_api_or_from_the_tag(fake: FakeRegistry, registry: Registry, api: bool) -> None:
    fake.referrers_api, fake.page = api, 2
    image = fake.image("team/app")
    entries = [fake.referrer("team/app", image, text) for text in "abc"]
    assert registry.referrers("team/app", image["digest"]) == entries
    assert registry.referrers("team/app", MISSING) == []
