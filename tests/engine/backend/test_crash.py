"""Killed or interrupted at any moment, the next update converges."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.engine.world import World, end, until

pytestmark = pytest.mark.timeout(90)


def _processes(folder: Path) -> list[str]:
    """The command lines of the programs that run in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(folder) in line and "program/host.py" in line:
                found.append(line)
    return found


def test_kill_in_mid_create_then_up(world: World) -> None:
    world.program("""
        a = Thing("a")
        b = Thing("b", wait=30, of=a.name)
        Thing("c", of=b.name)
    """)
    process = world.start("up", "--skip-preview")
    until(lambda: [name for name in world.objects() if name.startswith("b-")], "the object b")
    process.kill()
    assert end(process).code == -signal.SIGKILL
    until(lambda: not _processes(world.project), "the end of the program")
    pending = world.latest()["pending_operations"]
    assert [item["type"] for item in pending] == ["creating"]
    assert pending[0]["resource"]["inputs"]["wait"] == 30
    assert "a" in world.resources()
    before = world.objects()

    world.program("""
        a = Thing("a")
        b = Thing("b", wait=0, of=a.name)
        Thing("c", of=b.name)
    """)
    ended = world.run("up", "--yes")
    assert ended.code == 0, ended.text
    assert "which is dead, is removed" in ended.out
    assert "the last update was interrupted while it was creating" in ended.out
    assert set(before) <= set(world.objects())
    assert len(world.objects()) == 3
    assert "pending_operations" not in world.latest()
    assert "Traceback" not in ended.text


@pytest.mark.parametrize("command", ["up", "destroy"])
def test_what_a_killed_create_made_is_deleted_when_it_is_not_wanted_any_more(world: World, command: str) -> None:
    world.program("""Thing("a", wait=30)""")
    process = world.start("up", "--skip-preview")
    until(world.objects, "the object a")
    process.kill()
    end(process)
    world.program("")
    ended = world.run(command, "--yes")
    assert ended.code == 0, ended.text
    assert world.objects() == []
    assert "pending_operations" not in world.latest()


@pytest.mark.parametrize("change", ["""Thing("a", slow_delete=30, wait=30)""", ""], ids=["updating", "deleting"])
def test_what_a_killed_run_was_changing_is_put_right_though_the_program_is_as_before(world: World, change: str) -> None:
    world.program("""Thing("a", slow_delete=30)""")
    world.up()
    world.program(change)
    process = world.start("up", "--skip-preview")
    until(lambda: world.latest().get("pending_operations"), "the step")
    process.kill()
    end(process)
    world.program("""Thing("a", slow_delete=30)""")
    assert "~  fake:index:Thing a update" in world.run("preview").out
    world.up()
    assert "pending_operations" not in world.latest()
    assert world.run("preview", "--expect-no-changes").code == 0


_BEFORE = """
    a = Thing("a", v=1)
    b = Thing("b", frozen=1, of=a.name)
    c = Thing("c", frozen=1, first=True)
    Thing("d", frozen=c.name)
    Thing("gone", of=b.name)
"""
_AFTER = """
    a = Thing("a", v=2)
    b = Thing("b", frozen=2, of=a.name)
    c = Thing("c", frozen=2, first=True)
    Thing("d", frozen=c.name)
    Thing("new", of=b.name)
"""


@pytest.mark.parametrize(("moment", "number"), [("KILL_BEFORE", 3), ("KILL_AFTER", 5)])
def test_kill_at_a_write_of_the_checkpoint(world: World, moment: str, number: int) -> None:
    """The next update ends with exactly the objects that the program wants; test_kills.py does it at every moment."""
    world.program(_BEFORE)
    world.up()
    world.program(_AFTER)
    killed = world.run("up", "--skip-preview", **{moment: str(number)})
    assert killed.code == -signal.SIGKILL, killed.text
    until(lambda: not _processes(world.project), "the end of the program")
    ended = world.run("up", "--yes")
    assert ended.code == 0, killed.text + ended.text
    names = sorted(name.rpartition("-")[0] for name in world.objects())
    assert names == ["a", "b", "c", "d", "new"]
    assert set(world.objects()) == {
        raw["id"] for raw in world.resources().values() if raw["type"] == "fake:index:Thing"
    }
    assert not any(raw.get("delete") or raw.get("pendingReplacement") for raw in world.latest()["resources"])
    assert not list((world.folder / "state/.pulumi/locks").rglob("*.json"))
    assert world.run("preview", "--expect-no-changes").code == 0


def test_kill_in_mid_replace_then_up(world: World) -> None:
    world.program("""Thing("a", frozen=1)""")
    world.up()
    world.program("""Thing("a", frozen=2, wait=5)""")
    process = world.start("up", "--skip-preview")
    until(lambda: len(world.objects()) == 2, "the new object")
    process.kill()
    end(process)
    ended = world.run("up", "--yes")
    assert ended.code == 0, ended.text
    assert len(world.objects()) == 1


def test_kill_in_mid_delete_then_destroy(world: World) -> None:
    world.program("""
        for index in range(3):
            Thing(f"t{index}", slow_delete=30)
    """)
    world.up()
    process = world.start("destroy", "--yes", "--skip-preview")
    until(lambda: "pending_operations" in world.checkpoint.read_text(), "a delete")
    process.kill()
    end(process)
    world.checkpoint.write_text(world.checkpoint.read_text().replace('"slow_delete":30', '"slow_delete":0'))
    ended = world.run("destroy", "--yes")
    assert ended.code == 0, ended.text
    assert world.objects() == []


def test_ctrl_c_lets_running_steps_end(world: World) -> None:
    world.program("""
        a = Thing("a", wait=2)
        Thing("b", of=a.name)
    """)
    process = world.start("up", "--skip-preview")
    until(world.objects, "the object a")
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.code == 130
    assert "interrupted: no new step starts" in ended.out
    assert "Traceback" not in ended.text
    assert "a" in world.resources()
    assert "b" not in world.resources()
    assert "pending_operations" not in world.latest()
    assert not list((world.folder / "state/.pulumi/locks").rglob("*.json"))
    until(lambda: not _processes(world.project), "the end of the program")
    world.up()
    assert len(world.objects()) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(world: World, number: int) -> None:
    world.program("""Thing("a", wait=60)""")
    process = world.start("up", "--skip-preview")
    until(world.objects, "the object a")
    process.send_signal(number)
    assert process.stdout is not None
    while "interrupted" not in process.stdout.readline():
        pass
    process.send_signal(number)
    ended = end(process, timeout=10)
    assert ended.code == 130
    assert [item["type"] for item in world.latest()["pending_operations"]] == ["creating"]
    world.program("""Thing("a", wait=0)""")
    world.up()
    assert len(world.objects()) == 1


def test_ctrl_c_in_a_preview(world: World) -> None:
    world.program("""
        import time
        time.sleep(60)
    """)
    process = world.start("preview")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert end(process, timeout=15).code == 130
    until(lambda: not _processes(world.project), "the end of the program")


def test_writes_do_not_grow_with_the_number_of_resources(world: World) -> None:
    world.program("""
        for index in range(60):
            Thing(f"t{index}")
    """)
    world.up()
    writes = int((world.cloud / "writes").read_text())
    assert writes < 40
