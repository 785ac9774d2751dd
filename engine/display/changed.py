"""What changes in a resource, a line for each property."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine import step as ops
from engine.diff import ABSENT, Change, changes, unwrap_top
from engine.display.values import HIDDEN, text, within
from engine.paths import Path, format_path, parse_path
from engine.step import Step
from engine.values import Secret, Value

Paint = Callable[[str, str], str]
"""(text, the number of a colour) -> the text in that colour."""


def change_lines(step: Step, paint: Paint) -> Iterator[str]:
    """The properties that a step changes."""
    if step.op not in (ops.UPDATE, ops.CREATE_REPLACEMENT, ops.REFRESH) or step.old is None:
        return
    replaces = set() if step.found else set(step.diff.replaces)  # a refresh only tells
    found = [change for change in changes(step.old.inputs, step.state.inputs) if change.path[0] not in HIDDEN]
    for change in found:
        path = format_path(change.path)
        mark = " (replaces)" if any(within(path, item) for item in replaces) else ""
        yield f"{change_line(change, path, paint)}{mark}"
    shown = [format_path(change.path) for change in found]
    for path in sorted({*step.diff.changed, *replaces}):
        if not any(within(path, item) or within(item, path) for item in shown) and path.split(".")[0] not in HIDDEN:
            told = [change_line(change, format_path(change.path), paint) for change in _recorded(step, path)]
            for line in told or [paint(f"~ {path}", "33")]:
                yield f"{line}{' (replaces)' if path in replaces else ''}"


def _recorded(step: Step, path: str) -> list[Change]:
    """What changes at a path where the same was wanted before, and something else was recorded."""
    try:
        parts = parse_path(path)
    except ValueError:
        return []
    return list(changes(_at(step.old.outputs if step.old else {}, parts), _at(step.state.inputs, parts), parts))


def _at(value: Value, path: Path) -> Value:
    """The value at a path, a secret where it lies within one; ABSENT where there is none."""
    hidden = False
    for part in path:
        hidden = hidden or isinstance(value, Secret)
        value = unwrap_top(value)
        if isinstance(value, dict):
            value = value.get(str(part), ABSENT)
        else:
            found = isinstance(value, list) and isinstance(part, int) and part < len(value)
            value = value[part] if found else ABSENT
    return Secret(value) if hidden and value is not ABSENT else value


def change_line(change: Change, path: str, paint: Paint) -> str:
    """One property that changes."""
    old, new = ("[secret]", "[secret]") if change.secret else (text(change.old), text(change.new))
    if change.old is ABSENT:
        return paint(f"+ {path}: {new}", "32")
    if change.new is ABSENT:
        return paint(f"- {path}: {old}", "31")
    return paint(f"~ {path}: {old} => {new}", "33")
