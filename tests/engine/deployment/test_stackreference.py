"""StackReference: the outputs of another stack, or of another project, in the same state folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.world import Ended, World

pytestmark = pytest.mark.timeout(60)

_OUTPUTS = """
    pulumi.export("plain", {"x": 1, "l": ["a"]})
    pulumi.export("hush", pulumi.Output.secret("quiet one"))
    pulumi.export("mixed", {"in": pulumi.Output.secret("deep one"), "out": 2})
"""
_READER = """
    ref = pulumi.StackReference("ref", stack_name="organization/other/dev")
    pulumi.export("x", ref.get_output("plain").apply(lambda value: value["x"]))
    pulumi.export("hush", ref.require_output("hush"))
"""


@pytest.fixture
def other(world: World) -> World:
    """The world, where a project `other` has a stack `dev` too."""
    folder = _folder(world)
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    (folder / "cloud.py").write_text((world.project / "cloud.py").read_text())
    (folder / "__main__.py").write_text(
        "import pulumi\n" + "".join(line.strip() + "\n" for line in _OUTPUTS.split("\n"))
    )
    for arguments in (("stack", "init", "dev"), ("up", "--skip-preview")):
        ended = _at_other(world, *arguments)
        assert ended.code == 0, ended.text
    return world


def _folder(world: World) -> Path:
    return world.folder / "other"


def _at_other(world: World, *arguments: str, **environment: str) -> Ended:
    return world.run(*arguments, "--cwd", str(_folder(world)), **environment)


def _outputs(world: World) -> Any:
    return json.loads(world.run("stack", "output", "--json", "--show-secrets").out)


def test_the_outputs_of_another_project(other: World) -> None:
    other.program(_READER)
    ended = other.run("up", "--yes")
    assert ended.code == 0, ended.text
    assert "quiet one" not in ended.text + other.checkpoint.read_text()
    assert _outputs(other) == {"x": 1, "hush": "quiet one"}
    found = other.resources()
    assert found["ref"]["inputs"] == {"name": "organization/other/dev"}
    assert found["ref"]["external"] is True
    assert found["ref"]["id"] == "organization/other/dev"
    assert found["ref"]["outputs"]["secretOutputNames"] == ["hush", "mixed"]
    assert found["ref"]["outputs"]["outputs"]["mixed"]["out"] == 2
    assert "created" not in found["ref"]
    provider = found["default"]
    assert (provider["type"], provider.get("inputs")) == ("pulumi:providers:pulumi", None)
    assert found["ref"]["provider"] == f"{provider['urn']}::{provider['id']}"
    assert other.run("refresh", "--yes", "--expect-no-changes").code == 0
    before = other.checkpoint.read_bytes()
    assert "unchanged" in other.up("--expect-no-changes").out
    assert json.loads(before)["checkpoint"]["latest"]["resources"] == other.latest()["resources"]
    assert other.run("destroy", "--yes").code == 0
    assert other.resources() == {}


def test_secrets_under_another_passphrase_are_left_out(other: World) -> None:
    folder = _folder(other)
    assert _at_other(other, "destroy", "--yes").code == 0
    assert _at_other(other, "stack", "rm", "--yes").code == 0
    for arguments in (("stack", "init", "dev"), ("up", "--skip-preview")):
        ended = _at_other(other, *arguments, PULUMI_CONFIG_PASSPHRASE="another one")
        assert ended.code == 0, ended.text
    assert folder.is_dir()
    other.program(_READER)
    ended = other.up()
    assert "eliding undecryptable secrets for stack reference 'organization/other/dev'" in ended.out
    assert _outputs(other) == {"x": 1, "hush": {}}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", 'unknown stack "nobody"'),
        ("organization/nobody/dev", 'unknown stack "organization/nobody/dev"'),
        ("acme/other/dev", "is always 'organization'"),
        ("organization/a/b/dev", "organization/<project>/<stack>"),
        ("organization/../dev", "is no name of a project"),
        ("b d", "a stack name has"),
    ],
)
def test_a_stack_that_cannot_be_read(world: World, name: str, said: str) -> None:
    world.program(f"pulumi.StackReference({name!r})")
    ended = world.run("preview")
    assert ended.code == 1
    assert said in ended.out
