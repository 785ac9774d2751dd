"""What a promotion tells of its changes."""

from __future__ import annotations

import pytest

from deploy.promotion.changes import config_changes, image_changes
from tests.deploy.promotion.world import OTHER, World, update

NEW = f"r.test/flask-k8s@sha256:{'1' * 64}"
HEADLINE = "image: sha256:000000000000 -> sha256:111111111111"


@pytest.fixture
def revisions(world: World) -> list[str]:
    """Three commits, the second of which does not touch the app."""
    found = [world.git("rev-parse", "HEAD")]
    found.append(world.write("README.md", "1", "docs: no matter"))
    found.append(world.write("app/web.py", "2", "fix: the app"))
    return found


def test_the_first_image(world: World) -> None:
    assert [*image_changes(world.repo, "", NEW, "", "abc")] == ["image: no image -> sha256:111111111111"]


def test_the_commits_of_the_app_between_the_two(world: World, revisions: list[str]) -> None:
    old, _, new = revisions
    assert [*image_changes(world.repo, OTHER, NEW, old, new)] == [HEADLINE, f"  + {new[:12]} fix: the app"]


def test_the_same_commit_built_again(world: World, revisions: list[str]) -> None:
    assert [*image_changes(world.repo, OTHER, NEW, revisions[0], revisions[0])] == [HEADLINE]


def test_back_to_an_older_commit(world: World, revisions: list[str]) -> None:
    lines = [*image_changes(world.repo, OTHER, NEW, revisions[2], revisions[0])]
    assert lines == [HEADLINE, "  back to an older revision; without:", f"  - {revisions[2][:12]} fix: the app"]


@pytest.mark.parametrize("old", ["unknown", "f" * 40])
def test_a_commit_that_is_not_here(world: World, revisions: list[str], old: str) -> None:
    lines = [*image_changes(world.repo, OTHER, NEW, old, revisions[2])]
    assert len(lines) == 2
    assert f"{old[:12]} and {revisions[2][:12]}" in lines[1]


def test_configuration_since_the_last_good_update(world: World) -> None:
    world.configure("prod", f"image: {NEW}", "greeting: Hi", "logLevel: debug")
    stack = world.stack("prod")
    config = {
        **{key: text for key, text in stack.values.items() if text != "[secret]"},
        "flask-k8s:image": OTHER,
        "flask-k8s:greeting": "Hello",
        "pulumi:gone": "x",
    }
    updates = [update(3, result="failed", config={}), update(2, config=config), update(1, config={})]
    assert [*config_changes(stack, updates)] == ["config: greeting: Hello -> Hi"]
    assert [*config_changes(stack, updates[:1])] == [], "nothing is known"
