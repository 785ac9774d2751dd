"""The checks of a promotion, in their order; the first that fails ends it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.observe.live import Live
from deploy.observe.smoke import Result
from deploy.pipeline import load
from deploy.promotion.plan import Plan, Promotion, Wish, plan
from tests.deploy.promotion.world import NOW, OTHER, PIPELINE, World

GATED = PIPELINE.replace("- stack: prod\n", "- stack: prod\n    gate: {{{}}}\n")


def promotion(world: World, **wish: object) -> Promotion:
    """From staging to prod."""
    wanted = replace(Wish("staging", "prod"), **wish)  # type: ignore[arg-type]
    pipeline = load.load(world.folder)
    return Promotion(pipeline, world.stack(wanted.source), world.stack(wanted.target), world.engine, world.repo, wanted)


def planned(world: World, **wish: object) -> Plan:
    found = plan(promotion(world, **wish))
    assert found
    return found


def refused(world: World, says: str, code: int, **wish: object) -> None:
    before = world.state
    with pytest.raises(DeployError, match=says) as caught:
        plan(promotion(world, **wish))
    assert caught.value.code == code
    assert world.state == before


def test_all_is_well(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    image = world.runs("staging")
    found = planned(world)
    assert (found.image, found.revision) == (image, world.git("rev-parse", "HEAD"))
    names = [line.partition(":")[0] for line in found.passed]
    assert names == [
        "order",
        "freeze",
        "soak",
        "window",
        "registry",
        "last update",
        "running image",
        "pods",
        "revision",
    ]
    before = world.stack("prod").file.read_text()
    assert found.content == before + f"  flask-k8s:image: {image}\n", "comments and order are kept"
    said = capsys.readouterr().err
    assert said.startswith("promote staging to prod:\n  ok    order: prod comes next after staging\n")
    assert world.engine.ran == [], "nothing is done yet"


def test_the_same_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.configure("prod", f"image: {world.runs('staging')}")
    assert plan(promotion(world)) is None
    assert "already; nothing to promote" in capsys.readouterr().err


def test_an_image_that_is_not_in_the_registry(world: World) -> None:
    image = world.runs("staging", f"{world.host}/flask-k8s@sha256:{'7' * 64}")
    refused(world, f"{image} is not in the registry {world.host}", 1)


def test_a_registry_that_is_away(world: World) -> None:
    world.runs("staging", f"127.0.0.1:1/flask-k8s@sha256:{'7' * 64}")
    refused(world, "The registry 127.0.0.1:1 is not reached", 69)


def test_a_tag_for_a_digest(world: World) -> None:
    world.runs("staging", f"{world.host}/flask-k8s:latest")
    refused(world, "flask-k8s:latest'.*@sha256:", 78)


def test_a_source_that_was_never_deployed(world: World) -> None:
    refused(world, "staging has deployed no image; run `up`", 1)


def test_a_source_whose_pods_are_not_ready(world: World) -> None:
    image = world.runs("staging")
    world.lives["staging"] = Live(image=image, replicas=2, ready=1, updated=2)
    refused(world, "pods: 1 of 2 ready", 1)


def test_an_image_of_uncommitted_changes(world: World) -> None:
    digest = world.registry.image("flask-k8s", revision="unknown")["digest"]
    world.runs("staging", f"{world.host}/flask-k8s@{digest}")
    refused(world, "revision: .*commit and build again", 1)


def test_a_target_that_builds(world: World) -> None:
    world.runs("staging")
    world.configure("prod", "registry: r.test")
    refused(world, r"prod builds its own image .*Pulumi\.prod\.yaml is r\.test", 78)


def test_a_value_in_the_target_that_no_program_takes(world: World) -> None:
    world.runs("staging")
    world.configure("prod", "memoryLimit: 1Mi")
    refused(world, "memoryLimit 1Mi: must not be below", 78)


@pytest.mark.parametrize(
    ("gate", "wish", "says"),
    [
        ("soak: 2h", {}, "soak: .*2h asked; try again in"),
        ("approval: {}", {}, "approval: nobody has approved"),
        ("approval: {}", {"approved_by": "ann@x.test"}, "approval: ann@x.test is the author"),
        ("approval: {approvers: [bob@x.test]}", {"approved_by": "eve@x.test"}, "approval: eve@x.test is no approver"),
    ],
)
def test_a_closed_gate(world: World, gate: str, wish: dict[str, object], says: str) -> None:
    world.write("pipeline.yaml", GATED.format(gate))
    world.runs("staging")
    world.updates["staging"][0] = replace(world.updates["staging"][0], ended=NOW - timedelta(hours=1))
    refused(world, says, 1, **wish)


def test_an_approval_is_for_the_record(world: World) -> None:
    world.write("pipeline.yaml", GATED.format("approval: {}"))
    world.runs("staging")
    assert "approval: approved by bob@x.test" in planned(world, approved_by="bob@x.test").passed
    assert not [line for line in planned(world, pull_request=True).passed if "approval" in line], "the merge is it"


def test_a_frozen_target(world: World) -> None:
    world.write("pipeline.yaml", PIPELINE + "    frozen: {why: audit, who: Bob, since: '2025-01-01'}\n")
    world.runs("staging")
    refused(world, "freeze: prod is frozen since 2025-01-01 by Bob: audit.*unfreeze prod", 1)


@pytest.mark.parametrize("passed", [True, False])
def test_the_source_s_smoke_test(world: World, passed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def run(*args: object) -> Result:
        asked.extend(args[1:3])
        return Result(passed, "GET http://staging.test/: 500, wanted 200", 1.0)

    monkeypatch.setattr("deploy.observe.smoke.run", run)
    world.write("pipeline.yaml", PIPELINE.replace("staging\n", "staging\n    smoke: {path: /health}\n"))
    world.runs("staging")
    if passed:
        assert planned(world).passed[-1].startswith("smoke test: GET")
        assert "/health" in str(asked[1])
    else:
        refused(world, "smoke test: GET http://staging.test/: 500", 1)


def test_a_signature_is_asked_for(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cosign").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "cosign").chmod(0o755)
    world.write("pipeline.yaml", GATED.format("signature: {key: cosign.pub, sbom: spdxjson}"))
    world.runs("staging")
    refused(world, r"cosign\.pub is missing", 78)
    (world.folder / "cosign.pub").touch()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert planned(world).passed[-2:] == [
        "signature: signature verified with cosign.pub",
        "signature: SBOM (spdxjson) verified with cosign.pub",
    ]


def test_a_copy_for_a_registry_of_its_own(world: World) -> None:
    image = world.runs("staging")
    found = planned(world, copy_to=f"{world.host}/prod")
    assert (found.source_image, found.image) == (image, image.replace("/flask-k8s@", "/prod/flask-k8s@"))
    assert found.image in found.content
    assert not [name for name, _ in world.registry.manifests if name.startswith("prod/")], "nothing is done yet"


def test_the_environment_is_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.runs("staging", OTHER.replace("r.test", "127.0.0.1:1"))
    before = dict(os.environ)
    refused(world, "The registry 127.0.0.1:1", 69)
    assert dict(os.environ) == before
