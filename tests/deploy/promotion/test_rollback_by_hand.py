"""`rollback`: to what it goes back, what it refuses, and that it can be killed. Releases are only pretended."""

from __future__ import annotations

import pytest

from deploy import session
from deploy.engines import Engine as AnyEngine
from deploy.errors import DeployError
from deploy.promotion.rollback import rollback
from deploy.release import Outcome
from deploy.stack import Stack
from tests.deploy.promotion.world import Releases, World


@pytest.fixture(autouse=True)
def _pretended(releases: Releases) -> None:
    pass


def test_by_hand(world: World, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert rollback(world.stack("prod"), world.engine, "", push=False) == 0
    assert capsys.readouterr().out.startswith("prod is back on update 1 (sha256:")
    assert world.repo.commits("Pulumi.prod.yaml")[0].trailers["Reason"] == ["asked for by `rollback`"]
    assert world.state[1] == ""


def test_to_the_present_file_there_is_no_commit(world: World, bad: str, images: list[str], releases: Releases) -> None:
    world.updates["prod"].clear()
    world.deployed("prod", 3)
    assert rollback(world.stack("prod"), world.engine, "3", push=False) == 0
    assert world.git("rev-parse", "HEAD") == bad
    assert releases.images == [images[1]]


def test_to_what_says_the_same_there_is_no_commit(world: World, bad: str) -> None:
    world.deployed("prod", 3)
    head = world.write("Pulumi.prod.yaml", "# edited\n" + world.stack("prod").file.read_text())
    assert rollback(world.stack("prod"), world.engine, "3", push=False) == 0
    assert world.git("rev-parse", "HEAD") == head


def test_one_that_was_killed_is_gone_on_with(
    world: World, bad: str, images: list[str], releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(stack: Stack, engine: AnyEngine) -> Stack:
        raise Killed

    prepared = session.prepared
    monkeypatch.setattr("deploy.session.prepared", killed)
    with pytest.raises(Killed):
        rollback(world.stack("prod"), world.engine, "", push=False)
    head = world.git("rev-parse", "HEAD")
    assert head != bad
    assert releases.images == []
    monkeypatch.setattr("deploy.session.prepared", prepared)
    releases.ends = [Outcome(1, "no pod got ready")]
    assert rollback(world.stack("prod"), world.engine, "", push=False) == 1, "an update that fails is not its end"
    assert rollback(world.stack("prod"), world.engine, "", push=True) == 0
    assert world.git("rev-parse", "HEAD") == head
    assert head in world.git("ls-remote", "origin")
    assert releases.images == [images[0]] * 2


def test_it_fails_as_its_release_does(world: World, bad: str, releases: Releases) -> None:
    releases.ends = [Outcome(69, "gone")]
    assert rollback(world.stack("prod"), world.engine, "", push=False) == 69


def test_a_push_that_fails_is_told_apart(world: World, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    world.git("remote", "set-url", "origin", str(world.remote) + ".gone")
    assert rollback(world.stack("prod"), world.engine, "", push=True) == 1
    said = capsys.readouterr()
    assert said.out.startswith("prod is back on update 1 ")
    assert "error: the rollback's commit is not pushed: The remote 'origin' cannot be pushed to" in said.err
    assert world.git("rev-parse", "HEAD") != bad


def test_an_image_that_is_gone_is_passed_over(
    world: World, bad: str, images: list[str], releases: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    world.configure("prod", f"image: {images[2]}")
    world.deployed("prod", 3)
    world.configure("prod", f"image: {images[3]}")
    del world.registry.manifests["flask-k8s", images[2].partition("@")[2]]
    assert rollback(world.stack("prod"), world.engine, "", push=False) == 0
    assert releases.images == images[:1]
    assert "update 3 (" in capsys.readouterr().err


def test_all_images_are_gone(world: World, bad: str) -> None:
    world.registry.manifests.clear()
    before = world.state
    with pytest.raises(DeployError, match="nothing to roll prod back to: the image of every update") as caught:
        rollback(world.stack("prod"), world.engine, "", push=False)
    assert caught.value.code == 1
    assert world.state == before


@pytest.mark.parametrize(
    ("name", "to", "code", "says"),
    [
        ("dev", "", 64, "dev builds its image.*revert"),
        ("staging", "", 1, "nothing to roll staging back to"),
        ("staging", "7", 64, "--to 7.*There are: none"),
    ],
)
def test_refusals(world: World, name: str, to: str, code: int, says: str) -> None:
    before = world.state
    with pytest.raises(DeployError, match=says) as caught:
        rollback(world.stack(name), world.engine, to, push=False)
    assert caught.value.code == code
    assert world.state == before


def test_without_a_cluster_there_is_no_commit(world: World, bad: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(stack: Stack) -> None:
        raise DeployError("The cluster does not answer.", 69)

    monkeypatch.setattr("deploy.cli_checks.check_server", away)
    with pytest.raises(DeployError, match="does not answer"):
        rollback(world.stack("prod"), world.engine, "", push=False)
    assert world.git("rev-parse", "HEAD") == bad


def test_a_changed_file_is_not_overwritten(world: World, bad: str) -> None:
    file = world.stack("prod").file
    file.write_text(file.read_text() + "# mine\n")
    before = world.state
    with pytest.raises(DeployError, match=r"Pulumi\.prod\.yaml has changes"):
        rollback(world.stack("prod"), world.engine, "", push=False)
    assert world.state == before


def test_another_promotion_is_under_way(world: World, bad: str) -> None:
    with world.repo.lock(), pytest.raises(DeployError, match="Wait until it is done") as caught:
        rollback(world.stack("prod"), world.engine, "", push=False)
    assert caught.value.code == 75
