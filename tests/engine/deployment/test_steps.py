"""Create, update, replace and delete, through the real SDK."""

from __future__ import annotations

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)


def test_creates_updates_and_deletes_in_dependency_order(world: World) -> None:
    world.program("""
        a = Thing("a", size=pulumi.Config().require_int("size"))
        b = Thing("b", of=a.name)
        Thing("c", of=b.name)
        pulumi.export("name", a.name)
    """)
    ended = world.up()
    assert world.calls() == ["create a", "create b", "create c"]
    assert "+ 4 created" in ended.out
    assert world.resources()["b"]["inputs"]["of"] == world.resources()["a"]["id"]
    assert world.resources()["demo-dev"]["outputs"] == {"name": world.resources()["a"]["id"]}

    assert world.run("config", "set", "size", "2").code == 0
    ended = world.up()
    assert world.calls() == ["update a"]
    assert "~ size: 1 => 2" in ended.out
    assert "~ 1 updated" in ended.out
    assert "3 unchanged" in ended.out

    world.program("""a = Thing("a", size=2)""")
    ended = world.up()
    assert world.calls() == ["delete c", "delete b"]
    assert len(world.objects()) == 1

    ended = world.run("destroy", "--yes")
    assert ended.code == 0
    assert world.calls() == ["delete a"]
    assert world.objects() == []
    assert "resources" not in world.latest()


def test_a_preview_changes_nothing(world: World) -> None:
    world.program("""
        a = Thing("a")
        pulumi.export("token", a.token)
        Thing("b", of=a.token)
    """)
    before = world.checkpoint.read_bytes()
    ended = world.run("preview")
    assert ended.code == 0, ended.text
    assert "+ 3 to create" in ended.out
    assert "token: output<computed>" in ended.out
    assert world.calls() == []
    assert world.checkpoint.read_bytes() == before


def test_a_second_run_changes_nothing(world: World) -> None:
    world.program("""
        g = Group("g")
        a = Thing("a", list=[1, 2.5, True, None, "x"], nested={"k": {"l": 3}}, opts=Opts(parent=g))
        g.register_outputs({"n": a.name})
    """)
    world.up()
    world.calls()
    before = world.checkpoint.read_bytes()
    ended = world.run("up", "--yes", "--expect-no-changes")
    assert ended.code == 0, ended.text
    assert world.calls() == []
    assert world.checkpoint.read_bytes() == before
    assert world.resources()["a"]["inputs"]["list"] == [1, 2.5, True, None, "x"]


def test_expect_no_changes_fails_on_a_change(world: World) -> None:
    world.program("""Thing("a")""")
    ended = world.run("preview", "--expect-no-changes")
    assert ended.code == 7
    assert "no changes were expected but changes occurred: 2 create" in ended.err


def test_the_preview_and_the_update_choose_the_same_name(world: World) -> None:
    world.program("""pulumi.export("name", Thing("a").name)""")
    ended = world.run("up", "--yes")
    assert ended.code == 0, ended.text
    (name,) = world.objects()
    assert ended.out.count(f'name: "{name}"') == 2


def test_a_replace_creates_first_and_deletes_last(world: World) -> None:
    world.program("""
        a = Thing("a", frozen=1)
        Thing("b", of=a.name)
    """)
    world.up()
    world.calls()
    (old,) = [name for name in world.objects() if name.startswith("a-")]
    world.program("""
        a = Thing("a", frozen=2)
        Thing("b", of=a.name)
    """)
    ended = world.up()
    assert world.calls() == ["create a", "update b", "delete a"]
    assert "~ frozen: 1 => 2 (replaces)" in ended.out
    assert "+- 1 replaced" in ended.out
    assert old not in world.objects()
    assert len(world.objects()) == 2


@pytest.mark.parametrize("by", ["provider", "option"])
def test_a_replace_that_deletes_first_takes_its_dependents_along(world: World, by: str) -> None:
    first = "first=True" if by == "provider" else "opts=Opts(delete_before_replace=True)"
    template = f"""
        a = Thing("a", frozen={{frozen}}, {first})
        b = Thing("b", frozen=a.name)
        Thing("c", of=b.name)
        Thing("d", name="d")
    """
    world.program(template.format(frozen=1))
    world.up()
    world.calls()
    world.program(template.format(frozen=2))
    ended = world.up()
    assert world.calls() == ["delete b", "delete a", "create a", "create b", "update c"]
    assert "+- 2 replaced" in ended.out
    assert len(world.objects()) == 4
    assert not any(raw.get("pendingReplacement") for raw in world.latest()["resources"])


