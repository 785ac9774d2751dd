"""Promotions in git: one commit of one file, or nothing at all."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest

from deploy.observe.live import Live
from deploy.promotion.promote import promote
from deploy.stack import Stack
from tests.deploy.promotion.promoting import WISH, refused
from tests.deploy.promotion.world import PIPELINE, World

PROPOSED = replace(WISH, pull_request=True)


def terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Somebody who answers the question."""
    made = io.StringIO(answer)
    monkeypatch.setattr(made, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", made)


def test_one_commit_of_one_file(world: World, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = world.git("rev-parse", "HEAD")
    target = promote(world.folder, world.engine, WISH)
    assert isinstance(target, Stack)
    assert target.get("image") == image
    commit = world.repo.commits("Pulumi.prod.yaml")[0]
    digest = image.partition("@sha256:")[2][:12]
    assert commit.subject == f"chore(prod): promote flask-k8s to sha256:{digest}"
    checks = commit.trailers.pop("Check")
    assert [line.partition(":")[0] for line in checks][:2] == ["order", "freeze"]
    assert commit.trailers == {"Promoted-from": ["staging"], "Image": [image], "Revision": [before]}
    assert world.git("diff", "--name-only", "HEAD~1") == "Pulumi.prod.yaml"
    head, status, remote = world.state
    assert (head, status) == (commit.sha, "")
    assert head not in remote
    said = capsys.readouterr().err
    assert f"image: no image -> sha256:{digest}" in said
    assert "no preview: the passphrase of prod is not at hand" in said


def test_pushed_too(world: World, image: str) -> None:
    promote(world.folder, world.engine, replace(WISH, push=True))
    assert f"{world.git('rev-parse', 'HEAD')}\trefs/heads/main" in world.git("ls-remote", "origin")


def branch_of(image: str) -> str:
    return f"promote/prod-{image.partition('@sha256:')[2][:12]}"


def at(world: World, branch: str) -> str:
    """The commit that a branch of the remote is at."""
    world.git("fetch", "--quiet", "origin", branch)
    return world.git("rev-parse", "FETCH_HEAD")


@pytest.mark.parametrize("pull_request", [False, True])
def test_the_same_digest_again(world: World, image: str, pull_request: bool) -> None:
    promote(world.folder, world.engine, WISH)
    before = world.state
    for push in (False, True):
        target = promote(world.folder, world.engine, replace(WISH, push=push, pull_request=pull_request))
        assert target
        assert target.get("image") == image
        assert world.state[:2] == before[:2]
        pushed = push and not pull_request
        assert (before[0] in world.state[2]) == pushed, "what was killed before its push is gone on with"


@pytest.mark.parametrize("answer", ["yes\n", "no\n"])
def test_the_image_is_copied_after_the_question(
    world: World, image: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal(monkeypatch, answer)
    wish = {"yes": False, "copy_to": f"{world.host}/prod"}
    if answer == "no\n":
        refused(world, "Declined", 1, **wish)
    else:
        assert promote(world.folder, world.engine, replace(WISH, **wish))  # type: ignore[arg-type]
        assert world.stack("prod").get("image") == image.replace("/flask-k8s@", "/prod/flask-k8s@")
    assert (("prod/flask-k8s", image.partition("@")[2]) in world.registry.manifests) == (answer == "yes\n")


def test_a_passed_stage_and_who_approved_are_recorded(world: World) -> None:
    world.write("pipeline.yaml", PIPELINE + "    gate: {approval: {}}\n")
    world.runs("dev")
    wish = replace(WISH, source="dev", skip_stage=True, approved_by="bob@x.test")
    promote(world.folder, world.engine, wish)
    trailers = world.repo.commits("Pulumi.prod.yaml")[0].trailers
    assert (trailers["Skipped-stage"], trailers["Approved-by"]) == (["staging"], ["bob@x.test"])


@pytest.mark.parametrize("answer", ["yes\n", "Y\n", "no\n", "\n", ""])
def test_the_question(world: World, image: str, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch, answer)
    if answer in ("yes\n", "Y\n"):
        assert promote(world.folder, world.engine, replace(WISH, yes=False))
    else:
        refused(world, "Declined; nothing was changed", 1, yes=False)


@pytest.mark.parametrize("code", [0, 69])
def test_the_preview_is_of_the_file_to_come(
    world: World, image: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{world.folder.parent}/state")
    for name in ("staging", "prod"):
        made = world.folder.parent / f"state/.pulumi/stacks/flask-k8s/{name}.json"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text("{}")
    world.engine.codes["preview"] = code
    if code:
        refused(world, "the preview of prod failed.*Nothing was changed", code)
    else:
        promote(world.folder, world.engine, WISH)
    ((verb, stack, name, option, file),) = world.engine.ran
    assert (verb, stack, name, option) == ("preview", "--stack", "prod", "--config-file")
    assert file != str(world.folder / "Pulumi.prod.yaml")


def test_there_is_no_preview_of_what_another_tool_applies_from_git(
    world: World, image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    monkeypatch.setattr("deploy.promotion.checks.objects", lambda stack: [])
    old = f"{world.host}/flask-k8s@sha256:{'7' * 64}"
    world.configure("prod", f"image: {old}")
    world.lives["prod"] = Live(image=old, replicas=2, ready=2, updated=2, available=2, total=2)
    promote(world.folder, world.engine, WISH)
    assert "no preview: prod is applied from git" in capsys.readouterr().err
    assert world.engine.ran == []


@pytest.mark.parametrize("there", [True, False], ids=["in the registry", "deleted since"])
def test_what_changes_beside_the_image_is_told(world: World, there: bool, capsys: pytest.CaptureFixture[str]) -> None:
    old = world.runs("staging")
    world.configure("prod", f"image: {old}", "greeting: Hi")
    world.deployed("prod")
    world.configure("prod", f"image: {old}", "greeting: Hello")
    world.write("app/web.py", "2", "fix: the app")
    world.runs("staging")
    if not there:
        world.registry.manifests.pop(("flask-k8s", old.partition("@")[2]))
    promote(world.folder, world.engine, WISH)
    said = capsys.readouterr().err
    assert "config: greeting: Hi -> Hello" in said
    assert ("fix: the app" in said) == there


def test_a_pull_request_changes_nothing_here(
    world: World, image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[tuple[str, ...]] = []
    monkeypatch.setattr("deploy.git.forge.open_pull_request", lambda *words: opened.append(words))
    head, status, _ = world.state
    branch = branch_of(image)
    assert promote(world.folder, world.engine, PROPOSED) is None
    assert capsys.readouterr().out == f"{branch}\n", "plain git has no page to name"
    assert world.state[:2] == (head, status)
    ((_, asked, base, subject, body),) = opened
    assert (asked, base) == (branch, "main")
    assert subject.startswith("chore(prod): promote flask-k8s")
    assert image in body
    assert "- pods: 2 of 2 ready" in body
    assert world.git("rev-parse", f"{at(world, branch)}~1") == head


def test_a_pull_request_is_pushed_again_only_for_another_base_or_file(world: World, image: str) -> None:
    branch = branch_of(image)

    def again() -> str:
        world.git("config", "user.name", f"Ann {world.git('config', 'user.name')}")  # so that it is another commit
        promote(world.folder, world.engine, PROPOSED)
        return at(world, branch)

    first = again()
    assert again() == first
    head = world.write("new", "")
    second = again()
    assert world.git("rev-parse", f"{second}~1") == head
    world.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
    third = again()
    assert image in world.git("show", f"{third}:Pulumi.prod.yaml")
