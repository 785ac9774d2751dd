"""Whether there is something to deploy to a stack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.errors import DeployError
from deploy.promotion.due import due
from tests.deploy.git.scratch import git
from tests.deploy.promotion.world import World


def deployed(world: World) -> None:
    world.deployed("prod", 2)


def changed(world: World) -> None:
    deployed(world)
    world.configure("prod", f"image: {world.stack('prod').get('image')}", "servicePort: 81")


def comment(world: World) -> None:
    deployed(world)
    file = world.folder / "Pulumi.prod.yaml"
    world.write(file.name, file.read_text() + "# again\n")


def program(world: World) -> None:
    deployed(world)
    world.write("__main__.py", "")


def failed(world: World) -> None:
    deployed(world)
    world.deployed("prod", 3, result="failed")


def another_image(world: World) -> None:
    key = "flask-k8s:image"
    config = world.stack("prod").values
    world.deployed("prod", 2, config={**config, key: config[key].replace("sha256:", "sha256:0")})


def unknown_commit(world: World) -> None:
    world.deployed("prod", 2, revision="0" * 40)


def shallow(world: World) -> None:
    changed(world)
    git(world.folder.parent, "clone", "--quiet", "--depth=1", f"file://{world.remote}", "shallow")
    world.folder = world.folder.parent / "shallow"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (lambda world: None, True),
        (deployed, False),
        (program, False),
        (changed, True),
        (comment, True),
        (failed, True),
        (another_image, True),
        (unknown_commit, True),
        (shallow, True),
    ],
    ids=["never deployed", "deployed", "program", "changed", "comment", "failed", "--image", "unknown", "shallow"],
)
def test_due(world: World, images: list[str], given: Callable[[World], None], wanted: bool) -> None:
    world.configure("prod", f"image: {images[0]}")
    given(world)
    assert due(world.stack("prod"), world.engine) == wanted


@pytest.mark.parametrize(("name", "wanted"), [("dev", True), ("prod", False)])
def test_without_an_image(world: World, name: str, wanted: bool) -> None:
    assert due(world.stack(name), world.engine) == wanted


def test_a_file_that_is_broken_is_an_error(world: World) -> None:
    world.write("Pulumi.prod.yaml", "config: [\n")
    with pytest.raises(DeployError, match=r"Pulumi\.prod\.yaml"):
        due(world.stack("prod"), world.engine)