@pytest.mark.parametrize(
    ("b", "calls"),
    [
        (
            """Thing("b", of=a.name, opts=Opts(replace_on_changes=["of"]))""",
            ["delete b", "delete a", "create a", "create b"],
        ),
        ("""Thing("b", frozen=a.name, opts=Opts(ignore_changes=["frozen"]))""", ["delete a", "create a"]),
    ],
)
def test_dependents_go_along_as_their_options_say(world: World, b: str, calls: list[str]) -> None:
    for frozen in (1, 2):
        world.calls()
        world.program(f"""
            a = Thing("a", frozen={frozen}, first=True)
            {b}
        """)
        world.up()
    assert world.calls() == calls


def test_a_dependent_is_made_again_as_the_program_says(world: World) -> None:
    for number in (1, 2):
        world.program(f"""
            a = Thing("a", frozen={number}, first=True)
            Thing("b", frozen=a.name, v={number}, opts=Opts(ignore_changes=["v"]))
        """)
        world.up()
    assert world.resources()["b"]["inputs"]["v"] == 2


def test_a_dependent_that_is_one_no_more_is_made_again_while_it_is_deleted(world: World) -> None:
    world.program("""
        a = Thing("a", frozen=1, first=True)
        Thing("b", frozen=a.name, slow_delete=0.5)
    """)
    world.up()
    world.calls()
    world.program("""
        Thing("a", frozen=2, first=True)
        Thing("b", frozen=1)
    """)
    world.up()
    assert sorted(world.calls()) == ["create a", "create b", "delete a", "delete b"]
    assert {raw.get("id") for raw in world.resources().values()} >= {*world.objects()}
    assert len(world.objects()) == 2


def test_replace_on_changes_and_ignore_changes(world: World) -> None:
    world.program("""
        Thing("a", tags={"x": 1, "y": 1}, opts=Opts(replace_on_changes=["tags"]))
        Thing("b", tags={"x": 1, "y": 1}, opts=Opts(ignore_changes=["tags.x"]))
        Thing("c", tags=1, opts=Opts(ignore_changes=["tags"]))
    """)
    world.up()
    world.calls()
    world.program("""
        Thing("a", tags={"x": 2, "y": 1}, opts=Opts(replace_on_changes=["tags"]))
        Thing("b", tags={"x": 2, "y": 2}, opts=Opts(ignore_changes=["tags.x"]))
        Thing("c", tags=2, opts=Opts(ignore_changes=["tags"]))
    """)
    world.up()
    assert sorted(world.calls()) == ["create a", "delete a", "update b"]
    assert world.resources()["b"]["inputs"]["tags"] == {"x": 1, "y": 2}
    assert world.resources()["c"]["inputs"]["tags"] == 1


def test_depends_on_orders_steps(world: World) -> None:
    world.program("""
        a = Thing("a", wait=0.3)
        b = Thing("b", opts=Opts(depends_on=[a]))
        g = Group("g")
        c = Thing("c", wait=0.3, opts=Opts(parent=g, depends_on=[b]))
        Thing("d", opts=Opts(depends_on=[g]))
    """)
    world.up()
    assert world.calls() == ["create a", "create b", "create c", "create d"]
    urn = world.resources()["a"]["urn"]
    assert world.resources()["b"]["dependencies"] == [urn]
    assert world.run("destroy", "--yes").code == 0
    assert world.calls() == ["delete d", "delete c", "delete b", "delete a"]


def test_independent_steps_run_side_by_side(world: World) -> None:
    world.program("""
        for index in range(20):
            Thing(f"t{index}", wait=1)
    """)
    ended = world.up()
    duration = float(ended.out.rsplit("Duration: ", 1)[1].rstrip("s\n"))
    assert duration < 8
    assert len(world.objects()) == 20
