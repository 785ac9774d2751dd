"""`up` with a rollback behind it. Releases are only pretended."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from deploy import commands
from deploy.errors import DeployError
from deploy.promotion import rollback
from deploy.release import Outcome
from tests.deploy.promotion.world import Releases, World

BROKEN = Outcome(1, "the smoke test of prod failed: 500")


def up(world: World, name: str = "prod", **given: Any) -> int:
    plain = {"yes": True, "image": None, "rollback_on_failure": None, "push": False}
    return commands.up(world.stack(name), world.engine, argparse.Namespace(**plain | given))


@pytest.fixture
def good(world: World, images: list[str], releases: Releases) -> str:
    """A good version of prod was deployed, and the next one is committed; its commit."""
    world.configure("prod", f"image: {images[0]}")
    assert up(world) == 0
    releases.images.clear()
    return world.configure("prod", f"image: {images[1]}")


def test_one_that_fails_is_rolled_back(world: World, good: str, images: list[str], releases: Releases) -> None:
    releases.ends = [BROKEN]
    assert up(world, push=True) == 1
    assert releases.images == [images[1], images[0]]
    assert world.stack("prod").get("image") == images[0]
    assert world.git("rev-parse", "HEAD") in world.git("ls-remote", "origin")


@pytest.mark.parametrize("outcome", [Outcome(130, "interrupted"), Outcome(69, "gone")], ids=str)
def test_one_that_deployed_nothing_is_not(world: World, good: str, releases: Releases, outcome: Outcome) -> None:
    releases.ends = [outcome]
    assert up(world) == outcome.code
    assert len(releases.images) == 1
    assert world.git("rev-parse", "HEAD") == good


@pytest.mark.parametrize(
    ("moved", "deployed"),
    [
        (("Pulumi.prod.yaml", 1, True), False),
        (("Pulumi.prod.yaml", 1, False), True),  # by hand, on purpose
        (("Pulumi.prod.yaml", 0, True), True),
        (("app/web.py", 1, True), True),
    ],
    ids=str,
)
@pytest.mark.usefixtures("good")
def test_a_branch_that_moved(
    world: World, releases: Releases, capsys: pytest.CaptureFixture[str], moved: tuple[str, int, bool], deployed: bool
) -> None:
    file, back, push = moved
    path = world.folder / file
    newer = world.write(file, path.read_text() + "\n# newer\n")
    world.git("reset", "--quiet", "--hard", f"HEAD~{back}")
    assert up(world, push=push) == 0
    assert bool(releases.images) == deployed
    assert (f"overtaken by {newer}" in capsys.readouterr().out) != deployed


def test_a_commit_that_is_not_pushed_yet_is_deployed(world: World, good: str, releases: Releases) -> None:
    (world.folder / "Pulumi.prod.yaml").write_text((world.folder / "Pulumi.prod.yaml").read_text() + "# mine\n")
    world.git("commit", "--quiet", "--all", "--message", "Mine")
    assert up(world, push=True) == 0
    assert len(releases.images) == 1


def test_it_can_be_left_out(world: World, good: str, releases: Releases) -> None:
    releases.ends = [BROKEN]
    assert up(world, rollback_on_failure=False) == 1
    assert world.git("rev-parse", "HEAD") == good


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("wanted", [None, True, False])
def test_an_image_of_one_run_goes_back_to_the_committed_file(
    world: World, images: list[str], releases: Releases, wanted: bool | None, capsys: pytest.CaptureFixture[str]
) -> None:
    releases.ends = [BROKEN]
    before = world.state
    assert up(world, image=images[2], rollback_on_failure=wanted, push=True) == 1
    assert releases.images == [images[2], *([] if wanted is False else [images[1]])]
    assert world.state == before, "git was right all the time: no commit, no push"
    said = capsys.readouterr().err
    assert ("prod is back on Pulumi.prod.yaml: http://prod.test" in said) == (wanted is not False)


def test_an_image_of_one_run_in_dev(world: World, images: list[str], releases: Releases) -> None:
    releases.ends = [BROKEN, BROKEN]
    assert up(world, "dev", image=images[0]) == 1
    assert up(world, "dev", image=images[0], rollback_on_failure=True) == 1
    assert releases.images == [images[0], images[0], ""]


def test_a_rollback_that_is_not_possible_but_asked_for(world: World, good: str, releases: Releases) -> None:
    (world.folder / "Pulumi.prod.yaml").write_text("config: {}\n")
    with pytest.raises(DeployError, match="--rollback-on-failure is not possible"):
        up(world, rollback_on_failure=True)
    assert releases.images == []


def test_the_repository_is_locked_all_along(
    world: World, good: str, releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[int] = []

    def release(*words: Any, **more: Any) -> Outcome:
        with pytest.raises(DeployError, match="Wait until it is done") as caught, world.repo.lock():
            pytest.fail("taken twice")
        locked.append(caught.value.code)
        return releases(*words, **more)

    monkeypatch.setattr("deploy.release.release", release)
    monkeypatch.setattr(rollback, "release", release)
    releases.ends = [BROKEN]
    assert up(world) == 1
    assert locked == [75, 75], "in the release, and in the rollback's"
    with world.repo.lock():
        pass


def test_during_a_promotion_it_is_refused(world: World, good: str, releases: Releases) -> None:
    with world.repo.lock(), pytest.raises(DeployError, match="Wait until it is done") as caught:
        up(world)
    assert caught.value.code == 75
    assert releases.images == []


def test_without_a_rollback_there_is_no_lock(world: World, releases: Releases) -> None:
    with world.repo.lock():
        assert up(world, "dev") == 0


def test_another_s_update_in_between_is_left_alone(
    world: World, good: str, releases: Releases, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def release(*words: Any, **more: Any) -> Outcome:
        world.deployed("prod", 2)
        return releases(*words, **more)

    monkeypatch.setattr("deploy.release.release", release)
    releases.ends = [BROKEN]
    assert up(world) == 1
    assert world.git("rev-parse", "HEAD") == good
    assert "another update of prod came in between" in capsys.readouterr().err
