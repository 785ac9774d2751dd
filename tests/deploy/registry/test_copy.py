from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, product

import pytest

from deploy.errors import DeployError
from deploy.registry.client import Registry
from deploy.registry.copy import copy
from deploy.registry.manifest import Descriptor
from deploy.registry.reference import Reference
from tests.cluster.fakes import Answer, serve
from tests.deploy.registry.fake import MANIFEST, FakeRegistry


@pytest.fixture
def target() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def there(target: FakeRegistry) -> Iterator[str]:
    with serve(target) as address:
        yield address


def quiet(_: str) -> None:
    pass


def index(fake: FakeRegistry) -> Descriptor:
    """An index of two platforms."""
    return fake.index("team/app", fake.image("team/app"), fake.image("team/app", platform="arm64"))


def under(fake: FakeRegistry, repository: str) -> tuple[dict[str, object], dict[str, object]]:
    """All that is in a repository."""
    return (
        {key: value for (name, key), value in fake.manifests.items() if name == repository},
        {key: value for (name, key), value in fake.blobs.items() if name == repository},
    )


def test_all_platforms_come_along(fake: FakeRegistry, host: str, target: FakeRegistry, there: str) -> None:
    entry = index(fake)
    lines: list[str] = []
    copied = copy(Reference(host, "team/app", entry["digest"]), f"{there}/prod", lines.append)
    assert copied == Reference(there, "prod/app", entry["digest"])
    assert under(target, "prod/app") == under(fake, "team/app")
    assert len(lines) == 1 + len(target.blobs)


@pytest.mark.parametrize("apis", [*product((True, False), repeat=2)])
def test_signatures_come_along(
    fake: FakeRegistry, host: str, target: FakeRegistry, there: str, apis: tuple[bool, bool]
) -> None:
    fake.referrers_api, target.referrers_api = apis
    entry = index(fake)
    sbom = fake.referrer("team/app", entry, "sbom")
    entries = [sbom, fake.referrer("team/app", entry, "signature")]
    fake.referrer("team/app", sbom, "signature of the SBOM")
    ref = Reference(host, "team/app", entry["digest"])
    copied = copy(ref, there, quiet)
    registry = Registry(there)
    assert [found["digest"] for found in registry.referrers("app", copied.digest)] == [e["digest"] for e in entries]
    assert len(registry.referrers("app", sbom["digest"])) == 1


def test_the_tags_of_cosign_come_along(fake: FakeRegistry, host: str, target: FakeRegistry, there: str) -> None:
    entry = fake.image("team/app")
    tag = entry["digest"].replace(":", "-") + ".sig"
    layer = fake.blob("team/app", b"signature")
    ref = Reference(host, "team/app", entry["digest"])
    for layers in ([layer], [layer, layer]):
        fake.put("team/app", tag, MANIFEST, {"config": layer, "layers": layers})
        copy(ref, there, quiet)
        assert target.manifests["app", tag] == fake.manifests["team/app", tag]


def test_what_is_there_is_not_sent_again(fake: FakeRegistry, host: str, target: FakeRegistry, there: str) -> None:
    target.referrers_api = False
    entry = index(fake)
    fake.referrer("team/app", entry, "signature")
    ref = Reference(host, "team/app", entry["digest"])
    copy(ref, there, quiet)
    target.asked.clear()
    copy(ref, there, quiet)
    assert {request.split()[0] for request in target.asked} == {"GET"}


def test_a_copy_that_was_cut_short_goes_on(fake: FakeRegistry, host: str, target: FakeRegistry, there: str) -> None:
    entry = index(fake)
    fake.referrer("team/app", entry, "signature")
    writes = count()
    target.trouble = lambda request: Answer(507) if request.method == "PUT" and next(writes) % 2 else None

    def attempt() -> int:
        try:
            copy(Reference(host, "team/app", entry["digest"]), f"{there}/prod", quiet)
        except DeployError as err:
            return err.code
        return 0

    assert list(iter(attempt, 0)) == 8 * [69]
    assert under(target, "prod/app") == under(fake, "team/app")


def test_in_one_registry_blobs_are_mounted(fake: FakeRegistry, host: str) -> None:
    entry = index(fake)
    lines: list[str] = []
    copied = copy(Reference(host, "team/app", entry["digest"]), f"{host}/prod", lines.append)
    assert under(fake, copied.repository) == under(fake, "team/app")
    assert len(lines) == 1


def test_onto_itself_nothing_is_copied(fake: FakeRegistry, host: str) -> None:
    ref = Reference(host, "team/app", index(fake)["digest"])
    assert copy(ref, f"{host}/team", quiet) == ref
    assert fake.asked == [f"GET /v2/team/app/manifests/{ref.digest}"]


def test_a_digest_that_is_not_there_is_an_error(host: str, target: FakeRegistry, there: str) -> None:
    with pytest.raises(DeployError, match="has no sha256:0000") as caught:
        copy(Reference(host, "team/app", "sha256:" + "00" * 32), there, quiet)
    assert caught.value.code == 1
    assert not target.asked


def test_a_damaged_layer_does_not_arrive(fake: FakeRegistry, host: str, target: FakeRegistry, there: str) -> None:
    entry = fake.image("team/app")
    digest = json.loads(fake.manifests["team/app", entry["digest"]][1])["layers"][0]["digest"]
    fake.blobs["team/app", digest] = fake.blobs["team/app", digest][::-1]
    with pytest.raises(DeployError, match="damaged or forged"):
        copy(Reference(host, "team/app", entry["digest"]), there, quiet)
    assert not target.manifests


def test_lists_that_refer_to_each_other_come_to_an_end(fake: FakeRegistry, host: str, there: str) -> None:
    fake.referrers_api = False
    entry = fake.image("team/app")
    gone = entry | {"digest": "sha256:" + "00" * 32}
    fake.put("team/app", entry["digest"].replace(":", "-"), MANIFEST, {"manifests": [entry, gone]})
    ref = Reference(host, "team/app", entry["digest"])
    assert copy(ref, there, quiet).digest == ref.digest
