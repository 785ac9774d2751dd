"""Drift in a preview: told apart from the program's changes, and in nobody's way."""

from __future__ import annotations

import json

import pytest

from tests.engine.world import World


def change(world: World, name: str, **values: object) -> None:
    """Changes an object in the cloud behind the engine's back; None takes a key out."""
    file = world.cloud / f"{name}.json"
    found = {**json.loads(file.read_text()), **values}
    file.write_text(json.dumps({key: value for key, value in found.items() if value is not None}))


def test_drift_is_a_section_of_its_own_and_no_change(world: World) -> None:
    world.program("""Thing("a", name="a", size=1); Thing("b", name="b", size=1); Thing("c", name="c", size=1)""")
    world.up()
    change(world, "a", size=2)
    (world.cloud / "b.json").unlink()
    ended = world.run("preview", "--expect-no-changes")
    assert (ended.code, ended.err) == (0, "")
    section = ended.out[ended.out.index("Drift") :]
    assert "fake:index:Thing a\n      size: 1 -> 2 (by somebody)\n" in section
    assert "fake:index:Thing b\n      is missing" in section
    assert "fake:index:Thing c" not in ended.out
    assert "4 unchanged" in ended.out

    world.calls()
    assert "Drift" not in world.up("--expect-no-changes").out
    assert world.calls() == [], "an update neither looks nor touches"


def test_a_refresh_before_an_update_puts_it_back(world: World) -> None:
    world.program("""Thing("a", name="a", size=1)""")
    world.up()
    change(world, "a", size=2)
    found = world.run("preview", "--refresh").out
    assert "1 to update" in found
    assert "Drift" not in found
    world.up("--refresh")
    assert json.loads((world.cloud / "a.json").read_text())["size"] == 1
    assert "Drift" not in world.run("preview").out


def test_the_drift_of_what_the_program_changes_is_told_too(world: World) -> None:
    world.program("""Thing("a", name="a", size=1, color="red")""")
    world.up()
    change(world, "a", color="blue")
    world.program("""Thing("a", name="a", size=2, color="red")""")
    ended = world.run("preview")
    assert "~ size: 1 => 2" in ended.out
    assert "      color: red -> blue (by somebody)" in ended.out
    assert "color" not in ended.out[: ended.out.index("Drift")]
    assert "1 to update" in ended.out


def test_what_is_ignored_or_no_target_is_not_looked_at(world: World) -> None:
    world.program("""Thing("a", name="a", size=1, opts=Opts(ignore_changes=["size"])); Thing("b", name="b", size=1)""")
    world.up()
    change(world, "a", size=2)
    change(world, "b", size=2)
    found = world.run("preview").out
    assert "fake:index:Thing a" not in found
    assert "fake:index:Thing b" in found
    assert "Drift" not in world.run("preview", "--target", "**Thing::a").out


def test_an_unchanged_object_that_would_be_refused_fails_the_preview(world: World) -> None:
    world.program("""Thing("a", name="a"); Thing("b", name="b"); Thing("c", name="c")""")
    world.up()
    change(world, "a", forbidden=True)
    change(world, "c", forbidden=True)
    ended = world.run("preview")
    assert ended.code != 0
    assert "  fake:index:Thing (a):\n    error: a is refused\n" in ended.out
    assert "error: c is refused" in ended.text
    assert "preview failed" in ended.text


def test_what_a_failed_update_left_is_no_drift(world: World) -> None:
    world.program("""Thing("a", size=1)""")
    world.up()
    world.program("""Thing("a", size=2, fail="unready")""")
    assert world.run("up", "--yes").code == 1
    world.program("""Thing("a", size=2)""")
    shown = world.run("preview").out
    assert "~ size: 1 => 2" in shown
    assert "Drift" not in shown


@pytest.mark.parametrize(("count", "line"), [(1, "fake:index:Thing t0 unchanged"), (6, "6 resources unchanged")])
def test_what_cannot_be_looked_at_says_so(world: World, count: int, line: str) -> None:
    world.program(f"""for n in range({count}): Thing(f"t{{n}}", name=f"t{{n}}", unseen="the cluster is away")""")
    world.up()
    ended = world.run("preview")
    assert ended.code == 0
    assert f"   {line} [not server-checked: the cluster is away]\n" in ended.out


def test_json_has_the_drift_among_the_diagnostics(world: World) -> None:
    world.program("""Thing("a", name="a", size=1)""")
    world.up()
    change(world, "a", size=2)
    ended = world.run("preview", "--json")
    digest = json.loads(ended.out)
    [message] = [one["message"] for one in digest["diagnostics"] if one["severity"] == "info"]
    assert "size: 1 -> 2 (by somebody)" in message
    assert set(digest["changeSummary"]) == {"same"}
