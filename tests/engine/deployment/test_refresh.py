"""`refresh`, and `--refresh` of the other commands: the state is brought up to date with what is there."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)

_THREE = """
    g = Group("g")
    a = Thing("a", name="a", v=1)
    b = Thing("b", name="b", of=a.name, opts=Opts(depends_on=[a], parent=g))
    Thing("c", name="c", of=b.name, opts=Opts(parent=b))
"""


def _change(world: World, name: str, **values: Any) -> None:
    """Somebody else changes an object."""
    file = world.cloud / f"{name}.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_a_refresh_records_what_somebody_changed(world: World) -> None:
    world.program(_THREE)
    world.up()
    world.calls()
    before = world.resources()
    _change(world, "a", v=2)
    ended = world.run("refresh", "--yes")
    assert ended.code == 0, ended.text
    assert "Refreshing (dev):" in ended.out
    assert "~ v: 1 => 2" in ended.out
    assert "~ 1 updated" in ended.out
    assert "4 unchanged" in ended.out  # the stack and its component too
    assert sorted(world.calls()) == sorted(["read a", "read b", "read c"] * 2)
    after = world.resources()
    assert (after["a"]["inputs"]["v"], after["a"]["outputs"]["v"]) == (2, 2)
    assert after["a"]["modified"] > before["a"]["modified"]
    assert {name: raw["outputs"] for name, raw in after.items() if name != "a" and "outputs" in raw} == {
        name: raw["outputs"] for name, raw in before.items() if name != "a" and "outputs" in raw
    }
    assert {*after["b"]["propertyDependencies"]} == {"of"}  # an entry that names nothing goes, as with the CLI
    assert "~ v: 2 => 1" in world.run("preview").out
    assert world.calls() == []
    (last, *_) = json.loads(world.run("stack", "history", "--json").out)
    assert (last["kind"], last["resourceChanges"]) == ("refresh", {"same": 4, "update": 1})


def test_secrets_stay_secret_in_what_was_found(world: World) -> None:
    world.program("""Thing("a", name="a", v=pulumi.Output.secret("quiet one"))""")
    world.up()
    _change(world, "a", v="another one")
    ended = world.run("refresh", "--yes")
    assert ended.code == 0, ended.text
    assert "~ v: [secret] => [secret]" in ended.out
    text = world.checkpoint.read_text()
    assert "another one" not in text + ended.text
    assert "token-a" not in text


def test_what_is_gone_leaves_the_state_and_nothing_refers_to_it(world: World) -> None:
    world.program(_THREE)
    world.up()
    (world.cloud / "b.json").unlink()
    ended = world.run("refresh", "--yes")
    assert ended.code == 0, ended.text
    assert re.search(r"^ -  fake:index:Thing b deleted", ended.out, re.M)
    assert "- 1 deleted" in ended.out
    found = world.resources()
    assert "b" not in found
    assert found["c"]["parent"] == found["g"]["urn"]
    assert not found["c"].get("dependencies")
    assert not found["c"].get("propertyDependencies")
    world.calls()
    world.up()
    assert world.calls() == ["create b"]


def test_a_refresh_can_be_only_shown(world: World) -> None:
    world.program(_THREE)
    world.up()
    before = world.checkpoint.read_bytes()
    _change(world, "a", v=2)
    ended = world.run("refresh", "--preview-only")
    assert (ended.code, ended.err) == (0, "")
    assert "Previewing refresh (dev):" in ended.out
    assert "~ 1 to update" in ended.out
    assert world.checkpoint.read_bytes() == before
    assert world.run("refresh", "--preview-only", "--expect-no-changes").code == 7
    assert world.run("refresh").code == 64


def test_expect_no_changes_fails_after_the_refresh(world: World) -> None:
    world.program(_THREE)
    world.up()
    assert world.run("refresh", "--yes", "--expect-no-changes").code == 0
    _change(world, "a", v=2)
    ended = world.run("refresh", "--yes", "--expect-no-changes")
    assert ended.code == 7
    assert "no changes were expected but changes occurred: 1 update" in ended.err
    assert world.resources()["a"]["inputs"]["v"] == 2


def test_targets_limit_a_refresh(world: World) -> None:
    world.program(_THREE)
    world.up()
    _change(world, "a", v=2)
    _change(world, "c", v=2)
    world.calls()
    ended = world.run("refresh", "--skip-preview", "--target", world.resources()["c"]["urn"])
    assert ended.code == 0, ended.text
    assert world.calls() == ["read c"]
    assert world.resources()["a"]["inputs"]["v"] == 1
    ended = world.run("refresh", "--yes", "--target", "urn:pulumi:dev::demo::fake:index:Thing::nobody")
    assert ended.code == 1
    assert "nobody is not in the stack" in ended.out


def test_one_that_cannot_be_read_leaves_the_others_refreshed(world: World) -> None:
    world.program(_THREE)
    world.up()
    _change(world, "a", v=2)
    (world.cloud / "c.json").write_text("no JSON")
    ended = world.run("refresh", "--skip-preview")
    assert ended.code != 0
    assert "refresh failed" in ended.out
    assert world.resources()["a"]["inputs"]["v"] == 2
    assert "c" in world.resources()


def test_one_that_is_not_healthy_is_updated_by_the_next_up(world: World) -> None:
    world.program("""Thing("a", name="a", v=1)""")
    world.up()
    _change(world, "a", sick="its disk is full")
    ended = world.run("refresh", "--yes")
    assert ended.code == 0, ended.text
    assert "warning: a: the resource is there, but not healthy:" in ended.out
    assert world.resources()["a"]["initErrors"] == ["its disk is full"]
    world.calls()
    world.up()
    assert world.calls() == ["update a"]
    assert "initErrors" not in world.resources()["a"]
    assert world.run("refresh", "--yes", "--expect-no-changes").code == 0


def test_an_update_repairs_what_it_finds(world: World) -> None:
    world.program(_THREE)
    world.up()
    _change(world, "a", v=2)
    (world.cloud / "c.json").unlink()
    before = world.checkpoint.read_bytes()
    world.calls()
    ended = world.run("preview", "-r")
    assert ended.code == 0, ended.text
    assert re.search(r"^ ~  fake:index:Thing a refreshed", ended.out, re.M)
    assert "Thing c refreshed: it is gone" in ended.out
    assert "+ 1 to create" in ended.out
    assert "~ 1 to update" in ended.out
    assert world.checkpoint.read_bytes() == before
    ended = world.run("up", "--skip-preview", "--refresh")
    assert ended.code == 0, ended.text
    assert sorted(call for call in world.calls() if "read" not in call) == ["create c", "update a"]
    assert json.loads((world.cloud / "a.json").read_text())["v"] == 1
    assert world.objects() == ["a", "b", "c"]
    assert world.run("preview", "--refresh=true", "--expect-no-changes").code == 0


def test_the_project_can_ask_for_it(world: World) -> None:
    world.program(_THREE)
    world.up()
    world.write("Pulumi.yaml", (world.project / "Pulumi.yaml").read_text() + "options: {refresh: always}\n")
    _change(world, "a", v=2)
    assert "~ 1 to update" in world.run("preview").out
    assert "to update" not in world.run("preview", "--refresh=false").out


def test_destroy_after_a_refresh_asks_for_nothing_that_is_gone(world: World) -> None:
    world.program(_THREE)
    world.up()
    (world.cloud / "b.json").unlink()
    world.calls()
    ended = world.run("destroy", "--yes", "--refresh")
    assert ended.code == 0, ended.text
    assert [call for call in world.calls() if "read" not in call] == ["delete c", "delete a"]
    assert world.resources() == {}


def test_pending_creates_are_kept_until_they_are_cleared(world: World) -> None:
    world.program("""Thing("a", name="a")""")
    world.up()
    raw = json.loads(world.checkpoint.read_text())
    resource = {"urn": "urn:pulumi:dev::demo::fake:index:Thing::b", "custom": True, "type": "fake:index:Thing"}
    pending = [{"resource": resource, "type": "creating"}, {"resource": {**resource, "id": "b"}, "type": "updating"}]
    raw["checkpoint"]["latest"]["pending_operations"] = pending
    world.checkpoint.write_text(json.dumps(raw))
    ended = world.run("refresh", "--yes")
    assert ended.code == 0, ended.text
    assert "while it was creating urn:pulumi:dev::demo::fake:index:Thing::b" in ended.out
    assert [operation["type"] for operation in world.latest()["pending_operations"]] == ["creating"]
    assert world.run("refresh", "--yes", "--clear-pending-creates").code == 0
    assert "pending_operations" not in world.latest()


def test_a_resource_that_wants_it_is_refreshed_before_each_update(world: World) -> None:
    world.program(_THREE)
    world.up()
    raw = json.loads(world.checkpoint.read_text())
    for resource in raw["checkpoint"]["latest"]["resources"]:
        if resource["urn"].endswith("::a"):
            resource["refreshBeforeUpdate"] = True
    raw |= {"version": 4, "features": ["refreshBeforeUpdate"]}
    world.checkpoint.write_text(json.dumps(raw))
    _change(world, "a", v=2)
    world.calls()
    ended = world.run("up", "--skip-preview")
    assert ended.code == 0, ended.text
    assert world.calls() == ["read a", "update a"]
