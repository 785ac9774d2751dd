"""Rollbacks: when there can be one, to what, and how a command ends then. Releases are only pretended."""

from __future__ import annotations

import pytest

from deploy import session
from deploy.engines import Engine as AnyEngine
from deploy.errors import DeployError
from deploy.pipeline.record import Stage
from deploy.promotion.rollback import WayBack, automatic, rollback, way_back
from deploy.release import Outcome
from deploy.stack import Stack
from tests.deploy.promotion.world import World

IMAGES = [f"r.test/flask-k8s@sha256:{digit * 64}" for digit in "12"]
BROKEN = Outcome(1, "the smoke test of prod failed:\n  500")


@pytest.fixture(autouse=True)
def releases(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Outcome]]:
    """The image of each release; and, to be put there first, how they end, the last one first."""
    ends: list[tuple[str, Outcome]] = []

    def release(stack: Stack, engine: AnyEngine, stage: Stage | None, *, yes: bool) -> Outcome:
        assert yes
        outcome = ends.pop()[1] if ends and not ends[-1][0] else Outcome(0, "", "http://prod.test")
        ends.insert(0, (stack.get("image"), outcome))
        return outcome

    monkeypatch.setattr("deploy.promotion.rollback.release", release)
    monkeypatch.setattr("deploy.session.prepared", lambda stack, engine: stack)
    monkeypatch.setattr("deploy.cli_checks.check_server", lambda stack: None)
    return ends


@pytest.fixture
def bad(world: World) -> str:
    """The commit of a version of prod that failed; the one before was good."""
    world.configure("prod", f"image: {IMAGES[0]}")
    world.deployed("prod", 1)
    commit = world.configure("prod", f"image: {IMAGES[1]}")
    world.deployed("prod", 2, result="failed")
    return commit


def automatically(world: World, failed: Outcome = BROKEN, *, push: bool = False) -> int:
    return automatic(world.stack("prod"), world.engine, WayBack(world.repo), failed, push=push)


@pytest.mark.parametrize(
    ("name", "wanted", "there"),
    [("prod", None, True), ("prod", True, True), ("prod", False, False), ("dev", None, False), ("dev", True, True)],
)
def test_a_way_back(world: World, name: str, wanted: bool | None, there: bool) -> None:
    assert (way_back(world.stack(name), wanted) is not None) == there


@pytest.mark.parametrize("fault", ["dirty", "nobody", "no git"])
def test_no_way_back_is_said_or_refused(world: World, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    if fault == "dirty":
        (world.folder / "Pulumi.prod.yaml").write_text("config: {}\n")
    elif fault == "nobody":
        world.git("config", "--unset", "user.name")
    else:
        (world.folder / ".git").rename(world.folder / "gone")
    stack = world.stack("prod")
    says = {"dirty": "Pulumi.prod.yaml has changes", "nobody": "user.name", "no git": "git init"}[fault]
    assert way_back(stack, None) is None
    said = capsys.readouterr().err
    assert said.startswith("no rollback on failure: ")
    assert says in said
    with pytest.raises(DeployError, match=f"--rollback-on-failure is not possible.*{says}") as caught:
        way_back(stack, True)
    assert caught.value.code == {"dirty": 1, "nobody": 78, "no git": 69}[fault]
    assert way_back(stack, False) is None


def test_changes_elsewhere_are_no_matter(world: World) -> None:
    (world.folder / "app/web.py").write_text("changed")
    assert way_back(world.stack("prod"), True) is not None


@pytest.mark.parametrize("code", [64, 69, 75, 78, 130])
def test_what_deployed_nothing_is_not_rolled_back(world: World, bad: str, code: int, releases: list[object]) -> None:
    assert automatically(world, Outcome(code, "x")) == code
    assert releases == []
    assert world.git("rev-parse", "HEAD") == bad


def test_back_to_the_last_good_version(
    world: World, bad: str, releases: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    good = world.git("show", "HEAD~1:Pulumi.prod.yaml")
    assert automatically(world, push=True) == 1
    assert releases == [(IMAGES[0], Outcome(0, "", "http://prod.test"))]
    assert world.stack("prod").file.read_text().strip() == good
    (commit, *_) = world.repo.commits("Pulumi.prod.yaml")
    assert commit.subject == "revert(prod): go back to sha256:111111111111"
    assert commit.trailers == {
        "Rolled-back": [bad],
        "Restored": [world.git("rev-parse", "HEAD~2")],
        "Image": [IMAGES[0]],
        "Reason": ["the smoke test of prod failed: 500"],
    }
    head, status, remote = world.state
    assert (head, status) == (commit.sha, "")
    assert head in remote
    said = capsys.readouterr().err
    assert "prod is back on update 1 (sha256:111111111111" in said
    assert said.strip().endswith(f"error: {BROKEN.reason}")


def test_a_rollback_that_fails_too(
    world: World, bad: str, releases: list[tuple[str, Outcome]], capsys: pytest.CaptureFixture[str]
) -> None:
    releases.append(("", Outcome(1, "no pod got ready")))
    assert automatically(world) == 1
    said = capsys.readouterr().err
    assert "the rollback to update 1" in said
    assert "failed too: no pod got ready" in said
    assert "run `up` again" in said


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
        world.updates["prod"].pop()
    assert automatically(world) == 1
    assert "error: no rollback: The" in capsys.readouterr().err
    assert world.git("rev-parse", "HEAD") == bad


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
    assert {"push": "cannot be pushed to", "preparation": "The stack is locked."}[fault] in said
    assert said.strip().endswith(f"error: {BROKEN.reason}")


def test_by_hand(world: World, bad: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert rollback(world.stack("prod"), world.engine, "", push=False) == 0
    assert capsys.readouterr().out.startswith("prod is back on update 1 (sha256:111111111111, commit ")
    assert world.repo.commits("Pulumi.prod.yaml")[0].trailers["Reason"] == ["asked for by `rollback`"]
    assert world.state[1] == ""


def test_to_the_present_file_there_is_no_commit(world: World, bad: str, releases: list[object]) -> None:
    world.updates["prod"].clear()
    world.deployed("prod", 3)
    assert rollback(world.stack("prod"), world.engine, "3", push=False) == 0
    assert world.git("rev-parse", "HEAD") == bad
    assert releases == [(IMAGES[1], Outcome(0, "", "http://prod.test"))]


def test_one_that_was_killed_is_gone_on_with(
    world: World, bad: str, releases: list[object], monkeypatch: pytest.MonkeyPatch
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
    assert releases == []
    monkeypatch.setattr("deploy.session.prepared", prepared)
    assert rollback(world.stack("prod"), world.engine, "", push=True) == 0
    assert world.git("rev-parse", "HEAD") == head
    assert head in world.git("ls-remote", "origin")
    assert releases == [(IMAGES[0], Outcome(0, "", "http://prod.test"))]


def test_by_hand_it_fails_as_its_release_does(world: World, bad: str, releases: list[tuple[str, Outcome]]) -> None:
    releases.append(("", Outcome(69, "gone")))
    assert rollback(world.stack("prod"), world.engine, "", push=False) == 69


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
