"""The commands of promotions: what they print, and what they refuse."""

from __future__ import annotations

import argparse
import json
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.pipeline import load
from deploy.promotion import command
from tests.deploy.promotion.world import PIPELINE, World

IMAGE = f"r.test/flask-k8s@sha256:{'1' * 64}"


def arguments(**given: Any) -> argparse.Namespace:
    plain: dict[str, Any] = dict.fromkeys(("up", "pr", "push", "if_open", "skip_stage", "json"), False)
    plain |= {"source": "staging", "target": "prod", "yes": True, "approved_by": None, "copy_to": None, "to": None}
    return argparse.Namespace(**plain | given)


@pytest.fixture
def ups(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, argparse.Namespace]]:
    """Each `up`: the image of its stack, and its options."""
    found: list[tuple[str, argparse.Namespace]] = []

    def up(stack: Any, engine: Any, args: argparse.Namespace) -> int:
        found.append((stack.get("image"), args))
        return 7

    monkeypatch.setattr("deploy.commands.up", up)
    return found


def test_up_comes_after_the_promotion(world: World, ups: list[tuple[str, argparse.Namespace]]) -> None:
    image = world.runs("staging")
    args = arguments(up=True, push=True, rollback_on_failure=None)
    for _ in range(2):  # the second time there is nothing to promote, and what was killed is gone on with
        assert command.promote(world.folder, world.engine, args) == 7
    assert [found for found, _ in ups] == [image, image]
    assert (ups[0][1].yes, ups[0][1].image, ups[0][1].push) == (True, None, True)


def test_without_it_there_is_none(world: World, ups: list[object]) -> None:
    world.runs("staging")
    assert command.promote(world.folder, world.engine, arguments()) == 0
    assert ups == []


@pytest.mark.parametrize(
    ("given", "says"),
    [({"up": True, "pr": True}, "--pr.*--up"), ({"copy_to": ""}, "the stage prod declares none")],
    ids=str,
)
def test_options_that_make_no_sense(world: World, given: dict[str, object], says: str) -> None:
    before = world.state
    with pytest.raises(DeployError, match=says) as caught:
        command.promote(world.folder, world.engine, arguments(**given))
    assert caught.value.code == 64
    assert world.state == before


SHUT = """    frozen: {why: "Inventory.", who: "Ann <ann@example.com>", since: "2026-11-20T10:00:00+00:00"}\n"""


@pytest.mark.parametrize(("deployed", "says"), [(True, "Inventory"), (False, "has deployed no image")])
def test_what_is_not_to_be_yet_is_a_failure_only_without_if_open(
    world: World, ups: list[object], capsys: pytest.CaptureFixture[str], deployed: bool, says: str
) -> None:
    if deployed:
        world.runs("staging")
        world.write("pipeline.yaml", PIPELINE + SHUT)
    before = world.state
    with pytest.raises(DeployError, match=says) as caught:
        command.promote(world.folder, world.engine, arguments())
    assert caught.value.code == 1
    assert command.promote(world.folder, world.engine, arguments(if_open=True, up=True)) == 0
    assert f"not yet: {caught.value}" in capsys.readouterr().err
    assert (ups, world.state) == ([], before)


def test_if_open_forgives_nothing_else(world: World) -> None:
    world.runs("staging")
    (world.folder / "untracked.txt").touch()
    with pytest.raises(DeployError, match="in no commit"):
        command.promote(world.folder, world.engine, arguments(if_open=True))


def test_the_registry_that_the_stage_declares(world: World) -> None:
    image = world.runs("staging")
    world.write("pipeline.yaml", PIPELINE + f"    registry: {world.host}/own\n")
    command.promote(world.folder, world.engine, arguments(copy_to=""))
    assert world.stack("prod").get("image") == image.replace("/flask-k8s@", "/own/flask-k8s@")


