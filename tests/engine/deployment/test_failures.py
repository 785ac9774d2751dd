"""What fails ends the update clearly, and loses nothing."""

from __future__ import annotations

import time

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)


def test_a_failed_step_stops_new_ones_and_keeps_the_rest(world: World) -> None:
    world.program("""
        a = Thing("a")
        slow = Thing("slow", wait=1)
        bad = Thing("bad", fail="create", of=a.name)
        Thing("after", of=bad.name)
        Thing("late", of=slow.name)
    """)
    ended = world.run("up", "--yes", "--skip-preview")
    assert ended.code == 1
    assert "no room for it" in ended.out
    assert "update failed" in ended.out
    assert "Traceback" not in ended.text
    assert "Resource monitor has terminated" not in ended.text
    assert {"a", "slow"} <= world.resources().keys()
    assert not {"bad", "after", "late"} & world.resources().keys()
    assert "pending_operations" not in world.latest()
    world.calls()
    world.program("""
        a = Thing("a")
        slow = Thing("slow", wait=1)
        bad = Thing("bad", of=a.name)
    """)
    world.up()
    assert world.calls() == ["create bad"]


def test_an_object_that_never_gets_ready_is_on_record_and_updated_next(world: World) -> None:
    world.program("""Thing("a", fail="late")""")
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "it never got ready" in ended.out
    assert world.resources()["a"]["initErrors"] == ["not ready"]
    assert len(world.objects()) == 1
    world.calls()
    world.program("""Thing("a", fail="")""")
    world.up()
    assert world.calls() == ["update a"]
    assert "initErrors" not in world.resources()["a"]


def test_init_errors_alone_make_an_update(world: World) -> None:
    world.program("""Thing("a", fail="late")""")
    assert world.run("up", "--yes").code == 1
    world.calls()
    ended = world.up()
    assert world.calls() == ["update a"]
    assert "~ 1 updated" in ended.out


def test_init_errors_replace_where_every_change_does(world: World) -> None:
    world.program("""Thing("a", fail="late", opts=Opts(replace_on_changes=["*"]))""")
    assert world.run("up", "--yes").code == 1
    ended = world.run("preview")
    assert "+- 1 to replace" in ended.out


def test_a_failing_program_deletes_nothing(world: World) -> None:
    world.program("""
        Thing("a")
        Thing("b")
    """)
    world.up()
    world.calls()
    world.program("""
        Thing("a", v=2)
        raise ValueError("out of luck")
    """)
    ended = world.run("up", "--yes", "--skip-preview")
    assert ended.code == 1
    assert "out of luck" in ended.out
    assert '__main__.py", line 4' in ended.out
    assert "runpy" not in ended.out
    assert world.calls() == ["update a"]
    assert "b" in world.resources()
    assert len(world.objects()) == 2


def test_a_run_error_shows_only_its_message(world: World) -> None:
    world.program("""
        Thing("a")
        raise pulumi.RunError("set the key x")
    """)
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "error: set the key x" in ended.out
    assert "Traceback" not in ended.text
    assert world.calls() == []


def test_an_exit_of_the_program_deletes_nothing(world: World) -> None:
    world.program("""Thing("a")""")
    world.up()
    world.program("""
        import os
        os._exit(3)
    """)
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "exited with code 3" in ended.out
    assert len(world.objects()) == 1


def test_long_lines_are_shown(world: World) -> None:
    world.program("""print("x" * 200_000 + "end", end="")""")
    assert "xend\n" in world.run("preview").out


def test_the_program_s_own_ending_is_kept(world: World) -> None:
    world.program("""
        import atexit, threading, time
        atexit.register(print, "at exit")
        threading.Thread(target=lambda: (time.sleep(0.3), print("thread"))).start()
    """)
    ended = world.run("preview")
    assert ended.code == 0
    assert ended.out.index("thread") < ended.out.index("at exit")


def test_what_the_program_prints_and_logs_is_shown(world: World) -> None:
    world.program("""
        import sys
        print("to stdout")
        print("to stderr", file=sys.stderr)
        pulumi.log.info("to know")
        pulumi.log.warn("to mind")
        pulumi.log.debug("to skip")
    """)
    ended = world.run("preview")
    assert ended.code == 0
    for line in ("    to stdout", "    to stderr", "info: to know", "warning: to mind"):
        assert line in ended.out
    assert "to skip" not in ended.out


def test_a_logged_error_alone_does_not_fail_the_update(world: World) -> None:
    """As with the CLI."""
    world.program("""
        Thing("a")
        pulumi.log.error("this is bad")
    """)
    ended = world.run("up", "--yes", "--skip-preview")
    assert ended.code == 0
    assert "error: this is bad" in ended.out


def test_a_failed_delete_is_tried_again(world: World) -> None:
    world.program("""Thing("a", frozen=1, fail="delete")""")
    world.up()
    world.calls()
    world.program("""Thing("a", frozen=2)""")
    ended = world.run("up", "--yes", "--skip-preview")
    assert ended.code == 1
    assert "it cannot be deleted" in ended.out
    states = [raw for raw in world.latest()["resources"] if raw["type"] == "fake:index:Thing"]
    assert [raw.get("delete", False) for raw in states] == [False, True]
    assert len(world.objects()) == 2
    # mend the object that could not be deleted, in the state: its recorded inputs direct the fake provider
    world.checkpoint.write_text(world.checkpoint.read_text().replace('"fail":"delete"', '"fail":""'))
    world.calls()
    ended = world.up()
    assert world.calls() == ["delete a"]
    assert len(world.objects()) == 1


def test_invalid_inputs_name_the_property(world: World) -> None:
    world.program("""Thing("a", bad=True)""")
    ended = world.run("preview")
    assert ended.code == 1
    assert "fake:index:Thing resource 'a' is not valid:" in ended.out
    assert "bad: must not be true" in ended.out


def test_the_same_name_twice(world: World) -> None:
    world.program("""
        Thing("a")
        Thing("a")
    """)
    ended = world.run("preview")
    assert ended.code == 1
    assert "Duplicate resource URN" in ended.out


def test_a_provider_that_cannot_be_configured(world: World) -> None:
    world.program("""
        cloud = Cloud("mine", refuse=True)
        Thing("a", opts=Opts(provider=cloud))
    """)
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "the cloud refuses this account" in ended.out
    assert "Traceback" not in ended.text


def test_a_program_that_is_not_there(world: World) -> None:
    (world.project / "__main__.py").unlink(missing_ok=True)
    ended = world.run("preview")
    assert ended.code == 78
    assert "there is no program at" in ended.err


def test_a_failed_preview_stops_the_update_quickly(world: World) -> None:
    world.program("""
        bad = Thing("bad", bad=True)
        Thing("after", of=bad.name)
    """)
    began = time.monotonic()
    assert world.run("up", "--yes").code == 1
    assert time.monotonic() - began < 9  # less than the time given to a program that does not exit
    assert world.calls() == []
