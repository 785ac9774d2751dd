"""Property values on the wire, their differences, and paths into them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import EngineError
from engine.resource import wire
from engine.resource.diff import ABSENT, changes, same
from engine.resource.paths import covers, format_path, parse_path, reset
from engine.resource.values import UNKNOWN, Asset, Secret


def test_wire_round_trip() -> None:
    properties: dict[str, Any] = {
        "none": None, "true": True, "int": 3, "float": 2.5, "big": 2**60, "text": "x", "list": [1, [], {}], "empty": {},
        "secret": Secret({"k": [Secret("inner"), UNKNOWN]}), "unknown": UNKNOWN,
    }  # fmt: skip
    decoded = wire.decode(wire.encode(properties))
    assert decoded == {**properties, "big": float(2**60)}
    assert type(decoded["int"]) is int
    assert type(decoded["true"]) is bool


def test_output_values_and_references() -> None:
    output = {wire.SIGNATURE: wire.OUTPUT, "value": 1, "secret": True, "dependencies": ["urn:x"]}
    unknown = {wire.SIGNATURE: wire.OUTPUT}
    reference = {wire.SIGNATURE: wire.RESOURCE, "urn": "urn:y", "id": "i", "packageVersion": ""}
    decoded = wire.decode(wire.encode({"o": output, "u": unknown, "r": reference}))
    assert decoded["o"] == Secret(1)
    assert decoded["u"] is UNKNOWN
    assert isinstance(decoded["r"], Asset)
    assert wire.decode(wire.encode(decoded))["r"] == decoded["r"]


def test_an_asset_gets_its_hash() -> None:
    asset = {wire.SIGNATURE: wire.ASSET, "text": "hello"}
    decoded = wire.decode(wire.encode({"a": asset}))["a"]
    assert dict(decoded.wire)["hash"] == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    with pytest.raises(EngineError, match="archive"):
        wire.from_signature({wire.SIGNATURE: wire.ARCHIVE, "path": "."})
    with pytest.raises(EngineError, match="asset '/nowhere' cannot be read"):
        wire.from_signature({wire.SIGNATURE: wire.ASSET, "path": "/nowhere"})


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ('a["x.y/z"].b', ("a", "x.y/z", "b")),
        ("a[*].b", ("a", "*", "b")),
        ('["quo\\"te"]', ('quo"te',)),
    ],
)
def test_paths(text: str, path: tuple[Any, ...]) -> None:
    assert parse_path(text) == path
    if "*" not in text and "quo" not in text:
        assert format_path(path) == text


@pytest.mark.parametrize("text", ["", "a[", "a[x]", 'a["x]'])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(ValueError, match="property path"):
        parse_path(text)


def test_covers() -> None:
    assert covers(("a",), ("a", "b"))
    assert covers(("a", "*"), ("a", 0, "b"))
    assert not covers(("a", "b"), ("a",))


@pytest.mark.parametrize(
    ("path", "result"),
    [
        ("x", {"x": 1, "y": 2, "l": [{"v": 8}, {"v": 9}]}),
        ("y", {"x": 5, "l": [{"v": 8}, {"v": 9}]}),
        ("l[0].v", {"x": 5, "y": 2, "l": [{"v": 3}, {"v": 9}]}),
        ("l[*].v", {"x": 5, "y": 2, "l": [{"v": 3}, {"v": 9}]}),
        ("gone", {"x": 5, "y": 2, "gone": 7, "l": [{"v": 8}, {"v": 9}]}),
    ],
)
def test_reset_takes_the_old_value(path: str, result: dict[str, Any]) -> None:
    old = {"x": 1, "gone": 7, "l": [{"v": 3}]}
    new = {"x": 5, "y": 2, "l": [{"v": 8}, {"v": 9}]}
    assert reset(old, new, parse_path(path)) == result
    assert new["x"] == 5, "the given map stays as it is"


def test_reset_goes_through_secrets() -> None:
    assert reset({"s": Secret({"a": 1})}, {"s": Secret({"a": 2, "b": 3})}, ("s", "a")) == {
        "s": Secret({"a": 1, "b": 3})
    }


def test_changes_are_leaves() -> None:
    old = {"a": {"b": 1, "c": 2}, "l": [1, 2], "same": True}
    new = {"a": {"b": 1, "c": 3, "d": 4}, "l": [1], "same": True}
    found = [(format_path(change.path), change.old, change.new) for change in changes(old, new)]
    assert found == [("a.c", 2, 3), ("a.d", ABSENT, 4), ("l[1]", 2, ABSENT)]


def test_changes_of_secrets_are_marked_as_one() -> None:
    (change,) = changes({"s": Secret({"a": 1})}, {"s": Secret({"a": 2})})
    assert (change.path, change.secret) == (("s",), True)
    assert list(changes({"s": Secret({"a": 1})}, {"s": Secret({"a": 1})})) == []
    (change,) = changes({"x": 1}, {"x": {"k": Secret("v")}})
    assert change.secret


def test_same_tells_booleans_from_numbers() -> None:
    assert same({"a": [1, Secret(2)]}, {"a": [1, 2]})
    assert not same({"a": True}, {"a": 1})
    assert same(2, 2.0)
