"""What is printed where, and what happens where nobody reads it."""

from __future__ import annotations

import json
import os
import pty

import pytest

from tests.engine.world import World


def unread(world: World, *words: str) -> tuple[int, str]:
    """Runs a command whose standard output nobody reads; its exit code and what it says otherwise."""
    with world.start(*words) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read()
    return process.returncode, said


@pytest.mark.parametrize("words", [("up", "--yes"), ("up", "--yes", "--json"), ("up", "--yes", "--diff")])
def test_an_update_goes_on_when_nobody_reads_any_more(world: World, words: tuple[str, ...]) -> None:
    world.program("""for n in range(3): Thing(f"t{n}", name=f"t{n}")""")
    code, said = unread(world, *words)
    assert code == 0, said
    assert len([*world.cloud.glob("t?.json")]) == 3
    assert said == "" or "--json" in words


@pytest.mark.parametrize("words", [("stack", "export"), ("stack", "output", "--json"), ("preview", "--json"), ("-h",)])
def test_so_does_what_only_tells(world: World, words: tuple[str, ...]) -> None:
    world.program("""pulumi.export("long", "x" * 100_000)""")
    world.up()
    code, said = unread(world, *words)
    assert code in (0, 1)
    assert "rror" not in said


def test_a_question_is_no_part_of_the_json(world: World) -> None:
    world.program("""Thing("a", name="a")""")
    asked, answers = pty.openpty()
    os.write(asked, b"yes\n")
    with world.start("up", "--json", stdin=answers) as process:
        out, err = process.communicate()
    os.close(asked)
    os.close(answers)
    assert process.returncode == 0, err
    assert "Type yes or no: " in err
    plan, end = json.JSONDecoder().raw_decode(out)
    assert plan["changeSummary"] == {"create": 2}
    assert [*json.loads(out[end:].splitlines()[-1])][2] == "cancelEvent"
