"""The live tree of a terminal, and where there is none."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.display import choose
from engine.display.lines import Display
from engine.display.tree import Tree
from engine.provider import Diff
from engine.resource.state import State
from tests.engine.world import World

ROOT = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"
COMPONENT = "urn:pulumi:dev::demo::demo:index:Group::group"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def state(name: str, parent: str = ROOT, **fields: Any) -> State:
    urn = parent if name == "demo-dev" else f"urn:pulumi:dev::demo::fake:index:Thing::{name}"
    return State(urn, "fake:index:Thing", True, parent=parent, **fields)


def tree(*, preview: bool = False, height: int = 24, width: int = 100) -> tuple[Tree, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=True, color_system=None)
    return Tree(preview, console=console, hidden=frozenset({"hunter2"})), out


def shown(out: io.StringIO) -> str:
    """What was written, control sequences aside."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", out.getvalue())


def drawn(display: Tree) -> str:
    with display._console.capture() as capture:
        display._console.print(display._drawn())
    return re.sub(r" +\n", "\n", capture.get())


def test_rows_are_below_their_parents() -> None:
    display, out = tree()
    display.finished(Step(ops.SAME, State(ROOT, "pulumi:pulumi:Stack", False), None), 0.0, ())
    display.finished(Step(ops.SAME, State(COMPONENT, "demo:index:Group", False, parent=ROOT), None), 0.0, ())
    display.finished(Step(ops.SAME, state("quiet"), None), 0.0, ())
    display.started(Step(ops.CREATE, state("b", COMPONENT)))
    display.started(Step(ops.UPDATE, state("a", inputs={"x": 2, "y": 1}), state("a", inputs={"x": 1})))
    display.status(Step(ops.CREATE, state("b", COMPONENT)), "1/2 ready, with hunter2\x1b[2J")
    text = drawn(display)
    assert [" ".join(line.split()[:3]) for line in text.splitlines()[1:]] == [
        "pulumi:pulumi:Stack demo-dev", "├─ demo:index:Group group", "+ │ └─", "~ └─ fake:index:Thing", "2 under way,",
    ]  # fmt: skip
    assert "creating (0s)..." in text
    assert "1/2 ready, with [secret] [2J" in text
    assert "quiet" not in text
    display.finished(Step(ops.UPDATE, state("a", inputs={"x": 2, "y": 1}), state("a", inputs={"x": 1})), 1.5, ("note",))
    display.failed(Step(ops.CREATE, state("b", COMPONENT)), "no room\nmore")
    display.begin({})
    display.diagnostics(["no room\nmore"])
    display.summary({}, {})
    last = shown(out)
    assert re.search(r"~ +└─ fake:index:Thing +a +updated \(1\.5s\) +\[diff: ~x,\+y\]; note", last)
    assert re.search(r"\+ +│  └─ fake:index:Thing +b +creating failed +no room *\n", last)
    assert last.index("creating failed") < last.index("Diagnostics:") < last.index("Resources:")
    assert "hunter2" not in last


def test_a_delete_tells_of_what_is_inside_first() -> None:
    display, _ = tree()
    group = State(COMPONENT, "demo:index:Group", False, parent=ROOT)
    display.finished(Step(ops.DELETE, state("a", COMPONENT), state("a", COMPONENT)), 0.1, ())
    display.finished(Step(ops.DELETE, group, group), 0.0, ())
    stack = State(ROOT, "pulumi:pulumi:Stack", False)
    display.finished(Step(ops.DELETE, stack, stack), 0.0, ())
    assert [" ".join(line.split()[:3]) for line in drawn(display).splitlines()[1:4]] == [
        "- pulumi:pulumi:Stack demo-dev", "- └─ demo:index:Group", "- └─ fake:index:Thing",
    ]  # fmt: skip


