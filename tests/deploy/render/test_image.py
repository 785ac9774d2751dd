"""Which image a render names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.observe.recorded import Recorded
from deploy.render.image import VERSION, Chosen, chosen
from tests.deploy.render.conftest import PINNED, World

OTHER = f"r.test/app@sha256:{'b' * 64}"
IMAGE = {"type": "docker:index/image:Image"}


def deployment(**labels: str) -> dict[str, Any]:
    metadata = {"name": "app", "labels": labels}
    return {"type": "kubernetes:apps/v1:Deployment", "inputs": {"metadata": metadata}}


def never() -> Recorded:
    raise AssertionError("the state is not needed")


@pytest.fixture
def builds(world: World) -> World:
    world.configure(image=None, registry="r.test")
    return world


def test_a_pinned_stack_needs_no_state(world: World) -> None:
    with chosen(world.stack, never, None) as run:
        assert (run.stack.get("image"), run.image, run.version) == (PINNED, "", None)


def test_an_image_that_is_given_is_pinned(builds: World) -> None:
    with chosen(builds.stack, never, OTHER) as run:
        assert (run.stack.get("image"), run.stack.get("registry"), run.image) == (OTHER, "", "")
    with pytest.raises(DeployError, match="a tag can be moved"), chosen(builds.stack, never, "r.test/app:1"):
        pass


@pytest.mark.parametrize(
    ("labels", "version"), [({VERSION: "c0ffee"}, "c0ffee"), ({}, "")], ids=["labelled", "not labelled"]
)
def test_what_was_built_has_its_digest_and_its_version(builds: World, labels: dict[str, str], version: str) -> None:
    state = Recorded({"image": OTHER, "name": "app"}, [IMAGE, deployment(**labels)])
    with chosen(builds.stack, lambda: state, None) as run:
        assert (run.stack.get("registry"), run.image, run.version) == ("r.test", OTHER, version)


def test_what_was_pinned_for_one_run_stays_pinned(builds: World) -> None:
    state = Recorded({"image": OTHER, "name": "app"}, [deployment()])
    with chosen(builds.stack, lambda: state, None) as run:
        assert (run.stack.get("image"), run.stack.get("registry"), run.version) == (OTHER, "", None)


def test_without_a_digest_it_says_how_to_get_one(builds: World) -> None:
    says = pytest.raises(DeployError, match=r"no digest of one is recorded.*up prod.*--image")
    with says as caught, chosen(builds.stack, Recorded, None):
        pass
    assert caught.value.code == os.EX_CONFIG


@pytest.mark.parametrize(
    ("version", "found"), [(None, "now"), ("then", "then"), ("", None)], ids=["the program's", "the state's", "none"]
)
def test_the_label_is_that_of_what_was_built(tmp_path: Path, version: str | None, found: str | None) -> None:
    labels = {VERSION: "now", "app": "a"}
    manifest = {"metadata": {"labels": labels}, "spec": {"template": {"metadata": {"labels": labels}}, "replicas": 1}}
    made = Chosen(_none(), version=version).labelled(manifest)
    for part in (made, made["spec"]["template"]):
        assert part["metadata"]["labels"] == {"app": "a"} | ({VERSION: found} if found else {})
    assert made["spec"]["replicas"] == 1
    assert labels[VERSION] == "now", "what was given is as it was"


def test_objects_without_the_label_stay_so() -> None:
    manifest = {"metadata": {"labels": {"app": "a"}}}
    assert Chosen(_none(), version="then").labelled(manifest) == manifest


_none: Callable[[], Any] = lambda: None  # noqa: E731 - no stack is needed to write a label
