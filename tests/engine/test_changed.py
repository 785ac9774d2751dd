"""What the lines of a step say about its properties."""

from __future__ import annotations

from engine import step as ops
from engine.display.changed import change_lines
from engine.provider import Diff
from engine.state import State
from engine.step import Step
from engine.values import Properties, Secret

URN = "urn:pulumi:dev::demo::kubernetes:core/v1:ConfigMap::a"


def lines(inputs: Properties, recorded: Properties, *changed: str) -> list[str]:
    """The lines of an update to the inputs that the old state has, too."""
    old = State(urn=URN, type="kubernetes:core/v1:ConfigMap", custom=True, inputs=inputs, outputs=recorded)
    new = State(urn=URN, type=old.type, custom=True, inputs=inputs)
    step = Step(ops.UPDATE, new, old, Diff(changes=True, changed=changed))
    return list(change_lines(step, lambda text, _: text))


def test_what_was_recorded_otherwise_than_it_was_wanted_is_shown_with_both_values() -> None:
    inputs = {"data": {"a": "1", "b": "2"}, "items": [{"name": "x"}]}
    recorded = {"data": {"a": "0"}, "items": [{"name": "y"}]}
    assert lines(inputs, recorded, "data.a", "data.b", "items[0].name") == [
        '~ data.a: "0" => "1"',
        '+ data.b: "2"',
        '~ items[0].name: "y" => "x"',
    ]


def test_a_secret_stays_one_there() -> None:
    assert lines({"data": Secret({"a": "canary"})}, {"data": Secret({"a": "other"})}, "data.a") == [
        "~ data.a: [secret] => [secret]"
    ]


def test_a_path_that_leads_nowhere_is_named_alone() -> None:
    assert lines({"data": {}}, {"data": {}}, "provider", 'a["') == ['~ a["', "~ provider"]
