"""--target: what is left out stays as it was, and the state whole."""

from __future__ import annotations

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)

URN = "urn:pulumi:dev::demo::"
RETYPED = """
    class Team(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("demo:index:Team", name, None, opts)
    g = Team("g", opts=Opts(aliases=[pulumi.Alias(type_="demo:index:Group")]))
"""


def whole(world: World) -> bool:
    """Whether the CLI would take the state: all that a resource refers to precedes it, and its parent is in its URN."""
    seen: set[str] = set()
    for raw in world.latest()["resources"]:
        parent = raw.get("parent", "")
        needed = {
            *raw.get("dependencies", ()),
            *filter(None, (parent, raw.get("deletedWith"))),
            *filter(None, [raw.get("provider", "").rpartition("::")[0]]),
        }
        needed |= {urn for urns in raw.get("propertyDependencies", {}).values() for urn in urns or ()}
        chain = parent.split("::")[2] + "$" if parent and "pulumi:pulumi:Stack" not in parent else ""
        if needed - seen or raw["urn"].split("::")[2] != chain + raw["type"]:
            return False
        seen.add(raw["urn"])
    return True


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


def test_what_is_left_out_keeps_what_it_needs(world: World) -> None:
    world.program("""
        a = Thing("a")
        Thing("b", opts=Opts(depends_on=[a]))
    """)
    world.up()
    world.calls()
    world.program("""Thing("b")""")
    world.up("--target", f"{URN}fake:index:Thing::a")
    assert world.calls() == []
    assert whole(world)
    world.up()
    assert world.calls() == ["delete a"]


@pytest.mark.parametrize("target", ["fake:index:Thing::a", "demo:index:Group::g", "pulumi:providers:fake::p"])
@pytest.mark.parametrize("command", ["up", "destroy"])
def test_a_target_is_not_deleted_from_under_others(world: World, command: str, target: str) -> None:
    world.program("""
        p = Cloud("p")
        g = Group("g")
        a = Thing("a", opts=Opts(provider=p))
        Thing("b", opts=Opts(provider=p, parent=g, depends_on=[a]))
    """)
    world.up()
    world.calls()
    world.program("")
    ended = world.run(command, "--yes", "--target", URN + target)
    assert ended.code == 1
    assert f"the target {URN}{target} cannot be deleted alone: {URN}" in ended.out
    assert world.calls() == []
    assert whole(world)


def test_a_dependent_that_was_deleted_is_made_again_though_it_is_left_out(world: World) -> None:
    template = """
        a = Thing("a", frozen={frozen}, first=True)
        Thing("b", frozen=a.name)
    """
    world.program(template.format(frozen=1))
    world.up()
    world.calls()
    world.program(template.format(frozen=2))
    world.up("--target", f"{URN}fake:index:Thing::a")
    assert world.calls() == ["delete b", "delete a", "create a", "create b"]
    assert whole(world)


def test_a_target_that_is_nowhere(world: World) -> None:
    world.program("""Thing("a", v=1)""")
    world.up()
    for command in ("up", "preview", "destroy"):
        ended = world.run(
            command, *([] if command == "preview" else ["--yes"]), "--target", f"{URN}fake:index:Thing::b"
        )
        assert ended.code == 1
        assert f"the target {URN}fake:index:Thing::b is neither in the stack nor in the program" in ended.out
        assert world.run(command, *([] if command == "preview" else ["--yes"]), "--target", "**::nobody*").code == 0
    assert world.objects()


def test_what_is_left_out_keeps_its_name(world: World) -> None:
    world.program("""
        g = Group("g")
        Thing("a", opts=Opts(parent=g))
        Thing("z", v=1)
    """)
    world.up()
    world.calls()
    world.program(
        RETYPED
        + """
    Thing("a", opts=Opts(parent=g))
    Thing("z", v=2)
    """
    )
    world.up("--target", "**::z")
    assert world.calls() == ["update z"]
    assert world.resources()["g"]["type"] == "demo:index:Group"
    assert whole(world)
    world.up()
    assert world.calls() == []
    assert world.resources()["a"]["urn"] == f"{URN}demo:index:Team$fake:index:Thing::a"
    assert whole(world)


def test_what_is_left_out_follows_its_parent(world: World) -> None:
    world.program("""
        g = Group("g")
        k = Group("k", opts=Opts(parent=g))
        a = Thing("a", opts=Opts(parent=g))
        Thing("b", opts=Opts(parent=k))
        Thing("c", opts=Opts(deleted_with=a))
    """)
    world.up()
    world.calls()
    world.program(
        RETYPED
        + """
    Thing("a", opts=Opts(parent=g))
    """
    )
    world.up("--target", "**::g")
    assert world.calls() == []
    assert world.resources()["b"]["urn"] == f"{URN}demo:index:Team$demo:index:Group$fake:index:Thing::b"
    assert world.resources()["c"]["deletedWith"] == f"{URN}demo:index:Team$fake:index:Thing::a"
    assert whole(world)


def test_what_is_left_out_follows_what_is_renamed_and_replaced(world: World) -> None:
    world.program("""
        a = Thing("a", frozen=1)
        Thing("b", opts=Opts(depends_on=[a]))
        Thing("c", opts=Opts(depends_on=[a]))
    """)
    world.up()
    world.calls()
    world.program("""
        a = Thing("a2", frozen=2, opts=Opts(aliases=[pulumi.Alias(name="a")]))
        Thing("b", opts=Opts(depends_on=[a]))
    """)
    world.up("--target", "**::a*")
    assert world.calls() == ["create a2", "delete a2"]
    assert whole(world)


@pytest.mark.parametrize("opts", ["Opts(parent=g)", "Opts(parent=g, id='x')"])
def test_nothing_is_recorded_below_what_is_not_made(world: World, opts: str) -> None:
    (world.cloud / "x.json").write_text("{}")
    world.program(f"""
        g = Group("g")
        Thing("a", opts={opts})
    """)
    ended = world.run("up", "--yes", "--target", "**::a")
    assert ended.code == 1
    assert f"depends on {URN}demo:index:Group::g, which does not exist yet" in ended.out
    assert "a" not in world.resources()
