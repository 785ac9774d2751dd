"""Promotions and rollbacks of a stage that names a folder for its render: one commit holds both."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.objects import Object
from deploy.observe.recorded import Recorded
from deploy.promotion.promote import promote
from deploy.promotion.rollback import rollback
from deploy.render.yamltext import dump
from deploy.stack import Stack
from tests.deploy.promotion.promoting import WISH, refused
from tests.deploy.promotion.world import PIPELINE, Releases, World
from tests.deploy.render.conftest import made

RENDERED = f"{PIPELINE}    render: rendered\n"
SEALED = f"{RENDERED}    secrets: {{sops: {{age: [age1abc]}}}}\n"
PROPOSED = replace(WISH, pull_request=True)


@pytest.fixture(autouse=True)
def _rendered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program makes a Deployment, and a ConfigMap where the greeting is Hi."""
    world.write("pipeline.yaml", RENDERED)

    def objects(stack: Stack, *, image: str = "", secrets: object = None) -> list[Object]:
        found = [made("apps/v1", "Deployment", "web", spec={"image": image or stack.get("image")})]
        return [*found, made("v1", "ConfigMap", "greeting")] if stack.get("greeting") == "Hi" else found

    monkeypatch.setattr("deploy.render.source.objects", objects)
    monkeypatch.setattr("deploy.render.plan.recorded", lambda stack, engine: Recorded())


def changed(world: World) -> list[str]:
    """What the last commit changes."""
    return world.git("show", "--format=", "--name-status", "HEAD").splitlines()


def test_one_commit_holds_the_stacks_file_and_its_render(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.configure("prod", "greeting: Hi")
    image = world.runs("staging")
    promote(world.folder, world.engine, WISH)
    files = [f"rendered/{name}.yaml" for name in ("configmap-greeting", "deployment-web", "kustomization")]
    assert changed(world) == ["M\tPulumi.prod.yaml", *(f"A\t{name}" for name in files)]
    assert image in world.git("show", "HEAD:rendered/deployment-web.yaml")
    assert world.git("status", "--porcelain") == ""
    assert "render: 3 files of rendered" in capsys.readouterr().err

    world.configure("prod", f"image: {image}")
    world.write("app/web.py", "2")
    world.runs("staging")
    promote(world.folder, world.engine, WISH)
    assert changed(world) == ["M\tPulumi.prod.yaml", f"D\t{files[0]}", *(f"M\t{name}" for name in files[1:])]
    assert world.git("status", "--porcelain") == ""


@pytest.mark.usefixtures("image")
def test_what_render_refuses_is_refused_before_there_is_a_commit(world: World) -> None:
    world.write("rendered/notes.md", "mine")
    refused(world, r"did not make: notes\.md", 78)


def test_a_pull_request_is_pushed_again_for_another_render_and_not_for_another_sealing(
    world: World, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seal(sealer: object, manifest: dict[str, Any]) -> str:
        return dump({**manifest, "data": {"KEY": f"ENC[{secrets.token_hex(8)}]"}})

    program = made("v1", "Secret", "web", data={"KEY": "aHVudGVyMg=="})
    monkeypatch.setattr("deploy.render.source.objects", lambda stack, **given: [program])
    monkeypatch.setattr("deploy.render.source.opened", lambda stack: {})
    monkeypatch.setattr("deploy.render.seal.SopsSealer.seal", seal)
    world.write("pipeline.yaml", SEALED)
    branch = f"promote/prod-{image.partition('@sha256:')[2][:12]}"

    def again() -> str:
        world.git("config", "user.name", f"Ann {world.git('config', 'user.name')}")  # so that it is another commit
        promote(world.folder, world.engine, PROPOSED)
        world.git("fetch", "--quiet", "origin", branch)
        return world.git("rev-parse", "FETCH_HEAD")

    first = again()
    assert "ENC[" in world.git("show", f"{first}:rendered/secret-web.yaml")
    assert again() == first
    other = world.repo.commit_files({"rendered/kustomization.yaml": "other\n"}, "m", first)
    world.git("push", "--quiet", "origin", f"{other}:refs/heads/{branch}")
    assert "other" not in world.git("show", f"{again()}:rendered/kustomization.yaml")


def test_a_rollback_holds_the_render(world: World, bad: str, images: list[str], releases: Releases) -> None:
    assert rollback(world.stack("prod"), world.engine, "", push=False) == 0
    assert changed(world) == [
        "M\tPulumi.prod.yaml", "A\trendered/deployment-web.yaml", "A\trendered/kustomization.yaml"
    ]  # fmt: skip
    assert images[0] in world.git("show", "HEAD:rendered/deployment-web.yaml")
    assert releases.images == images[:1]


@pytest.mark.usefixtures("bad", "releases")
def test_a_rollback_overwrites_no_changed_render(world: World) -> None:
    (world.folder / "rendered").mkdir()
    (world.folder / "rendered" / "mine").touch()
    before = world.state
    with pytest.raises(DeployError, match="rendered has changes that are in no commit"):
        rollback(world.stack("prod"), world.engine, "", push=False)
    assert world.state == before
