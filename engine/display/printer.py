"""Property trees as the CLI's `--diff` prints them: four spaces a level, a sign before what changes.

Source: pkg/backend/display/object_diff.go.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from engine.display.nodes import Node, compared, internal_key
from engine.resource.diff import ABSENT, same
from engine.resource.values import UNKNOWN, Asset, Secret, Value

Paint = Callable[[str, str], str]
"""(text, the number of a colour) -> the text in that colour."""
Mark = tuple[str, str]
"""A sign of two characters, and the number of its colour."""
PLAIN: Final[Mark] = ("", "0")
ADD: Final[Mark] = ("+ ", "32")
DELETE: Final[Mark] = ("- ", "31")
UPDATE: Final[Mark] = ("~ ", "33")
_WIDEST: Final = 150
"""Characters of a line of a text that does not change."""
_LINES: Final = 3
"""Lines of such a text."""
_CONTEXT: Final = 2
"""Unchanged lines shown before and after a change in a long text."""


class Printer:
    """Collects lines; `paint` colours them."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint

    def properties(self, value: Value, level: int, mark: Mark = PLAIN) -> Iterator[str]:
        """All properties of an object, each of them marked."""
        shown = {key: item for key, item in sorted(value.items()) if not internal_key(key)}
        width = max(map(len, shown), default=0)
        for key, item in shown.items():
            yield from self._value(f"{key:<{width}}: ", item, level, level, mark)

    def changes(self, node: Node, level: int, *, sames: bool = True) -> Iterator[str]:
        """What changes in an object; `sames`: with what does not."""
        shown = {str(key): child for key, child in sorted(node.children.items()) if sames or not child.unchanged}
        width = max(map(len, shown), default=0)
        for key, child in shown.items():
            yield from self._change(f"{key:<{width}}: ", child, level, level)

    def _change(self, title: str, node: Node, level: int, at: int) -> Iterator[str]:
        """One property; its title is at `level`, what is in it one deeper than `at`."""
        old, new = node.old, node.new
        if node.children and all(isinstance(key, int) for key in node.children):
            yield self._line(f"{title}[", level, UPDATE)
            for index, child in sorted(node.children.items()):
                yield from self._change(f"[{index}]: ", child, at + 1, at + 2)
            yield self._line("]", at, UPDATE, signed=False)
        elif node.children:
            yield self._line(f"{title}{{", level, UPDATE)
            yield from self.changes(node, at + 1)
            yield self._line("}", at, UPDATE, signed=False)
        elif old is ABSENT:
            yield from self._value(title, new, level, at, ADD)
        elif new is ABSENT:
            yield from self._value(title, old, level, at, DELETE)
        elif node.unchanged:
            if _printable(new):
                yield from self._value(title, new, level, at, PLAIN)
        elif _printable(old) and _printable(new) and _primitive(old) and _primitive(new):
            yield from self._replaced(title, old, new, level, at)
        else:
            if _printable(old):
                yield from self._value(title, old, level, at, DELETE)
            if _printable(new):
                yield from self._value(title, new, level, at, ADD)

    def _replaced(self, title: str, old: Value, new: Value, level: int, at: int) -> Iterator[str]:
        if isinstance(old, str) and isinstance(new, str):
            before, after = _decoded(old), _decoded(new)
            if before is not None and after is not None and not same(before, after):
                yield from self._change(f"{title}(json) ", compared(before, after), level, at)
                return
            if "\n" in old or "\n" in new:
                yield self._line(title.rstrip(" "), level, UPDATE)
                yield from self.text_changes(old.splitlines(), new.splitlines(), at + 1)
                return
        shown = f"{self._paint(primitive(old), DELETE[1])} => {self._paint(primitive(new), ADD[1])}"
        yield f"{self._line(title, level, UPDATE)}{shown}"

    def text_changes(self, old: list[str], new: list[str], level: int) -> Iterator[str]:
        """The lines of a text that change, and what is around them."""
        codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for number, (tag, i1, i2, j1, j2) in enumerate(codes):
            if tag != "equal":
                for mark, lines in ((DELETE, old[i1:i2]), (ADD, new[j1:j2])):
                    yield from (self._line(line, level, mark) for line in lines if line.strip())
                continue
            lines = [line for line in old[i1:i2] if line.strip()]
            head = lines[:_CONTEXT] if number else []
            tail = lines[-_CONTEXT:] if number < len(codes) - 1 else []
            if len(lines) > len(head) + len(tail) + 1:
                lines = [*head, "...", *tail]
            yield from (self._line(line, level, PLAIN) for line in lines)

    def _value(self, title: str, value: Value, level: int, at: int, mark: Mark) -> Iterator[str]:
        """A whole value, each line of it marked."""
        if isinstance(value, dict) and value:
            yield self._line(f"{title}{{", level, mark)
            yield from self.properties(value, at + 1, mark)
            yield self._line("}", at, mark, signed=False)
        elif isinstance(value, list) and value:
            yield self._line(f"{title}[", level, mark)
            for index, item in enumerate(value):
                yield from self._value(f"    [{index}]: ", item, at, at + 1, mark)
            yield self._line("]", at, mark, signed=False)
        elif isinstance(value, str) and (decoded := _decoded(value)) is not None:
            yield from self._value(f"{title}(json) ", decoded, level, at, mark)
            yield ""
        else:
            yield self._line(f"{title}{primitive(_cut(value))}", level, mark)

    def _line(self, text: str, level: int, mark: Mark, *, signed: bool = True) -> str:
        sign, colour = mark
        indent = "    " * level
        if sign and signed:
            indent = indent[: -len(sign)] + sign
        return self._paint(f"{indent}{text}", colour)


def primitive(value: Value) -> str:
    """A value that is no object and no list, on one line."""
    if isinstance(value, Secret):
        return "[secret]"
    if value is UNKNOWN:
        return "[unknown]"
    if value is None:
        return "<null>"
    if isinstance(value, Asset):
        fields = dict(value.wire)
        kind = "archive" if "assets" in fields else "asset"
        return f"{kind}({str(fields.get('hash', 'unknown'))[:7]}) {{ {fields.get('path') or fields.get('uri') or ''} }}"
    return json.dumps(value, ensure_ascii=False)


def _cut(value: Value) -> Value:
    """A long text as far as it is shown where it does not change."""
    if not isinstance(value, str):
        return value
    lines = [line if len(line) <= _WIDEST else f"{line[:_WIDEST]}..." for line in value.split("\n")]
    return "\n".join(lines if len(lines) <= _LINES else [*lines[:_LINES], "..."])


def _primitive(value: Value) -> bool:
    return not isinstance(value, dict | list | Asset)


def _printable(value: Value) -> bool:
    """Whether there is anything to see."""
    return value is not None and value not in ("", [], {})


def _decoded(text: str) -> Any:
    """The object or list that a text is the JSON of; else None."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) and value else None