def test_a_plan_ends_with_what_changes() -> None:
    display, out = tree(preview=True)
    display.begin({})
    old, new = state("a", inputs={"x": 1}), state("a", inputs={"x": 2})
    step = Step(ops.UPDATE, new, old, Diff(changes=True, changed=("x",)))
    display.started(step)
    display.finished(step, 0.0, ())
    display.say("said meanwhile")
    display.summary({"n": 1}, {})
    text = shown(out)
    assert " ~  fake:index:Thing a update\n      ~ x: 1 => 2\nOutputs:\n    + n: 1\nResources:\n" in text
    assert "said meanwhile" in text
    assert re.search(r"Duration: \d+\.\ds\n\Z", out.getvalue())
    assert out.getvalue().count("\x1b[?25l") == out.getvalue().count("\x1b[?25h"), "the cursor is back"


def test_a_tree_that_is_too_high_shows_what_is_under_way() -> None:
    display, _ = tree(height=10)
    for number in range(30):
        display.started(Step(ops.CREATE, state(f"made{number}")))
        if number != 3:
            display.finished(Step(ops.CREATE, state(f"made{number}")), 0.1, ())
    text = drawn(display)
    assert len(text.splitlines()) <= 9
    assert "made3 " in text
    assert "made29" in text
    assert "1 under way, 29 done" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("preview", [True, False])
def test_what_is_waited_for_takes_no_room_from_what_is_done(width: int, preview: bool) -> None:
    display, _ = tree(width=width, preview=preview)
    step = Step(ops.CREATE, state("a-long-name-名前-" + "x" * 100))
    display.started(step)
    if preview:
        display.finished(step, 0.0, ("not server-checked: " + "why " * 50,))
    else:
        display.status(step, "0 of 1 new pods available (" + "why " * 50)
    head, _, line = drawn(display).splitlines()[:3]
    assert head.split()[:3] == ["Type", "Name", "Plan" if preview else "Status"]
    assert re.match(r" \+ +\S.* +a-lo.*… +" + ("create " if preview else r"creating \(0s\)\.\.\. "), line)
    assert ("0 of 1 new" in line) == (width > 40 and not preview)
    assert cell_len(line) <= width


@pytest.mark.parametrize(
    ("environment", "terminal", "colour", "kind"),
    [
        ({"TERM": "xterm"}, True, "auto", Tree), ({"TERM": "xterm"}, False, "auto", Display),
        ({"TERM": "xterm", "CI": "true"}, True, "auto", Display),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, "auto", Display),
        ({"TERM": "xterm"}, True, "never", Display), ({"TERM": "dumb"}, True, "auto", Display),
        ({"TERM": "xterm"}, False, "always", Display),
    ],
)  # fmt: skip
def test_where_there_is_a_tree(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], terminal: bool, colour: str, kind: type
) -> None:
    for name in ("TERM", "CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", Terminal() if terminal else io.StringIO())
    display = choose(True, json=False, diff=False, colour=colour, hidden=frozenset())
    assert type(display) is kind
    plain = colour != "always" and (not terminal or environment["TERM"] == "dumb" or "NO_COLOR" in environment)
    assert (display.paint("x", "31") == "x") == (plain or colour == "never")


def test_on_a_terminal(world: World) -> None:
    world.program("""Thing("a", wait=0.5, opts=Opts(parent=Group("group")))""")
    environment = {**world.environment, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(world.project)
        words = [sys.executable, "-m", "tests.engine.launcher", "up", "--skip-preview"]
        os.execve(sys.executable, words, environment)  # noqa: S606
    written = b""
    while True:
        try:
            chunk = os.read(terminal, 1 << 16)
        except OSError:  # what Linux answers when the other side is closed
            break
        if not chunk:
            break
        written += chunk
    os.close(terminal)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", written.decode())
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, text
    assert re.search(r"\+ +   └─ fake:index:Thing +a +creating \(0s\)\.\.\. +0/1 ready", text)
    assert re.search(r"\+ +   └─ fake:index:Thing +a +created \(0\.\ds\)", text)
    assert text.endswith("s\n")
    assert "Traceback" not in text
