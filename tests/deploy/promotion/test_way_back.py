"""Whether there can be a rollback, looked at before an `up`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import stack as stacks
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.promotion.rollback import newest, rollback, way_back
from tests.deploy.git.scratch import git
from tests.deploy.promotion.world import World


@pytest.mark.parametrize(
    ("name", "wanted", "there"),
    [("prod", None, True), ("prod", True, True), ("prod", False, False), ("dev", None, False), ("dev", True, True)],
)
def test_a_way_back(world: World, name: str, wanted: bool | None, there: bool) -> None:
    assert (way_back(world.stack(name), wanted) is not None) == there


def test_what_it_remembers(world: World) -> None:
    world.deployed("prod", 1)
    world.deployed("prod", 2, result="failed")
    stack = world.stack("prod")
    found = way_back(stack, None, image="x")
    assert found
    assert (found.content, found.image, found.newest) == (stack.file.read_text(), "x", 0)
    assert newest(stack, world.engine) == 2
    assert newest(world.stack("staging"), world.engine) == 0


def dirty(world: World) -> None:
    (world.folder / "Pulumi.prod.yaml").write_text("config: {}\n")


def nobody(world: World) -> None:
    world.git("config", "--unset", "user.name")


def no_git(world: World) -> None:
    (world.folder / ".git").rename(world.folder / "gone")


def shallow(world: World) -> None:
    world.write("new", "")
    world.git("fetch", "--quiet", "--depth", "1", f"file://{world.remote}", "main")
    assert world.repo.shallow


def detached(world: World) -> None:
    world.git("checkout", "--quiet", "--detach")


def no_remote(world: World) -> None:
    world.git("remote", "remove", "origin")


FAULTS: list[tuple[Callable[[World], None], bool, int, str]] = [
    (dirty, False, 1, "Pulumi.prod.yaml has changes"),
    (nobody, False, os.EX_CONFIG, "user.name"),
    (no_git, False, os.EX_UNAVAILABLE, "git init"),
    (shallow, False, 1, "git fetch --unshallow"),
    (detached, True, os.EX_CONFIG, "--push has no branch"),
    (no_remote, True, os.EX_CONFIG, "--push has no branch of a remote"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[0].__name__)
def test_no_way_back_is_said_or_refused(
    world: World, fault: tuple[Callable[[World], None], bool, int, str], capsys: pytest.CaptureFixture[str]
) -> None:
    make, push, code, says = fault
    make(world)
    stack = world.stack("prod")
    assert way_back(stack, None, push=push) is None
    said = capsys.readouterr().err
    assert said.startswith("no rollback on failure: ")
    assert says in said
    with pytest.raises(DeployError, match=f"--rollback-on-failure is not possible.*{says}") as caught:
        way_back(stack, True, push=push)
    assert caught.value.code == code
    assert way_back(stack, False, push=push) is None
    with pytest.raises(DeployError, match=says) as caught:
        rollback(stack, world.engine, "", push=push)
    assert caught.value.code == code


@pytest.mark.parametrize("fault", [detached, no_remote])
def test_who_does_not_push_needs_no_place_for_it(world: World, fault: Callable[[World], None]) -> None:
    fault(world)
    assert way_back(world.stack("prod"), True) is not None


def test_changes_elsewhere_are_no_matter(world: World) -> None:
    (world.folder / "app/web.py").write_text("changed")
    assert way_back(world.stack("prod"), True) is not None


def test_a_work_tree_of_its_own_has_one_too(world: World, tmp_path: Path) -> None:
    world.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    found = way_back(stacks.load(tmp_path / "side", "prod"), True)
    assert found
    assert found.repo == Repository.at(tmp_path / "side")
    assert git(tmp_path / "side", "branch", "--show-current") == "side"
