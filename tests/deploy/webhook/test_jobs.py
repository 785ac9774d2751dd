"""Which commands a push leads to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.webhook.jobs import WAITS, Jobs
from deploy.webhook.process import Ended
from deploy.webhook.record import Progress, Run
from deploy.webhook.tree import Tree
from tests.deploy.webhook.samples import IMAGE, push, run

DEV = ["up dev --yes", "promote dev staging --pr --yes"]
STAGING = ["up staging --yes --push", "promote staging prod --pr --yes"]


@dataclass
class World:
    """Jobs whose commands end as they are told."""

    tree: Tree
    progress: dict[str, Progress] = field(default_factory=dict)
    codes: dict[str, list[int]] = field(default_factory=dict)
    """The exit statuses of a command's first calls, by its first words; then 0."""
    asked: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    run: Run = field(default_factory=run)

    def go(self, *, push: bool = True) -> list[str]:
        """One run; what it asked for."""
        self.asked, self.run = [], run(commit=self.tree.update())
        Jobs(self.tree, self.run, self.progress, self.command, lambda: None, self.slept.append).all(push=push)
        return self.asked

    def command(self, *words: str) -> Ended:
        self.asked.append(" ".join(words))
        codes = self.codes.get(" ".join(words[:2]), [])
        code = codes.pop(0) if codes else 0
        return Ended(code, "the reason")

    @property
    def states(self) -> list[str]:
        return [step.state for step in self.run.steps]


@pytest.fixture
def world(tree: Tree) -> World:
    return World(tree)


def test_a_first_push_deploys_and_promotes_dev(world: World) -> None:
    assert world.go() == DEV
    assert world.states == ["succeeded"] * 2 + ["skipped"] * 2
    assert "no image yet" in world.run.steps[-1].detail
    assert not world.progress["dev"].promote


def test_a_merged_promotion_is_deployed_once_and_goes_on(world: World, clone: Path) -> None:
    world.go()
    push(clone, "promote", staging=IMAGE)
    assert world.go() == DEV + STAGING
    push(clone, "something else")
    assert world.go() == DEV
    push(clone, "promote on", prod=IMAGE)
    assert world.go() == [*DEV, "up prod --yes --push"]
    assert world.go() == DEV


def test_a_stage_that_fails_holds_up_no_other(world: World, clone: Path) -> None:
    push(clone, "promote", staging=IMAGE)
    world.codes = {"up dev": [1], "up staging": [1]}
    assert world.go() == [DEV[0], STAGING[0]]
    assert world.states == ["failed", "failed", "skipped"]
    assert [step.detail for step in world.run.steps][:2] == ["the reason"] * 2
    assert world.go() == DEV + STAGING, "what failed is not forgotten"


def test_what_fails_to_deploy_is_not_promoted(world: World) -> None:
    world.progress = {"dev": Progress(promote=True)}
    world.codes = {"up dev": [1]}
    assert world.go() == DEV[:1]
    assert not world.progress["dev"].promote


def test_a_gate_that_is_closed_is_tried_again_later_and_nothing_else_is(world: World) -> None:
    world.codes = {"promote dev": [1, 1]}
    world.go()
    assert world.states[:2] == ["succeeded", "held back"]
    assert world.progress["dev"].promote
    assert world.go(push=False) == [DEV[1]]
    assert world.go(push=False) == [DEV[1]]
    assert world.states == ["succeeded"]
    assert world.go(push=False) == []


def test_what_configuration_lacks_is_a_failure(world: World) -> None:
    world.codes = {"promote dev": [78]}
    world.go()
    assert world.states[1] == "failed"
    assert world.go(push=False) == [], "nor is it tried again before the next push"


@pytest.mark.parametrize("code", [69, 75])
def test_what_is_away_or_busy_is_waited_for(world: World, code: int) -> None:
    world.codes = {"up dev": [code, code]}
    assert world.go() == [DEV[0], DEV[0], DEV[0], DEV[1]]
    assert world.slept == list(WAITS[:2])
    world.codes = {"up dev": [code] * 9}
    world.go()
    assert world.states[0] == "failed"
    assert world.slept[2:] == list(WAITS)


def test_a_stack_file_that_is_broken_is_said_and_passed_by(world: World, clone: Path) -> None:
    (clone / "Pulumi.staging.yaml").write_text("config: [")
    push(clone, "break staging", prod=IMAGE)
    assert world.go() == [*DEV, "up prod --yes --push"]
    assert "not valid YAML" in world.run.steps[2].detail
