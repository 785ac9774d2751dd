"""Resources that are read (`get`): what is recorded, and how they come into the stack's hands and out of them."""

from __future__ import annotations

import json

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)

_GOT = """
class Got(pulumi.CustomResource):
    v: pulumi.Output[int]
    def __init__(self, name, id, opts=None):
        super().__init__("fake:index:Thing", name, {"v": None}, Opts.merge(opts, Opts(id=id)))
"""


def _reading(world: World, program: str) -> None:
    world.program(_GOT + program)


def test_what_is_read_is_recorded_as_it_is(world: World) -> None:
    (world.cloud / "there.json").write_text('{"name": "there", "v": 7}')
    _reading(
        world,
        """
g = Group("g", Opts(protect=True))
pulumi.export("v", Got("got", "there", Opts(parent=g)).v)
""",
    )
    ended = world.up()
    assert "v: 7" in ended.out
    assert "read\n" not in ended.out.split("Resources:")[1]  # not counted, as nothing is done
    got = world.resources()["got"]
    assert (got["id"], got["external"]) == ("there", True)
    assert not got.get("inputs")
    assert got["outputs"]["v"] == 7
    assert not {"created", "protect"} & got.keys()
    assert world.run("preview", "--expect-no-changes").code == 0
    (world.cloud / "there.json").write_text('{"name": "there", "v": 8}')
    assert "> 1 read" in world.up().out
    assert world.resources()["got"]["modified"]
    (world.cloud / "there.json").unlink()
    ended = world.run("up", "--yes")
    assert ended.code == 1
    assert "resource 'there' does not exist" in ended.out


def test_a_read_is_on_record_while_it_is_under_way(world: World) -> None:
    (world.cloud / "there.json").write_text('{"name": "there", "v": 7}')
    _reading(world, """Got("got", "there")""")
    (world.cloud / "writes").unlink(missing_ok=True)
    world.run("up", "--skip-preview", KILL_AFTER="1")
    assert {operation["type"] for operation in world.latest()["pending_operations"]} == {"reading"}
    world.up()
    assert "pending_operations" not in world.latest()


def test_a_resource_of_its_own_is_given_away_by_reading_it(world: World) -> None:
    world.program("""Thing("a", name="a", v=1)""")
    world.up()
    world.calls()
    _reading(world, """Got("a", "a")""")
    ended = world.run("up", "--yes", "--expect-no-changes")
    assert ended.code == 0, ended.text
    assert {*world.calls()} == {"read a"}
    assert world.resources()["a"]["external"] is True
    assert world.run("destroy", "--yes").code == 0
    assert world.objects() == ["a"]


def test_reading_another_deletes_the_one_that_was_owned(world: World) -> None:
    (world.cloud / "there.json").write_text('{"name": "there", "v": 7}')
    world.program("""Thing("a", name="a", v=1)""")
    world.up()
    world.calls()
    _reading(world, """Got("a", "there")""")
    plan = json.loads(world.run("preview", "--json").out)
    assert [step["op"] for step in plan["steps"] if step["urn"].endswith("::a")] == ["replace"]
    assert plan["changeSummary"]["replace"] == 1
    world.calls()
    world.up()
    assert world.calls() == ["read a", "delete a"]
    assert world.objects() == ["there"]
    assert world.resources()["a"]["id"] == "there"
    assert len(world.latest()["resources"]) == 3


def test_one_of_its_own_in_the_place_of_what_was_read(world: World) -> None:
    (world.cloud / "there.json").write_text('{"name": "there", "v": 7}')
    _reading(world, """Got("a", "there")""")
    world.up()
    world.calls()
    world.program("""Thing("a", name="mine", v=1)""")
    plan = json.loads(world.run("preview", "--json").out)
    assert [step["op"] for step in plan["steps"] if step["urn"].endswith("::a")] == ["replace"]
    assert plan["changeSummary"]["replace"] == 1
    ended = world.up()
    assert world.calls() == ["create a"]
    assert "+- 1 replaced" in ended.out
    assert world.objects() == ["mine", "there"]
    assert (world.resources()["a"]["id"], len(world.latest()["resources"])) == ("mine", 3)


def test_what_is_read_but_not_healthy_fails_the_update_and_is_on_record(world: World) -> None:
    (world.cloud / "there.json").write_text('{"name": "there", "v": 7, "sick": "no disk"}')
    _reading(world, """Got("got", "there")""")
    ended = world.run("up", "--skip-preview")
    assert ended.code == 1
    assert world.resources()["got"]["initErrors"] == ["no disk"]
