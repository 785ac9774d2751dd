"""What the lines of a step say about its properties."""

from __future__ import annotations

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.display.changed import change_lines, lines_of
from engine.provider import Diff
from engine.resource.diff import changes
from engine.resource.state import State
from engine.resource.values import Properties, Secret

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


def text_change(old: object, new: object) -> list[str]:
    [change] = changes({"file": old}, {"file": new})
    return [*lines_of(change, "file", lambda text, _: text, " (replaces)")]


def test_of_a_long_text_the_lines_that_change_are_shown() -> None:
    lines = [f"line {number} of the file" for number in range(200)]
    old, new = "\n".join(lines), "\n".join([*lines[:150], "another line", *lines[151:]])
    assert text_change(old, new) == [
        "~ file: (replaces)", "    ...", "    line 148 of the file", "    line 149 of the file",
        "  - line 150 of the file", "  + another line",
        "    line 151 of the file", "    line 152 of the file", "    ...",
    ]  # fmt: skip
    assert text_change(Secret(old), new) == ["~ file: [secret] => [secret] (replaces)"]
    assert len(shown := text_change(old, old.replace("of", "in"))) == 22
    assert shown[-1] == "    ... and 380 lines more; --diff shows all"


def test_texts_of_one_line_are_shown_beside_each_other() -> None:
    assert text_change("a\n", "b\n") == [r'~ file: "a\n" => "b\n" (replaces)']
    assert text_change("a\nb", "a\nb\n") == [r'~ file: "a\nb" => "a\nb\n" (replaces)']
