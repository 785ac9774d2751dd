"""Automatic rollbacks: to what, how often, and how the command ends then. Releases are only pretended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.engines import Engine as AnyEngine
from deploy.errors import DeployError
from deploy.promotion.rollback import WayBack, automatic
from deploy.release import Outcome
from deploy.stack import Stack
from tests.deploy.promotion.world import Releases, World

BROKEN = Outcome(1, "the smoke test of prod failed:\n  500")


@pytest.fixture(autouse=True)
def _pretended(releases: Releases) -> None:
    pass


def automatically(world: World, failed: Outcome = BROKEN, *, own: int = 1, push: bool = False) -> int:
    """After an `up` of prod that made so many updates."""
    stack = world.stack("prod")
    way = WayBack(world.repo, stack.file.read_text(), world.updates["prod"][0].number - own)
    return automatic(stack, world.engine, way, failed, push=push)


@pytest.fixture
def worse(world: World, images: list[str], bad: str) -> str:
    """After four good versions of prod another one that failed; its commit."""
    for number, image in enumerate(images[2:5], 3):
        world.configure("prod", f"image: {image}")
        world.deployed("prod", number)
    commit = world.configure("prod", f"image: {images[5]}")
    world.deployed("prod", 6, result="failed")
    return commit


@pytest.mark.parametrize("code", [64, 69, 75, 78, 130])
def test_what_deployed_nothing_is_not_rolled_back(world: World, bad: str, code: int, releases: Releases) -> None:
    assert automatically(world, Outcome(code, "x")) == code
    assert releases.images == []
    assert world.git("rev-parse", "HEAD") == bad


@pytest.mark.parametrize(
    ("own", "says"),
    [
        (0, "nothing was deployed, so nothing is rolled back"),  # declined, or wrong already in the preview
        (2, "error: no rollback: another update of prod came in between"),
    ],
)
def test_only_after_one_update_that_is_its_own(
    world: World, bad: str, own: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert automatically(world, own=own) == 1
    assert len(world.updates["prod"]) == 2, "no release"
    assert world.git("rev-parse", "HEAD") == bad
    assert says in capsys.readouterr().err


def test_back_to_the_last_good_version(
    world: World, bad: str, images: list[str], releases: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    good = world.git("show", "HEAD~1:Pulumi.prod.yaml")
    assert automatically(world, push=True) == 1
    assert releases.images == images[:1]
    assert world.stack("prod").file.read_text().strip() == good
    (commit, *_) = world.repo.commits("Pulumi.prod.yaml")
    short = images[0].partition("@sha256:")[2][:12]
    assert commit.subject == f"revert(prod): go back to sha256:{short}"
    assert commit.trailers == {
        "Rolled-back": [bad],
        "Restored": [world.git("rev-parse", "HEAD~2")],
        "Image": images[:1],
        "Reason": ["the smoke test of prod failed: 500"],
    }
    head, status, remote = world.state
    assert (head, status) == (commit.sha, "")
    assert head in remote
    said = capsys.readouterr().err
    assert f"prod is back on update 1 (sha256:{short}" in said
    assert said.strip().endswith(f"error: {BROKEN.reason}")


def test_a_rollback_that_fails_too(
    world: World, bad: str, releases: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    releases.ends = [Outcome(1, "no pod got ready")]
    assert automatically(world) == 1
    said = capsys.readouterr().err
    assert "the rollback to update 1" in said
    assert "failed too: no pod got ready" in said
    assert "run `up` again" in said


def test_then_the_one_before_is_tried(world: World, worse: str, images: list[str], releases: Releases) -> None:
    releases.ends = [Outcome(1, "no pod got ready")]
    assert automatically(world, push=True) == 1
    assert releases.images == [images[4], images[3]]
    second, first = world.repo.commits("Pulumi.prod.yaml", limit=2)
    assert first.trailers["Rolled-back"] == [worse]
    assert second.trailers["Rolled-back"] == [first.sha], "it was no good either"
    assert second.trailers["Image"] == [images[3]]
    assert world.git("status", "--porcelain") == ""
    assert second.sha in world.git("ls-remote", "origin")


def test_three_of_them_at_most(
    world: World, worse: str, images: list[str], releases: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    releases.ends = [Outcome(1, "no pod got ready")] * 9
    assert automatically(world) == 1
    assert releases.images == images[4:1:-1]
    said = capsys.readouterr().err
    assert said.count("failed too: no pod got ready") == 3
    assert said.strip().endswith(f"error: {BROKEN.reason}")


def test_a_cluster_that_goes_away_ends_the_tries(
    world: World, worse: str, images: list[str], releases: Releases
) -> None:
    releases.ends = [Outcome(69, "The cluster does not answer.")]
    assert automatically(world) == 1
    assert releases.images == [images[4]]


def test_images_that_are_gone_are_passed_over(
    world: World, worse: str, images: list[str], releases: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    for image in images[2:5]:
        del world.registry.manifests["flask-k8s", image.partition("@")[2]]
    assert automatically(world) == 1
    assert releases.images == images[:1]
    said = capsys.readouterr().err
    assert said.count(f"is passed over: its image is no longer in {world.host}") == 3


def test_all_images_are_gone(world: World, bad: str, releases: Releases, capsys: pytest.CaptureFixture[str]) -> None:
    world.registry.manifests.clear()
    assert automatically(world, push=True) == 1
    assert releases.images == []
    assert world.git("rev-parse", "HEAD") == bad
    assert "error: no rollback: There is nothing to roll prod back to: the image of every" in capsys.readouterr().err


def test_a_registry_that_cannot_be_asked_is_believed(world: World, releases: Releases) -> None:
    away = f"127.0.0.1:1/flask-k8s@sha256:{'1' * 64}"
    world.configure("prod", f"image: {away}")
    world.deployed("prod", 1)
    world.configure("prod", f"image: {away.replace('1' * 64, '2' * 64)}")
    world.deployed("prod", 2, result="failed")
    assert automatically(world) == 1
    assert releases.images == [away]


@pytest.mark.parametrize("fault", ["nothing good", "cluster away"])
def test_no_rollback(
    world: World,
    bad: str,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def away(stack: Stack) -> None:
        raise DeployError("The cluster does not answer.", 69)

    if fault == "cluster away":
        monkeypatch.setattr("deploy.cli_checks.check_server", away)
    else:
        world.updates["prod"][1] = replace(world.updates["prod"][1], result="failed")
    assert automatically(world) == 1
    assert "error: no rollback: The" in capsys.readouterr().err
    assert world.git("rev-parse", "HEAD") == bad


def test_an_update_whose_commit_is_not_here_is_passed_over(
    world: World, bad: str, images: list[str], releases: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = world.updates["prod"].pop(0)
    world.deployed("prod", 2, revision="f" * 40)
    world.updates["prod"].insert(0, replace(failed, number=3))
    assert automatically(world) == 1
    assert releases.images == images[:1]
    said = capsys.readouterr().err
    assert "update 2 is passed over: git has no Pulumi.prod.yaml at ffffffffffff here" in said


def test_a_file_that_was_changed_meanwhile_is_kept(
    world: World, bad: str, releases: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    file = world.folder / "Pulumi.prod.yaml"
    way = WayBack(world.repo, file.read_text(), 1)
    file.write_text(file.read_text() + "  flask-k8s:greeting: mine\n")
    before = world.state
    assert automatic(world.stack("prod"), world.engine, way, BROKEN, push=True) == 1
    assert world.state == before
    assert releases.images == []
    assert "error: no rollback: The work tree cannot be moved" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["push", "preparation"])
def test_what_goes_wrong_on_the_way_keeps_the_first_reason(
    world: World,
    bad: str,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def busy(stack: Stack, engine: AnyEngine) -> Stack:
        raise DeployError("The stack is locked.", 75)

    if fault == "push":
        world.git("remote", "set-url", "origin", str(world.remote) + ".gone")
    else:
        monkeypatch.setattr("deploy.session.prepared", busy)
    assert automatically(world, push=True) == 1
    said = capsys.readouterr().err
    if fault == "push":
        assert "prod is back on update 1" in said
        assert "error: the rollback's commit is not pushed: The remote 'origin' cannot be pushed to" in said
    else:
        assert "failed too: The stack is locked." in said
    assert said.strip().endswith(f"error: {BROKEN.reason}")
