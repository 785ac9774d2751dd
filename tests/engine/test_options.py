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


def test_targets_limit_the_steps(world: World) -> None:
    world.program("""
        Thing("a", v=1)
        Thing("b", v=1)
    """)
    world.up()
    world.calls()
    urn = world.resources()["a"]["urn"]
    world.program("""
        Thing("a", v=2)
        Thing("b", v=2)
        Thing("new")
    """)
    world.up("--target", urn)
    assert world.calls() == ["update a"]
    assert world.resources()["b"]["inputs"]["v"] == 1
    ended = world.run("destroy", "--yes", "--target", urn)
    assert ended.code == 0, ended.text
    assert world.calls() == ["delete a"]
    assert "b" in world.resources()


def test_a_target_may_be_a_pattern_and_leaves_other_components_out(world: World) -> None:
    world.program("""
        class Group(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("demo:index:Group", name)
                Thing(f"{name}-a", opts=pulumi.ResourceOptions(parent=self))
                self.register_outputs({"name": name})

        Group("g")
        Group("h")
    """)
    world.up("--target", "urn:pulumi:dev::demo::demo:index:Group::g", "--target", "**$fake:index:Thing::g-*")
    assert world.calls() == ["create g-a"]
    assert {"g", "g-a"} <= world.resources().keys()
    assert not {"h", "h-a"} & world.resources().keys()
    world.up()
    assert world.calls() == ["create h-a"]


def test_a_targeted_update_keeps_dependencies_before_dependents(world: World) -> None:
    world.program("""
        old = Thing("old")
        Thing("b", of=old.name)
        Thing("a", v=1)
    """)
    world.up()
    urn = world.resources()["a"]["urn"]
    world.program("""
        Thing("b")
        Thing("a", v=2)
    """)
    world.up("--target", urn)
    world.calls()
    names = [raw["urn"].split("::")[3] for raw in world.latest()["resources"]]
    assert names.index("old") < names.index("b")
    world.up()
    assert world.calls() == ["update b", "delete old"]
