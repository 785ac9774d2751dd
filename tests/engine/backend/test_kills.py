"""SIGKILL by number, at every write of the checkpoint and every call of the cloud: the next run converges."""

from __future__ import annotations

import json
import shutil
import signal
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.engine.world import Ended, World

pytestmark = pytest.mark.timeout(300)
Things = list[tuple[str, dict[str, Any], str]]
KEPT: Things = [("kept", {}, ""), ("kept-too", {"v": 1}, "kept")]
PLANS: dict[str, tuple[str, Things, Things]] = {
    "up": (
        "up",
        [*KEPT, ("a", {"v": 1}, "kept"), ("gone", {}, ""), ("gone-too", {}, "gone")],
        [*KEPT, ("a", {"v": 2}, "kept"), ("new", {}, "a"), ("new-too", {}, "new")],
    ),
    "replace": (
        "up",
        [*KEPT, ("a", {"frozen": 1}, "kept"), ("b", {"frozen": 1, "first": True}, ""), ("c", {"v": 1}, "b")],
        [*KEPT, ("a", {"frozen": 2}, "kept"), ("b", {"frozen": 2, "first": True}, ""), ("c", {"v": 1}, "b")],
    ),
    "destroy": ("destroy", [*KEPT, ("a", {}, "kept-too"), ("b", {}, "a"), ("c", {}, "kept")], []),
}
"""The command, what it starts from, and what there is to be then."""


@dataclass
class Lab:
    """A world, as it is before each kill."""

    world: World
    command: str
    wanted: Things

    def __post_init__(self) -> None:
        self._copy(self.world.folder, self.world.folder / "saved")

    def killed_and_run_again(self, variable: str, number: int) -> Ended | None:
        """Runs it once with the variable in the environment, then, unless that went well, once more to the end."""
        self._copy(self.world.folder / "saved", self.world.folder)
        kept = kept_objects(self.world) if self.wanted else {}
        first = self.world.run(self.command, "--skip-preview", **{variable: str(number)})
        if first.code == 0:
            return None
        again = self.world.run(self.command, "--skip-preview")
        told = f"{variable} {number}:\n{first.text}\n{again.text}"
        assert again.code == 0, told
        world = self.world
        assert sorted(name.rpartition("-")[0] for name in world.objects()) == sorted(it[0] for it in self.wanted), told
        recorded = [raw["id"] for raw in world.latest().get("resources", ()) if raw["type"] == "fake:index:Thing"]
        assert sorted(recorded) == world.objects(), told
        assert "pending_operations" not in world.latest(), told
        assert kept_objects(world) == kept, told
        assert not list((world.folder / "state/.pulumi/locks").rglob("*.json")), told
        return first

    def _copy(self, source: Path, target: Path) -> None:
        for name in ("state", "cloud"):
            shutil.rmtree(target / name, ignore_errors=True)
            shutil.copytree(source / name, target / name)


@pytest.fixture(params=["up", "replace", "destroy"])
def lab(world: World, request: pytest.FixtureRequest) -> Lab:
    command, before, after = PLANS[request.param]
    world.module = "tests.engine.scripted"
    for things, change in ((before, True), (after, False)):
        world.write("script.json", json.dumps(things))
        if change:
            assert world.run("up", "--skip-preview").code == 0  # the script's own client may say something too
    return Lab(world, command, after)


@pytest.mark.parametrize("moment", ["KILL_BEFORE", "KILL_AFTER", "KILL_BEFORE_CALL", "KILL_AFTER_CALL"])
def test_killed_at_any_moment(lab: Lab, moment: str) -> None:
    """Exactly the objects that are wanted are there, and on record; what did not change was not touched."""
    for number in count(1):
        killed = lab.killed_and_run_again(moment, number)
        if killed is None:
            break
        assert killed.code == -signal.SIGKILL, killed.text
    assert number > 4


def test_a_disk_that_is_full_at_any_moment(lab: Lab) -> None:
    for number in count(1):
        full = lab.killed_and_run_again("FULL_AT", number)
        if full is None:
            break
        assert full.code == 1, full.text
        assert "No space left on device" in full.text
        assert "Traceback" not in full.text, full.text
    assert number > 4


def kept_objects(world: World) -> dict[Path, tuple[int, int]]:
    """What tells whether the objects that no run has a reason to change were changed, or made anew."""
    found = [(path, path.stat()) for path in world.cloud.glob("kept*.json")]
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found}