def test_a_history_commands_no_terminal(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.deployed("prod", 1, message="feat: \x1b[2J", who="Ann\x9b\n")
    command.history_of(world.stack("prod"), world.engine, arguments())
    printed = capsys.readouterr().out
    assert not {"\x1b", "\x9b"} & {*printed}
    assert len(printed.splitlines()) == 2


def test_history(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.configure("prod", f"image: {IMAGE}")
    world.deployed("prod", 1)
    world.deployed("prod", 2, result="failed", dirty=True)
    world.deployed("prod", 3, kind="destroy", image="", revision="")
    command.history_of(world.stack("prod"), world.engine, arguments())
    head = world.git("rev-parse", "HEAD")[:12]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["N", "WHEN", "(UTC)", "RESULT", "IMAGE", "COMMIT", "WHO", "MESSAGE"]
    assert [line.split()[0] for line in lines[1:]] == ["3", "2", "1"]
    assert "destroy succeeded  no image" in lines[1]
    assert f"failed             sha256:111111111111  {head}+" in lines[2]
    assert lines[3].endswith("Ann <ann@x.test>  Change 1")


def test_history_names_what_was_rolled_back(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    before = world.stack("prod").file.read_text()
    bad = world.configure("prod", f"image: {IMAGE}")
    world.deployed("prod", 1)
    world.write("Pulumi.prod.yaml", before, f"revert(prod): x\n\nRolled-back: {bad}")
    assert command.history_of(world.stack("prod"), world.engine, arguments(json=True)) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["number"], entry["result"], entry["rolledBack"]) == (1, "succeeded", True)
    assert (entry["image"], entry["revision"], entry["who"]) == (IMAGE, bad, "Ann <ann@x.test>")


def test_history_needs_no_git(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.deployed("staging", 1, image=IMAGE)
    (world.folder / ".git").rename(world.folder.parent / "gone")
    assert command.history_of(world.stack("staging"), world.engine, arguments()) == 0
    assert "sha256:111111111111" in capsys.readouterr().out


def test_history_of_a_stack_that_was_never_deployed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    command.history_of(world.stack("prod"), world.engine, arguments())
    assert capsys.readouterr().out.startswith("N  WHEN")


def test_freeze_and_unfreeze(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    text = (world.folder / "pipeline.yaml").read_text()
    stack = world.stack("prod")
    command.freeze(stack, world.engine, arguments(why="the\naudit", push=True))
    frozen = load.load(world.folder).stage("prod").frozen
    assert frozen
    assert (frozen.why, frozen.who) == ("the\naudit", "Ann <ann@x.test>")
    assert world.git("log", "-1", "--format=%s") == "chore(prod): freeze: the audit"
    head, status, remote = world.state
    assert head in remote
    assert status == ""
    command.freeze(stack, world.engine, arguments(why="again"))
    assert world.git("rev-parse", "HEAD") == head
    assert "frozen already" in capsys.readouterr().err
    command.unfreeze(stack, world.engine, arguments())
    assert (world.folder / "pipeline.yaml").read_text() == text
    command.unfreeze(stack, world.engine, arguments())
    assert "not frozen already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "says", "code"),
    [("dirty", "pipeline.yaml has changes", 1), ("hook", "no", 1), ("stage", "'lab'.*dev, staging, prod", 64)],
)
def test_a_freeze_that_is_refused(world: World, fault: str, says: str, code: int) -> None:
    stack = world.stack("prod")
    if fault == "dirty":
        (world.folder / "pipeline.yaml").write_text(PIPELINE + "# mine\n")
    elif fault == "hook":
        (world.remote / "hooks/pre-receive").write_text("#!/bin/sh\necho no >&2\nexit 1\n")
        (world.remote / "hooks/pre-receive").chmod(0o755)
    else:
        world.configure("lab")
        stack = world.stack("lab")
    before = world.state
    with pytest.raises(DeployError, match=says) as caught:
        command.freeze(stack, world.engine, arguments(why="x", push=True))
    assert caught.value.code == code
    assert world.state == before
