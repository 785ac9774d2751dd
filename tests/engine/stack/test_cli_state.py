"""What only the Pulumi CLI writes into a state is acted on, or refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)


_FEATURES = {"taint": "taint", "replaceWith": "replaceWith", "resourceHooks": "hooks", "viewOf": "views"}


def _mark(world: World, name: str, **fields: Any) -> None:
    """Puts fields into a resource of the checkpoint, as a CLI does."""
    raw = json.loads(world.checkpoint.read_text())
    for resource in raw["checkpoint"]["latest"]["resources"]:
        if resource["urn"].endswith(f"::{name}"):
            resource.update(fields)
    raw |= {"version": 4, "features": [_FEATURES[field] for field in fields]}
    world.checkpoint.write_text(json.dumps(raw))


def _version(world: World) -> Any:
    return {key: value for key, value in json.loads(world.checkpoint.read_text()).items() if key != "checkpoint"}


def test_a_tainted_resource_is_replaced_once(world: World) -> None:
    world.program("""Thing("a", v=1)""")
    world.up()
    (before,) = world.objects()
    _mark(world, "a", taint=True)
    world.calls()
    assert "+- 1 to replace" in world.run("preview").out
    ended = world.up()
    assert "+- 1 replaced" in ended.out
    assert world.calls() == ["create a", "delete a"]
    assert world.objects() != [before]
    assert "taint" not in world.resources()["a"]
    assert _version(world) == {"version": 3}
    assert world.run("preview", "--expect-no-changes").code == 0


def test_what_is_replaced_with_another_goes_along_when_that_is_deleted_first(world: World) -> None:
    world.program("""
        a = Thing("a", frozen=1, first=True)
        Thing("b")
    """)
    world.up()
    _mark(world, "b", replaceWith=[world.resources()["a"]["urn"]])
    world.program("""
        a = Thing("a", frozen=2, first=True)
        Thing("b", opts=Opts(depends_on=[a]))
    """)
    world.calls()
    ended = world.up()
    assert world.calls() == ["delete b", "delete a", "create a", "create b"]
    assert "+- 2 replaced" in ended.out
    assert "replaceWith" not in world.resources()["b"]


def test_a_hook_that_the_program_has_no_more_is_forgotten(world: World) -> None:
    world.program("""Thing("a")""")
    world.up()
    _mark(world, "a", resourceHooks={"BeforeCreate": ["x"], "BeforeDelete": ["tell"]})
    assert world.run("up", "--yes", "--expect-no-changes").code == 0
    assert "resourceHooks" not in world.resources()["a"]
    assert _version(world) == {"version": 3}


def test_a_hook_of_what_is_to_be_deleted_is_refused(world: World) -> None:
    world.program("""Thing("a")""")
    world.up()
    _mark(world, "a", resourceHooks={"AfterDelete": ["tell"]})
    ended = world.run("destroy", "--yes")
    assert ended.code == 1
    assert "the resource hook 'tell' of urn:pulumi:dev::demo::fake:index:Thing::a" in ended.out
    assert "use the Pulumi CLI" in ended.out
    assert len(world.objects()) == 1


def test_what_an_update_does_not_touch_keeps_its_marks(world: World) -> None:
    world.program("""
        Thing("a", v=1)
        Thing("b", v=1)
    """)
    world.up()
    _mark(world, "a", taint=True)
    exported = json.loads(world.run("stack", "export").out)
    assert (exported["version"], exported["features"]) == (4, ["taint"])
    world.program("""
        Thing("a", v=1)
        Thing("b", v=2)
    """)
    world.up("--target", world.resources()["b"]["urn"])
    assert world.resources()["a"]["taint"] is True
    assert _version(world) == {"version": 4, "features": ["taint"]}
    (world.folder / "export.json").write_text(json.dumps(exported))
    assert world.run("stack", "import", "--file", str(world.folder / "export.json")).code == 0
    assert _version(world) == {"version": 4, "features": ["taint"]}


def test_a_view_is_refused(world: World) -> None:
    world.program("""Thing("a")""")
    world.up()
    _mark(world, "a", viewOf="urn:pulumi:dev::demo::x:y:Z::owner")
    before = world.checkpoint.read_bytes()
    ended = world.run("up", "--yes")
    assert ended.code == 64
    assert "version 4, features ['views']" in ended.err
    assert "use the Pulumi CLI" in ended.err
    assert world.checkpoint.read_bytes() == before
