"""Default and explicit providers, and how resources get theirs."""

from __future__ import annotations

import pytest

from tests.engine.world import World

pytestmark = pytest.mark.timeout(60)


def test_the_default_provider(world: World) -> None:
    world.write("Pulumi.yaml", "name: demo\nruntime: python\nconfig:\n  fake:label: {value: blue}\n")
    world.program("""
        Thing("a", opts=Opts(version="1.2.3"))
        Thing("b", opts=Opts(version="1.2.3"))
    """)
    ended = world.up()
    provider = world.resources()["default_1_2_3"]
    assert provider["type"] == "pulumi:providers:fake"
    assert provider["inputs"] == {"__internal": {}, "label": "blue", "version": "1.2.3"}
    assert provider["outputs"] == {"label": "blue", "version": "1.2.3"}
    assert "parent" not in provider
    reference = f"{provider['urn']}::{provider['id']}"
    assert world.resources()["a"]["provider"] == world.resources()["b"]["provider"] == reference
    assert len(provider["id"]) == 36
    assert "+ 3 created" in ended.out, "default providers are not counted"
    order = [raw["urn"] for raw in world.latest()["resources"]]
    assert order.index(provider["urn"]) < order.index(world.resources()["a"]["urn"])


@pytest.mark.parametrize("listed", ['["fake"]', '["*"]', '["other", "fake"]'])
def test_disabled_default_providers(world: World, listed: str) -> None:
    world.write(
        "Pulumi.yaml",
        f"name: demo\nruntime: python\nconfig:\n  pulumi:disable-default-providers:\n    value: {listed}\n",
    )
    world.program("""Thing("a")""")
    ended = world.run("preview")
    assert ended.code == 1
    assert "Default provider for 'fake' disabled" in ended.out
    world.program("""Thing("a", opts=Opts(provider=Cloud("mine")))""")
    assert world.run("preview").code == 0


def test_inheritance(world: World) -> None:
    world.program("""
        one, two = Cloud("one", label="1"), Cloud("two", label="2")
        outer = Group("outer", opts=Opts(provider=one))
        inner = Group("inner", opts=Opts(parent=outer))
        Thing("a", opts=Opts(parent=inner))
        Thing("b", opts=Opts(parent=inner, provider=two))
        other = Group("other", opts=Opts(providers={"fake": two}))
        Thing("c", opts=Opts(parent=other))
        parent = Thing("parent", opts=Opts(provider=two))
        Thing("d", opts=Opts(parent=parent))
        Thing("e")
    """)
    world.up()
    resources = world.resources()
    used = {name: resources[name]["provider"].split("::")[3] for name in "abcde"}
    assert used == {"a": "one", "b": "two", "c": "two", "d": "two", "e": "default"}
    assert resources["one"]["inputs"] == {"label": "1"}
    assert resources["a"]["urn"].split("::")[2] == "demo:index:Group$demo:index:Group$fake:index:Thing"
    assert resources["a"]["parent"] == resources["inner"]["urn"]


def test_a_changed_provider_is_updated_in_place(world: World) -> None:
    program = """Thing("a", opts=Opts(provider=Cloud("mine", label="{label}")))"""
    world.program(program.format(label="1"))
    world.up()
    before = world.resources()["mine"]
    world.calls()
    world.program(program.format(label="2"))
    ended = world.run("up", "--yes")
    assert ended.code == 0, ended.text
    assert world.calls() == []
    assert world.resources()["mine"]["id"] == before["id"]
    assert world.resources()["mine"]["inputs"] == {"label": "2"}
    assert '~ label: "1" => "2"' in ended.out


def test_a_provider_for_another_cloud_replaces_its_resources(world: World) -> None:
    program = """Thing("a", opts=Opts(provider=Cloud("mine", cloud="{cloud}")))"""
    world.program(program.format(cloud="1"))
    world.up()
    first = world.resources()["mine"]["id"]
    world.calls()
    world.program(program.format(cloud="2"))
    ended = world.run("up", "--yes")
    assert ended.code == 0, ended.text
    assert world.calls() == ["create a", "delete a"]
    assert world.resources()["mine"]["id"] != first
    assert len(world.objects()) == 1


def test_protect_and_retain_are_inherited(world: World) -> None:
    world.program("""
        g = Group("g", opts=Opts(protect=True, retain_on_delete=True))
        Thing("a", opts=Opts(parent=g))
        Thing("b", opts=Opts(parent=g, protect=False))
    """)
    world.up()
    assert world.resources()["a"]["protect"] is True
    assert world.resources()["a"]["retainOnDelete"] is True
    assert "protect" not in world.resources()["b"]


def test_custom_timeouts_are_kept_and_checked(world: World) -> None:
    world.program("""Thing("a", opts=Opts(custom_timeouts=pulumi.CustomTimeouts(create="1m30s", delete="2s")))""")
    world.up()
    assert world.resources()["a"]["customTimeouts"] == {"create": 90, "delete": 2}
    world.program("""Thing("a", opts=Opts(custom_timeouts=pulumi.CustomTimeouts(create="soon")))""")
    ended = world.run("preview")
    assert ended.code == 1
    assert "custom timeout create='soon'" in ended.out
