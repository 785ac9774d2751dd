"""Promotions that are refused: nothing has changed then, here, in the remote or in the registry."""

from __future__ import annotations

import io
import sys

import pytest

from deploy import cli
from deploy.errors import DeployError
from deploy.promotion.plan import Wish
from deploy.promotion.promote import promote
from tests.cluster.fakes import Answer
from tests.deploy.promotion.promoting import WISH, refused
from tests.deploy.promotion.world import World


def hook(world: World) -> None:
    file = world.remote / "hooks" / "pre-receive"
    file.write_text("#!/bin/sh\necho 'closed for the audit' >&2\nexit 1\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("staging", "nowhere", "'nowhere'.*dev, staging, prod"),
        ("nowhere", "prod", "'nowhere'.*dev, staging, prod"),
        ("prod", "dev", "dev does not come after prod.*rollback dev"),
        ("prod", "prod", "prod does not come after prod"),
        ("dev", "prod", "staging lies between.*--skip-stage"),
    ],
)
def test_an_order_that_makes_no_sense(world: World, source: str, target: str, says: str) -> None:
    refused(world, says, 64, source=source, target=target)


def test_a_dirty_tree(world: World, image: str) -> None:
    (world.folder / "new").touch()
    refused(world, "new.*git stash", 1)


@pytest.mark.parametrize("pull_request", [False, True])
@pytest.mark.parametrize("behind", [True, False], ids=["behind", "diverged"])
def test_a_branch_that_moved(world: World, image: str, behind: bool, pull_request: bool) -> None:
    world.write("new", "")
    world.git("reset", "--quiet", "--hard", "HEAD~1")
    if behind:
        refused(world, "behind.*git pull --ff-only", 1, pull_request=pull_request)
    else:
        world.git("commit", "--quiet", "--allow-empty", "--message", "Mine")
        refused(world, "diverged.*git pull --rebase", 1, pull_request=pull_request)
    before = world.state
    words = ["promote", "staging", "prod", "--yes", "--if-open", *(["--pr"] if pull_request else [])]
    assert cli.main(["--project", str(world.folder), "--engine", "embedded", *words]) == (0 if behind else 1)
    assert world.state == before


@pytest.mark.parametrize(
    ("wish", "says"),
    [({}, "on no branch"), ({"push": True}, "on no branch"), ({"pull_request": True}, "no base")],
    ids=str,
)
def test_a_detached_head(world: World, image: str, wish: dict[str, object], says: str) -> None:
    world.git("checkout", "--quiet", "--detach")
    refused(world, f"HEAD is detached.*{says}.*Check out the branch", 1, **wish)


def test_a_commit_that_was_made_meanwhile_is_kept(world: World, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(wish: Wish) -> None:
        world.write("new", "")

    monkeypatch.setattr("deploy.promotion.promote._confirm", changed)
    with pytest.raises(DeployError, match="Not possible to fast-forward"):
        promote(world.folder, world.engine, WISH)
    assert world.git("log", "-2", "--format=%s") == "A change\nfeat: the app"
    assert world.git("status", "--porcelain") == ""


def test_a_pull_request_asks_for_its_token_before_anything_is_pushed(
    world: World, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    world.git("remote", "set-url", "origin", f"file://127.0.0.1{world.remote}")
    refused(world, "GITHUB_TOKEN is not set; a pull request at GitHub", 78, pull_request=True)


def test_a_committer_without_a_name(world: World, image: str) -> None:
    world.git("config", "--unset", "user.email")
    refused(world, "user.email", 78)


def test_a_file_that_is_nonsense(world: World, image: str) -> None:
    world.write("Pulumi.prod.yaml", "config: {a: [\n")
    refused(world, r"Pulumi\.prod\.yaml.*line 2.*git", 78)


def test_another_promotion_is_under_way(world: World, image: str) -> None:
    with world.repo.lock():
        refused(world, "Wait until it is done", 75)


def test_no_git(world: World, image: str) -> None:
    (world.folder / ".git").rename(world.folder.parent / "gone")
    with pytest.raises(DeployError, match="git init") as caught:
        promote(world.folder, world.engine, WISH)
    assert caught.value.code == 69


@pytest.mark.parametrize("wish", [{"push": True}, {"pull_request": True}], ids=str)
def test_a_push_that_the_remote_rejects(world: World, image: str, wish: dict[str, bool]) -> None:
    hook(world)
    refused(world, "closed for the audit", 1, **wish)


def test_nobody_to_ask(world: World, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    refused(world, "--yes", 64, yes=False)
    assert world.registry.asked == [], "it is said before all the work"


def test_a_tag_in_the_target_s_file(world: World, image: str) -> None:
    world.configure("prod", "image: r.test/app:1")
    refused(world, "'r.test/app:1'.*@sha256:", 78)


@pytest.mark.parametrize("fault", ["a wrong file", "a copy that is refused"])
def test_a_copy_and_a_commit_or_neither(world: World, image: str, fault: str) -> None:
    if fault == "a wrong file":
        world.configure("prod", "memoryLimit: 1Mi")
        refused(world, "memoryLimit", 78, copy_to=f"{world.host}/prod")
    else:
        world.registry.trouble = lambda request: Answer(403) if request.method == "POST" else None
        refused(world, world.host, 1, copy_to=f"{world.host}/prod")
    assert not [name for name, _ in world.registry.manifests if name.startswith("prod/")]
