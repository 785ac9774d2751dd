"""Promotions as pull requests, at a forge that fails, or whose people say no."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.errors import DeployError
from deploy.promotion.promote import promote
from tests.deploy.git.fake_forge import Forge
from tests.deploy.promotion.promoting import WISH
from tests.deploy.promotion.world import World

PROPOSED = replace(WISH, pull_request=True)
DOWN = (503, {"Retry-After": "0"}, "")


@pytest.fixture(params=["GitHub", "GitLab"])
def forge(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    """It hosts the remote."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for key in ("GITHUB_API_URL", "GITHUB_TOKEN", "CI_API_V4_URL", "GITLAB_TOKEN"):
        monkeypatch.delenv(key, raising=False)
    world.git("remote", "set-url", "origin", f"file://127.0.0.1{world.remote}")
    with Forge(request.param).serving() as made:
        for key, value in made.env.items():
            monkeypatch.setenv(key, value)
        yield made


def branches(world: World) -> list[str]:
    """The promotions in the remote, each with its commit."""
    return world.git("ls-remote", "origin", "refs/heads/promote/*").splitlines()


@pytest.mark.parametrize("healthy", [0, 1, 2], ids=["first look", "second look", "opening it"])
def test_what_a_forge_that_fails_leaves_is_gone_on_with(
    world: World, image: str, forge: Forge, healthy: int, capsys: pytest.CaptureFixture[str]
) -> None:
    branch = f"promote/prod-{image.partition('@sha256:')[2][:12]}"
    forge.faults = [*[(200, {}, "[]")] * healthy, DOWN]
    # The errand begins with its look each time.
    forge.faults += [DOWN, DOWN] if healthy < 2 else [(200, {}, "[]"), DOWN] * 2
    with pytest.raises(DeployError, match=f"cannot take the pull request for '{branch}' now: 503 .* by hand") as caught:
        promote(world.folder, world.engine, PROPOSED)
    assert caught.value.code == os.EX_UNAVAILABLE
    (pushed,) = branches(world)
    assert branch in pushed
    world.git("config", "user.name", "Ann the Second")  # so that it would be another commit
    promote(world.folder, world.engine, PROPOSED)
    assert branches(world) == [pushed]
    assert len(forge.open) == 1
    assert capsys.readouterr().out == f"http://{forge.host}/pull/7\n"


@pytest.mark.usefixtures("image")
@pytest.mark.parametrize("kept", [True, False], ids=["branch kept", "branch deleted"])
@pytest.mark.parametrize("state", ["closed", "merged"])
def test_one_that_was_closed_is_left_alone(
    world: World, forge: Forge, state: str, kept: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    promote(world.folder, world.engine, PROPOSED)
    forge.open[0]["state"] = state
    if not kept:
        world.git("push", "--quiet", "origin", f":{branches(world)[0].partition(chr(9))[2]}")
    world.write("new", "")  # so that the branch does not build on the newest commit
    before = branches(world), [{**it} for it in forge.open]
    promote(world.folder, world.engine, PROPOSED)
    assert (branches(world), forge.open) == before
    assert f"http://{forge.host}/pull/7 was closed or merged" in capsys.readouterr().err
