"""Options of resources and of commands that change which steps there are."""

from __future__ import annotations

import re

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)


def test_protected_resources_are_neither_deleted_nor_replaced(world: World) -> None:
    world.program("""Thing("a", frozen=1, opts=Opts(protect=True))""")
    world.up()
    world.program("")
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "cannot be deleted" in ended.out
    assert "because it is protected" in ended.out
    world.program("""Thing("a", frozen=2, opts=Opts(protect=True))""")
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "unable to replace resource" in ended.out
    assert world.run("destroy", "--yes").code == 1
    assert len(world.objects()) == 1
    world.program("""Thing("a", frozen=1)""")
    world.up()
    assert world.run("destroy", "--yes").code == 0
    assert world.objects() == []


def test_retain_on_delete_leaves_the_object(world: World) -> None:
    world.program("""Thing("a", opts=Opts(retain_on_delete=True))""")
    world.up()
    world.program("")
    ended = world.up()
    assert "delete a" not in world.calls()
    assert len(world.objects()) == 1
    assert "a" not in world.resources()
    assert "1 deleted" in ended.out  # so the CLI counts it
    assert "deleted [retained]" in re.sub(r" \(\S+s\)", "", ended.out)


def test_deleted_with_goes_without_a_call(world: World) -> None:
    world.program("""
        a = Thing("a")
        Thing("b", opts=Opts(deleted_with=a))
    """)
    world.up()
    world.calls()
    assert world.run("destroy", "--yes").code == 0
    assert world.calls() == ["delete a"]


def test_aliases_keep_the_object(world: World) -> None:
    world.program("""
        g = Group("g")
        Thing("g-a", opts=Opts(parent=g))
        Thing("b", of=1)
    """)
    world.up()
    world.calls()
    before = world.objects()
    world.program("""
        g = Group("h", opts=Opts(aliases=[pulumi.Alias(name="g")]))
        Thing("h-a", opts=Opts(parent=g))
        Thing("c", of=1, opts=Opts(parent=g, aliases=[pulumi.Alias(name="b", parent=None)]))
    """)
    # "b" had the stack as its parent, which adds no type to its URN
    ended = world.run("up", "--yes", "--expect-no-changes")
    assert ended.code == 0, ended.text
    assert world.calls() == []
    assert world.objects() == before
    assert {"h", "h-a", "c"} <= world.resources().keys()
    assert not {"g", "g-a", "b"} & world.resources().keys()


def test_an_alias_may_name_a_parent_that_has_one_itself(world: World) -> None:
    (world.cloud / "x.json").write_text("{}")
    world.write("kinds.py", """
        from cloud import *

        class Team(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("demo:index:Team", name, None, opts)

        class Found(pulumi.CustomResource):
            def __init__(self, name, opts=None):
                super().__init__("fake:index:Thing", name, {}, opts)
    """)  # fmt: skip
    world.program("""
        from kinds import *
        parent = Group("g")
        Thing("a", opts=Opts(parent=parent))
        Thing("b", opts=Opts(parent=parent))
        Found("r", opts=Opts(parent=parent, id="x"))
    """)
    world.up()
    world.calls()
    world.program("""
        from kinds import *
        parent = Team("g", opts=Opts(aliases=[pulumi.Alias(type_="demo:index:Group")]))
        Thing("a", opts=Opts(aliases=[pulumi.Alias(parent=parent)]))
        Thing("b", opts=Opts(parent=parent))
        Found("r", opts=Opts(parent=parent, id="x"))
    """)
    ended = world.up()
    assert world.calls() == ["read r"]
    assert "discard" not in ended.out
    urns = [raw["urn"].removeprefix("urn:pulumi:dev::demo::") for raw in world.latest()["resources"]]
    assert {"fake:index:Thing::a", "demo:index:Team$fake:index:Thing::b", "demo:index:Team$fake:index:Thing::r"} < {
        *urns
    }
    assert not any("demo:index:Group" in urn for urn in urns)
