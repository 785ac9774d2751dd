"""Paths into config values: `config set --path 'secrets.API_TOKEN' ...`.

Source: sdk/go/common/resource/config/object.go and map.go (Set, Delete, coerce). Values are edited in place, so that a
document that keeps comments keeps them.
"""

from __future__ import annotations

import re
from typing import Any

from engine.errors import USAGE, EngineError
from engine.resource.paths import Path, format_path, parse_path

_KEY = re.compile(r'([^.:\["]+):(.*)\Z')
_DIGITS = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")


def split_key(project: str, key: str) -> tuple[str, Path]:
    """The full config key and the path within its value: `a.b[0]` gives `<project>:a` and `("b", 0)`."""
    match = _KEY.match(key)
    namespace, name = (match[1], match[2]) if match else (project, key)
    try:
        head, *rest = parse_path(name)
    except ValueError as err:
        raise EngineError(f"invalid config key path: {err}", USAGE) from None
    if not isinstance(head, str) or "*" in rest:
        raise EngineError(f"invalid config key path {key!r}: it starts with a name, and names one place", USAGE)
    return f"{namespace}:{head}", tuple(rest)


def coerce(text: str) -> Any:
    """What a text means inside an object: booleans and whole numbers become such."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _DIGITS.match(text) else text


def find(value: Any, path: Path) -> tuple[Any, bool]:
    """The value at a path, and whether there is one."""
    for part in path:
        in_map = isinstance(value, dict) and isinstance(part, str) and part in value
        in_list = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not in_map and not in_list:
            return None, False
        value = value[part]
    return value, True


def put(root: Any, path: Path, value: Any, prefix: Path) -> Any:
    """The root with `value` at `path`; containers are made on the way. `prefix` is where the root is, for errors.

    At the first level, a value that is no container is replaced by one, as with the CLI.
    """
    if not path:
        return value
    part, rest = path[0], path[1:]
    closed = _is_secure(root) or not isinstance(root, dict | list)
    if root is None or (closed and len(prefix) == 1):
        root, closed = [] if isinstance(part, int) else {}, False
    where = (*prefix, part)
    if isinstance(root, list):
        if not isinstance(part, int):
            raise EngineError(f"{format_path(where)}: the key of an array must be an integer", USAGE)
        if part > len(root):
            raise EngineError(f"{format_path(where)}: the array has only {len(root)} elements", USAGE)
        if part == len(root):
            root.append(None)
        root[part] = put(root[part], rest, value, where)
        return root
    if closed or not isinstance(root, dict):
        kind = "a secret" if _is_secure(root) else type(root).__name__
        raise EngineError(f"{format_path(prefix)} is {kind}, and cannot hold {part!r}", USAGE)
    if not isinstance(part, str):
        raise EngineError(f"{format_path(where)}: the key of a map must be a text", USAGE)
    if not rest and not root and part == "secure" and isinstance(value, str):
        raise EngineError('"secure" as the only key of a map is reserved for secrets', USAGE)
    root[part] = put(root.get(part), rest, value, where)
    return root


def cut(root: Any, path: Path) -> None:
    """Removes what is at a path; nothing there is no error."""
    parent, there = find(root, path[:-1])
    _, there = find(parent, path[-1:]) if there else (None, False)
    if not there:
        return
    if isinstance(parent, dict) and len(parent) == 2 and isinstance(parent.get("secure"), str) and path[-1] != "secure":
        raise EngineError('"secure" as the only key of a map is reserved for secrets', USAGE)
    del parent[path[-1]]


def _is_secure(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("secure"), str)
