"""`--diff`: the trees that the CLI prints, checked against what the CLI printed of the same changes."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from engine.display.nodes import compared, translated
from engine.display.printer import Printer
from engine.resource.values import UNKNOWN, Secret
from tests.engine.world import World

LINES = [f"line {number}" for number in range(16)]


def printed(old: Any, new: Any, kinds: dict[str, str] | None = None) -> str:
    node = compared(old, new) if kinds is None else translated(kinds, (old,), new)
    return "\n".join(Printer(lambda text, _colour: text).changes(node, 2)) + "\n"


def test_what_a_provider_told() -> None:
    old = {"spec": {"list": [1, 2, {"a": [1]}], "type": "string", "gone": [1]}, "data": Secret({"pw": "one"})}
    new = {"spec": {"list": [{"b": 1}, 2, {"a": [2, True]}, 4.5], "type": {"x": 1}}, "data": Secret({"pw": "two"})}
    kinds = {
        "spec.list[0]": "update", "spec.list[2].a[0]": "update", "spec.list[2].a[1]": "add", "spec.list[3]": "add",
        "spec.type": "update", "spec.gone": "delete", "data.pw": "update-replace",
    }  # fmt: skip
    assert printed(old, new, kinds) == textwrap.indent(
        textwrap.dedent("""\
        ~ data: {
            ~ pw: [secret] => [secret]
          }
        ~ spec: {
            - gone: [
            -     [0]: 1
              ]
            ~ list: [
                - [0]: 1
                + [0]: {
                        + b: 1
                      }
                ~ [2]: {
                        ~ a: [
                            ~ [0]: 1 => 2
                            + [1]: true
                          ]
                      }
                + [3]: 4.5
              ]
            - type: "string"
            + type: {
                + x: 1
              }
          }
        """),
        "      ",
    )


def test_texts() -> None:
    lines = [*LINES]
    lines[4] = "changed"
    assert printed(
        {"text": "\n".join(LINES), "json": '{"a": 1, "same": [1]}', "word": 'quo"te'},
        {"text": "\n".join(lines), "json": '{"a": 2, "same": [1]}', "word": "other"},
        {"text": "update", "json": "update", "word": "update"},
    ) == textwrap.indent(
        textwrap.dedent("""\
        ~ json: (json) {
            ~ a   : 1 => 2
              same: [
                  [0]: 1
              ]
          }
        ~ text:
              ...
              line 2
              line 3
            - line 4
            + changed
              line 5
              line 6
              ...
        ~ word: "quo\\"te" => "other"
        """),
        "      ",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "<null>"), (UNKNOWN, "[unknown]"), (Secret(1), "[secret]"), ({}, "{}"), ([], "[]"), (True, "true"),
        ("a\nb\nc\nd", '"a\\nb\\nc\\n..."'), ("x" * 200, f'"{"x" * 150}..."'), ("{}", '"{}"'), ("{no", '"{no"'),
    ],
)  # fmt: skip
def test_values(value: Any, shown: str) -> None:
    lines = Printer(lambda text, _colour: text).properties({"key": value, "__internal": 1}, 0)
    assert list(lines) == [f"key: {shown}"]


def test_a_plan_and_an_update(world: World) -> None:
    world.program("""
        group = Group("group")
        Thing("a", size=1, secret=pulumi.Output.secret("canary-1"), opts=Opts(parent=group))
        Thing("gone", name="gone")
        pulumi.export("n", 1)
    """)
    world.up()
    world.program("""
        group = Group("group")
        Thing("a", size=2, frozen=True, secret=pulumi.Output.secret("canary-2"), opts=Opts(parent=group))
        Thing("came", name="came", opts=Opts(protect=True))
        pulumi.export("n", 2)
    """)
    shown = world.run("preview", "--diff").out
    assert "        +-fake:index:Thing: (replace)" not in shown, "an unchanged parent is not shown, so nothing is in it"
    assert "    +-fake:index:Thing: (replace)\n        [id=a-" in shown
    assert "\n      + frozen: true\n      ~ secret: [secret] => [secret]\n      ~ size  : 1 => 2\n" in shown
    assert "    + fake:index:Thing: (create) 🔒\n        [urn=urn:pulumi:dev::demo::fake:index:Thing::came]\n" in shown
    assert '        name: "came"\n        fake:index:Thing came [dry]\n' in shown
    assert "    - fake:index:Thing: (delete)\n        [id=gone]\n" in shown
    assert "create-replacement" not in shown
    assert "    --outputs:--\n  ~ n: 1 => 2\nResources:\n" in shown
    assert "    3 changes. 2 unchanged\n" in shown
    done = world.run("up", "--skip-preview", "--diff")
    assert done.code == 0
    assert "        --outputs:--\n        token: [secret]\n" in done.out
    assert "    --outputs:--\n  ~ n: 1 => 2\nResources:\n" in done.out
    assert "canary" not in shown + done.text
