"""Objects as YAML."""

from __future__ import annotations

import pytest
import yaml

from deploy.render.yamltext import dump, parse


@pytest.mark.parametrize(
    "text",
    ["1e3", "0o14", "0x1F", "12:30", "yes", "No", "on", "y", "null", "~", "", "3", "1_000", ".inf", "2026-01-31", "=",
     "<<", "- a", "a: b", "a #b", " a", "a ", "*a", "!a", "50m", "100%", "ümlaut", "a\u2028b", "\x00", "a\tb",
     "a\r\nb\n", "a\nb\x85c", "a\nb\u2028c", "a\n\u2029", " a\nb", "a \nb", "\n", "a\n\n", "#\n"],
)  # fmt: skip
def test_a_text_stays_a_text_for_every_parser(text: str) -> None:
    written = dump({"data": {"KEY": text, text: "key"}})
    assert yaml.safe_load(written) == {"data": {"KEY": text, text: "key"}}
    value = written.partition("  KEY: ")[2].partition("\n")[0]
    assert value[0] in "\"'|"


def test_several_lines_are_written_as_such() -> None:
    assert dump({"data": {"page": "a\nb\n"}}) == "data:\n  page: |\n    a\n    b\n"


def test_the_order_is_stable_and_long_lines_are_not_folded() -> None:
    long = "word " * 100 + "end"
    first = {"spec": {"b": [{"d": long, "c": 1}], "a": True}, "kind": "K", "apiVersion": "v1", "data": {}}
    text = dump(first)
    assert [line for line in text.splitlines() if line[0] != " "] == ["apiVersion: v1", "kind: K", "data: {}", "spec:"]
    assert text.endswith(f"  a: true\n  b:\n    - c: 1\n      d: {long}\n")
    assert dump(dict(reversed(list(first.items())))) == text


def test_the_same_part_twice_is_written_twice() -> None:
    shared = {"a": "b"}
    assert "&" not in dump({"spec": {"one": shared, "two": shared}})


@pytest.mark.parametrize("text", ["[1]", "a: [", "", "a: b\n---\nc: d\n"])
def test_what_is_no_mapping_is_read_as_an_empty_one(text: str) -> None:
    assert parse(text) == {}
