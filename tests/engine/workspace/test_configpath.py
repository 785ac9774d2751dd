"""Paths into config values."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import EngineError
from engine.workspace.configpath import coerce, cut, put, split_key


def test_paths_into_values() -> None:
    assert split_key("demo", "secrets.API_TOKEN") == ("demo:secrets", ("API_TOKEN",))
    assert split_key("demo", 'other:list[0]["a:b.c"]') == ("other:list", (0, "a:b.c"))
    assert split_key("demo", 'list["a:b"]') == ("demo:list", ("a:b",))
    assert put(None, ("a", 0, "b"), 1, ("k",)) == {"a": [{"b": 1}]}
    assert put({"a": [1]}, ("a", 1), 2, ("k",)) == {"a": [1, 2]}
    for old in ("text", {"secure": "x"}):
        assert put(old, ("a",), 2, ("k",)) == {"a": 2}, "a value at the first level gives way to a container"
    value = {"a": [1, {"b": 2}], "c": 3}
    cut(value, ("a", 1, "b"))
    cut(value, ("a", 0))
    cut(value, ("none", "x"))
    assert value == {"a": [{}], "c": 3}
    assert [coerce(text) for text in ("true", "3", "-3", "03", "0", "3.0", "x")] == [True, 3, -3, "03", 0, "3.0", "x"]


@pytest.mark.parametrize(
    ("root", "path", "message"),
    [
        ([1], (2,), r"k\[2\]: the array has only 1 elements"),
        ([1], ("a",), "the key of an array must be an integer"),
        ({"a": 1}, (0,), "the key of a map must be a text"),
        ({"a": "x"}, ("a", "b"), "k.a is str, and cannot hold 'b'"),
        ({"a": {"secure": "x"}}, ("a", "b"), "k.a is a secret, and cannot hold 'b'"),
        ({}, ("secure",), "reserved for secrets"),
    ],
)
def test_paths_that_lead_nowhere(root: Any, path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        put(root, path, "v", ("k",))


@pytest.mark.parametrize("key", ["a[", "[0].x", "a[*]", ""])
def test_keys_that_are_no_paths(key: str) -> None:
    with pytest.raises(EngineError, match="invalid config key path"):
        split_key("demo", key)
