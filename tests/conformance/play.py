"""Compares what an engine does with what was recorded."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml

import cluster
from tests.conformance import scrub
from tests.conformance.programs import load
from tests.conformance.world import EMBEDDED, Engine, World


def recorded(file: Path) -> list[dict[str, Any]]:
    """The steps of a recording."""
    steps: list[dict[str, Any]] = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)["steps"]
    return steps


def play(name: str, node: cluster.Handout, folder: Path) -> None:
    """Runs each step with the embedded engine, from where the CLI was when it took that step."""
    program = load(name)
    world = World.make(program, node, folder)
    wanted = recorded(program.recording)
    differences = []
    for number, step in enumerate(program.steps):
        before = {done.stack: wanted[index] for index, done in enumerate(program.steps[:number])}
        if number:
            world.restore({stack: each["checkpoint"] for stack, each in before.items()}, wanted[number - 1]["objects"])
        # of the first plans, which say little, some are enough
        found = world.step(EMBEDDED, step, planned=number > 0 or name.startswith("steps/"))
        difference = compared(before.get(step.stack, {}).get("checkpoint", []), wanted[number], found)
        if step.differs:
            assert difference, f"step {number} ({step.run}) differs no more: take `differs` out of steps.yaml"
        elif difference:
            differences.append(f"step {number} ({step.run}):\n{difference}")
            differences.extend(found.get("errors", ()))
    assert not differences, "\n".join(differences)


def alternate(name: str, node: cluster.Handout, folder: Path, engines: tuple[Engine, Engine]) -> None:
    """Runs the steps with one engine and the other by turns: after each, both see the same in what was left."""
    program = load(name)
    world = World.make(program, node, folder)
    for number, step in enumerate(program.steps):
        engine, other = engines[number % 2], engines[(number + 1) % 2]
        done = world.step(engine, step, planned=False)
        if step.run.startswith("up"):
            plans = [yaml.safe_dump(world.plan(each, step)).splitlines() for each in (engine, other)]
            if plans[0] != plans[1]:
                pytest.fail(f"step {number} ({step.run}):\n{_diff(plans, engine, other)}\n{done.get('errors', '')}")


def compared(before: list[dict[str, Any]], wanted: dict[str, Any], found: dict[str, Any]) -> str:
    """A unified diff of two results of a step; empty where they are the same."""
    wanted = {key: value for key, value in wanted.items() if key != "plan" or "plan" in found}
    return _diff([_lines(before, each) for each in (wanted, found)], "recorded", "engine")


def _diff(texts: list[list[str]], one: str, other: str) -> str:
    return "\n".join(difflib.unified_diff(texts[0], texts[1], one, other, lineterm="", n=4))


def _lines(before: list[dict[str, Any]], result: dict[str, Any]) -> list[str]:
    names = scrub.Names()
    names.learn(before)
    names.learn(result["checkpoint"])
    fixed = names.apply({key: value for key, value in result.items() if key != "errors"})
    for key in ("checkpoint", "objects"):
        fixed[key] = sorted(fixed[key], key=lambda it: str(it.get("urn") or (it["kind"], it["metadata"]["name"])))
    fixed["checkpoint"] = [scrub.resource(it) for it in fixed["checkpoint"]]
    for each in fixed["checkpoint"]:
        if "initErrors" in each:
            each["initErrors"] = "in the engine's own words"
    text: str = yaml.dump(fixed, Dumper=_Plain, width=120)
    return text.splitlines()


class _Plain(yaml.CSafeDumper):
    """Writes equal parts each time."""

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: a difference is to be read where it is."""
        return True
