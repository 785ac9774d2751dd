"""What a source deserves, and what a target lets in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.errors import DeployError
from deploy.objects import Object
from deploy.observe.live import Live, Pod
from deploy.observe.recorded import Recorded
from deploy.pipeline.gates import Check
from deploy.pipeline.record import Approval, Freeze, Gate, Pipeline, Stage, Window
from deploy.promotion import checks
from deploy.promotion.checks import Seen, blockers, deserves, enter_and_see, lets_in, require
from deploy.stack import Stack
from tests.deploy.promotion.world import NOW, OTHER, World, update

IMAGE = f"r.test/flask-k8s@sha256:{'1' * 64}"
SEEN = Seen(
    Recorded(outputs={"image": IMAGE}, resources=[{}]),
    [update(2, image=IMAGE, ended=NOW - timedelta(hours=2)), update(1, image=OTHER)],
    Live(image=IMAGE, replicas=2, ready=2, updated=2, available=2, total=2),
)
STAGES = Pipeline(stages=tuple(Stage(stack=name) for name in ("dev", "staging", "prod")))


def failed(seen: Seen, world: World, revision: str | None = None) -> list[str]:
    return [f"{it.name}: {it.detail}" for it in deserves("dev", seen, revision, world.repo) if not it.passed]


def test_a_source_that_deserves_it(world: World) -> None:
    head = world.git("rev-parse", "HEAD")
    found = [*deserves("dev", SEEN, head, world.repo)]
    assert all(check.passed for check in found)
    assert [check.name for check in found] == ["last update", "running image", "pods", "revision"]
    assert "update 2 succeeded" in found[0].detail
    assert found[1].detail == "sha256:111111111111 runs"
    assert found[3].detail == head[:12]


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (replace(SEEN, updates=[]), "last update: dev was never deployed"),
        (replace(SEEN, updates=[update(3, result="failed")]), "last update: update 3 failed"),
        (replace(SEEN, updates=[update(3, kind="destroy")]), "last update: destroy 3 succeeded"),
        (replace(SEEN, live=replace(SEEN.live, image=OTHER)), "running image: sha256:000000000000 runs, sha256:1111"),
        (replace(SEEN, live=replace(SEEN.live, ready=1)), "pods: 1 of 2 ready"),
        (replace(SEEN, live=replace(SEEN.live, updated=1)), "pods: 2 of 2 ready; the rollout is not complete"),
        (replace(SEEN, live=replace(SEEN.live, total=3)), "pods: 2 of 2 ready; the rollout is not complete"),
        (replace(SEEN, live=replace(SEEN.live, available=1)), "pods: 2 of 2 ready; the rollout is not complete"),
        (replace(SEEN, live=replace(SEEN.live, ready=0, replicas=0, updated=0)), "pods: 0 of 0 ready"),
        (
            replace(SEEN, live=replace(SEEN.live, ready=1, pods=(Pod("b", False, "Running", 3, "CrashLoopBackOff"),))),
            "pods: 1 of 2 ready; b: CrashLoopBackOff",
        ),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_a_source_that_does_not(world: World, seen: Seen, says: str) -> None:
    found = failed(seen, world)
    assert len(found) == 1, found
    assert found[0].startswith(says)


def test_a_source_that_another_tool_applies_from_git(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def declared(stack: Stack) -> list[Object]:
        manifest = {"spec": {"ports": [{"port": 80}]}}
        return [Object("v1", kind, "ns", "web", "web", manifest) for kind in ("Service", "Deployment")]

    monkeypatch.setattr(checks, "objects", declared)
    world.configure("staging", f"image: {IMAGE}")
    seen = enter_and_see(world.stack("staging"), world.engine)
    assert (seen.reconciled, seen.recorded.image) == (False, ""), "nothing runs yet"

    ready = replace(SEEN.live, since=NOW - timedelta(hours=2))
    world.lives["staging"] = ready
    seen = enter_and_see(world.stack("staging"), world.engine)
    at = seen.recorded
    assert (at.image, at.namespace, at.name, at.url) == (IMAGE, "ns", "web", "http://web.ns.svc:80")
    assert seen.since == ready.since
    found = [*deserves("staging", seen, None, world.repo)]
    assert [(check.name, check.passed) for check in found] == [
        ("reconciled", True), ("running image", True), ("pods", True)
    ]  # fmt: skip
    assert found[0].detail == "staging is applied from git, not by `up`"

    world.lives["staging"] = replace(ready, image=OTHER)
    seen = enter_and_see(world.stack("staging"), world.engine)
    assert seen.since is None
    (says,) = failed(seen, world)
    assert says.endswith("sha256:111111111111 is pinned in git; wait until it is applied")


@pytest.mark.parametrize(
    ("revision", "says"),
    [("", "in no commit"), ("unknown", "in no commit"), ("f" * 40, "ffffffffffff is no commit of this branch")],
)
def test_a_revision_that_nobody_can_look_up(world: World, revision: str, says: str) -> None:
    (found,) = failed(SEEN, world, revision)
    assert says in found


def test_a_revision_of_another_branch(world: World) -> None:
    world.git("checkout", "--quiet", "-b", "side")
    world.git("commit", "--quiet", "--allow-empty", "--message", "aside")
    side = world.git("rev-parse", "HEAD")
    world.git("checkout", "--quiet", "main")
    (found,) = failed(SEEN, world, side)
    assert "git pull" in found


def test_how_long_it_has_run() -> None:
    assert SEEN.since == NOW - timedelta(hours=2)
    assert replace(SEEN, updates=[update(3, result="failed"), *SEEN.updates]).since is None


def test_how_long_an_image_has_run_that_no_history_knows() -> None:
    running = replace(SEEN.live, since=NOW - timedelta(hours=1))
    seen = replace(SEEN, updates=[update(2), update(1)], live=running)
    assert seen.since == running.since
    assert replace(seen, live=replace(running, image=OTHER)).since is None
    assert replace(seen, updates=[update(3, result="failed"), *seen.updates]).since is None
    assert replace(seen, updates=[]).since is None


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        (STAGES.stages[1], []),
        (STAGES.stages[2], ["order"]),
        (Stage(stack="staging", frozen=Freeze(why="w", who="a", since="2025-01-01T00:00:00+00:00")), ["freeze"]),
        (Stage(stack="staging", gate=Gate(soak="1h")), []),
        (Stage(stack="staging", gate=Gate(soak="3h")), ["soak"]),
        (Stage(stack="staging", gate=Gate(window=Window(days=("mon",), start="03:00", end="03:01"))), ["window"]),
    ],
    ids=lambda value: "".join(value) if isinstance(value, list) else value.stack,
)
def test_what_a_target_lets_in(world: World, monkeypatch: pytest.MonkeyPatch, stage: Stage, says: list[str]) -> None:
    class Clock:
        @staticmethod
        def now(zone: object) -> object:
            return NOW.replace(hour=12)

    monkeypatch.setattr(checks, "datetime", Clock)
    seen = replace(SEEN, updates=[update(1, image=IMAGE, ended=NOW.replace(hour=10))])
    pipeline = Pipeline(stages=tuple(stage if it.stack == stage.stack else it for it in STAGES.stages))
    assert [check.name for check in lets_in(pipeline, "dev", stage, seen, skip_stage=False) if not check.passed] == says
    assert [line.partition(":")[0] for line in blockers(pipeline, "dev", stage, seen, None)] == says


def test_all_that_stands_in_the_way(world: World) -> None:
    stage = Stage(stack="prod", gate=Gate(approval=Approval()))
    pipeline = Pipeline(stages=(*STAGES.stages[:2], stage))
    found = blockers(pipeline, "staging", stage, replace(SEEN, live=Live()), world.repo)
    assert [line.partition(":")[0] for line in found] == ["running image", "pods", "approval"]


def test_what_must_hold() -> None:
    assert require(Check("soak", True, "2 h")) == "soak: 2 h"
    with pytest.raises(DeployError, match="soak: too short") as caught:
        require(Check("soak", False, "too short"))
    assert caught.value.code == 1


def test_a_stack_as_it_is_seen(world: World) -> None:
    image = world.runs("staging", IMAGE)
    seen = enter_and_see(world.stack("staging"), world.engine)
    assert (seen.recorded.image, seen.live.image, seen.updates[0].image) == (image,) * 3
    assert enter_and_see(world.stack("prod"), world.engine).recorded.empty
