"""What changes in a resource, a line for each property."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.display.printer import Paint, Printer
from engine.display.values import HIDDEN, text, within
from engine.resource.diff import ABSENT, Change, changes
from engine.resource.paths import find, format_path, parse_path
from engine.resource.values import Value

_MOST: Final = 20
"""Lines of one text that are shown; `--diff` shows all."""


def change_lines(step: Step, paint: Paint) -> Iterator[str]:
    """The properties that a step changes."""
    if step.op not in (ops.UPDATE, ops.CREATE_REPLACEMENT, ops.REFRESH) or step.old is None:
        return
    replaces = set() if step.found else set(step.diff.replaces)  # a refresh only tells
    found = [change for change in changes(step.old.inputs, step.state.inputs) if change.path[0] not in HIDDEN]
    for change in found:
        path = format_path(change.path)
        mark = " (replaces)" if any(within(path, item) for item in replaces) else ""
        yield from lines_of(change, path, paint, mark)
    shown = [format_path(change.path) for change in found]
    for path in sorted({*step.diff.changed, *replaces}):
        if not any(within(path, item) or within(item, path) for item in shown) and path.split(".")[0] not in HIDDEN:
            mark = " (replaces)" if path in replaces else ""
            recorded = _recorded(step, path)
            for change in recorded:
                yield from lines_of(change, format_path(change.path), paint, mark)
            if not recorded:
                yield f"{paint(f'~ {path}', '33')}{mark}"


def _recorded(step: Step, path: str) -> list[Change]:
    """What changes at a path where the same was wanted before, and something else was recorded."""
    try:
        parts = parse_path(path)
    except ValueError:
        return []
    before = find(step.old.outputs if step.old else {}, parts, ABSENT)
    return list(changes(before, find(step.state.inputs, parts, ABSENT), parts))


def lines_of(change: Change, path: str, paint: Paint, mark: str = "") -> Iterator[str]:
    """One property that changes, with the mark after its first line; of texts of many lines those that change."""
    old, new = ("[secret]", "[secret]") if change.secret else (text(change.old), text(change.new))
    if change.old is ABSENT:
        yield f"{paint(f'+ {path}: {new}', '32')}{mark}"
    elif change.new is ABSENT:
        yield f"{paint(f'- {path}: {old}', '31')}{mark}"
    elif lines := [] if change.secret else _text_lines(change.old, change.new, paint):
        yield f"{paint(f'~ {path}:', '33')}{mark}"
        yield from lines[:_MOST]
        if len(lines) > _MOST:
            yield f"    ... and {len(lines) - _MOST} lines more; --diff shows all"
    else:
        yield f"{paint(f'~ {path}: {old} => {new}', '33')}{mark}"


def _text_lines(old: Value, new: Value, paint: Paint) -> list[str]:
    """What differs between two texts, if one has several lines and not blank ones alone differ."""
    if not isinstance(old, str) or not isinstance(new, str) or "\n" not in old.rstrip("\n") + new.rstrip("\n"):
        return []
    before, after = old.splitlines(), new.splitlines()
    if [*filter(str.strip, before)] == [*filter(str.strip, after)]:
        return []
    return [*Printer(paint).text_changes(before, after, 1)]
