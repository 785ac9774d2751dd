"""The supervisor's work on its parts; its namespaces are left to the tests on a real cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cluster import processes, supervisor

RUN = """
import json, sys
from cluster import supervisor
supervisor.HOST_PROC = "/proc"
supervisor.WATCH = 0.1
supervisor.Supervisor(json.load(open(sys.argv[1]))).run()
"""


class Node:
    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.process = folder, process
        self.state_file = folder / "state.json"

    def parts(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.state_file.read_text())["parts"])
        except FileNotFoundError:
            return {}

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            parts = self.parts()
            if parts and holds(parts):
                return parts
            time.sleep(0.02)
        raise AssertionError(self.parts())

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()


Start = Callable[..., Node]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start(stop: list[list[str]], **parts: dict[str, Any]) -> Node:
            empty = {"after": [], "probe": f"file:{tmp_path}", "once": False}
            spec = {
                "hostname": "", "state": str(tmp_path / "state.json"), "logs": str(tmp_path), "host_setup": [],
                "setup": [], "stop": stop, "cgroups": [], "parts": {n: empty | part for n, part in parts.items()},
            }  # fmt: skip
            (tmp_path / "spec.json").write_text(json.dumps(spec))
            process = subprocess.Popen([sys.executable, "-c", RUN, str(tmp_path / "spec.json")])
            stack.callback(process.wait)
            stack.callback(process.kill)
            return Node(tmp_path, process)

        yield start


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"argv": ["sh", "-c", script], **more}


def test_the_state_names_the_process_so_that_it_is_found_again(start: Start) -> None:
    node = start([], one=shell("exec sleep 60"))
    node.until(lambda parts: parts["one"]["ready"])
    assert processes.pid(node.state_file) == node.process.pid


def test_a_part_waits_for_those_it_needs(start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    node = start(
        [],
        first=shell("exec sleep 60", probe=f"file:{gate}"),
        second=shell("exec sleep 60", after=["first"]),
    )
    parts = node.until(lambda parts: parts["first"]["pid"] > 0)
    assert not parts["first"]["ready"]
    assert parts["second"]["pid"] == 0
    gate.touch()
    node.until(lambda parts: parts["second"]["ready"])


def test_a_part_that_died_is_started_again_and_others_are_left_alone(start: Start) -> None:
    node = start([], one=shell("exec sleep 60"), two=shell("exec sleep 60"))
    before = node.until(lambda parts: parts["one"]["ready"] and parts["two"]["ready"])
    os.kill(before["one"]["pid"], signal.SIGKILL)
    after = node.until(lambda parts: parts["one"]["ready"] and parts["one"]["starts"] == 2)
    assert after["one"]["pid"] != before["one"]["pid"]
    assert after["two"] == before["two"]


def test_a_part_that_cannot_run_is_tried_with_growing_pauses_and_says_why(start: Start) -> None:
    node = start([], bad=shell("echo why it fails; exit 3"))
    parts = node.until(lambda parts: parts["bad"]["starts"] == 3)
    time.sleep(0.3)
    assert node.parts()["bad"]["starts"] < 6
    assert parts["bad"]["ready"] is False
    assert "ended with 3" in node.until(lambda parts: bool(parts["bad"]["said"]))["bad"]["said"]
    assert "why it fails" in node.log("bad")


def test_a_program_that_is_missing_does_not_end_the_others(start: Start) -> None:
    node = start([], bad={"argv": ["/no/such/program"]}, good=shell("exec sleep 60"))
    parts = node.until(lambda parts: parts["good"]["ready"] and parts["bad"]["said"])
    assert "/no/such/program" in parts["bad"]["said"]


def test_a_step_that_is_done_once_is_not_done_again(start: Start, tmp_path: Path) -> None:
    node = start(
        [],
        step=shell(f"echo done >>{tmp_path}/count", once=True, probe=""),
        next=shell("exec sleep 60", after=["step"]),
    )
    node.until(lambda parts: parts["next"]["ready"])
    time.sleep(0.5)
    assert (tmp_path / "count").read_text() == "done\n"


def test_the_end_comes_in_order_and_the_stubborn_are_killed(start: Start, tmp_path: Path) -> None:
    order = tmp_path / "order"
    ends = "trap 'echo {} >>{}; exit' TERM; while :; do sleep 0.05; done"
    node = start(
        [["stubborn"], ["second"], ["third"]],
        third=shell(ends.format("third", order)),
        second=shell(ends.format("second", order)),
        stubborn=shell("trap '' TERM; while :; do sleep 0.05; done"),
    )
    parts = node.until(lambda parts: all(part["ready"] for part in parts.values()))
    time.sleep(0.2)  # for the shells to have set their traps
    node.process.terminate()
    assert node.process.wait(10) == 0
    assert order.read_text().split() == ["second", "third"]
    for part in parts.values():
        assert not Path(f"/proc/{part['pid']}").exists()


def test_orphans_are_reaped_without_mistaking_them_for_parts(start: Start) -> None:
    node = start([], one=shell("(sleep 0.1 &) ; exec sleep 60"))
    node.until(lambda parts: parts["one"]["ready"])
    time.sleep(0.4)
    assert node.parts()["one"]["starts"] == 1


def test_probes(tmp_path: Path) -> None:
    assert supervisor.probe(f"file:{tmp_path}") == ""
    assert "isn't there yet" in supervisor.probe(f"file:{tmp_path}/x")
    assert f"{tmp_path}/x" in supervisor.probe(f"unix:{tmp_path}/x")
    assert "http://127.0.0.1:1/" in supervisor.probe("http://127.0.0.1:1/")


def test_a_step_of_the_preparation_that_fails_says_which() -> None:
    with pytest.raises(SystemExit, match="sh -c echo reason >&2; exit 2: reason"):
        supervisor.prepare([["true"], ["sh", "-c", "echo reason >&2; exit 2"]])
