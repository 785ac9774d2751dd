"""Property paths such as `spec.template["a.b"][0].image`, as ignoreChanges and replaceOnChanges give them.

Source: sdk/go/common/resource/property_path.go.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from engine.resource.values import Properties, Secret, Value

Path: TypeAlias = tuple[str | int, ...]

_PART = re.compile(r'\.?(?P<name>[^.\["]+)|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|\[(?P<index>\d+|\*)\]')
_PLAIN = re.compile(r"[A-Za-z_$][\w$-]*\Z")


def parse_path(text: str) -> Path:
    """The parts of a path; `*` matches any key or index. Raises ValueError for a text that is no path."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(f"not a property path: {text!r} (at character {position + 1})")
        if match["name"] is not None:
            parts.append(match["name"])
        elif match["quoted"] is not None:
            parts.append(match["quoted"].replace('\\"', '"'))
        else:
            parts.append("*" if match["index"] == "*" else int(match["index"]))
        position = match.end()
    if not parts:
        raise ValueError("a property path is empty")
    return tuple(parts)


def format_path(path: Path) -> str:
    """The text of a path; keys that are no plain names are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.match(part):
            text += f".{part}" if text else part
        else:
            text += '["' + part.replace('"', '\\"') + '"]'
    return text


def covers(pattern: Path, path: Path) -> bool:
    """Whether `path` is at or below `pattern`."""
    return len(pattern) <= len(path) and all(a in ("*", b) for a, b in zip(pattern, path, strict=False))


def find(value: Value, path: Path, default: Value) -> Value:
    """What is at a path in a value, a secret where it lies within one; `default` where there is nothing."""
    hidden = False
    for part in path:
        while isinstance(value, Secret):
            value, hidden = value.value, True
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return default
    return Secret(value) if hidden else value


def reset(old: Properties, new: Properties, path: Path) -> Properties:
    """`new` with the value at `path` as it is in `old` (absent there: removed), for ignoreChanges."""
    result: Properties = _reset(old, new, path)
    return result


_MISSING: Any = object()


def _reset(old: Value, new: Value, path: Path) -> Value:
    if not path:
        return old
    bare_old = old.value if isinstance(old, Secret) else old
    if isinstance(new, Secret):
        return Secret(_reset(bare_old, new.value, path))
    head, rest = path[0], path[1:]
    if isinstance(new, dict):
        source = bare_old if isinstance(bare_old, dict) else {}
        result = dict(new)
        for key in {*source, *new} if head == "*" else {str(head)}:
            before, after = source.get(key, _MISSING), new.get(key, _MISSING)
            if not rest:
                changed = before
            elif after is _MISSING:
                continue
            else:
                changed = _reset(before, after, rest) if before is not _MISSING else after
            if changed is _MISSING:
                result.pop(key, None)
            else:
                result[key] = changed
        return result
    if isinstance(new, list) and isinstance(bare_old, list):
        return [
            _reset(bare_old[index], item, rest) if head in ("*", index) and index < len(bare_old) else item
            for index, item in enumerate(new)
        ]
    return new
