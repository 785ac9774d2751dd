"""JSONPath as the annotation `pulumi.com/waitFor` takes it: names, indexes, wildcards, slices, descent and filters.

Source: RFC 9535, less its functions, which end in an error that names the Pulumi CLI.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Select = Callable[[Any, Any], Iterator[Any]]
"""From the root and a value to what one part of a path selects there."""
Test = Callable[[Any, Any], bool]
"""Whether a filter takes a value."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<sign>\.\.|==|!=|<=|>=|&&|\|\||[$@.\[\]()*?:,!<>])
    |(?P<name>[^\W\d][\w-]*)
    )""",
    re.VERBOSE,
)
_COMPARED = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_LITERALS = {"true": True, "false": False, "null": None}
_NOTHING = object()


def parse(text: str) -> Callable[[Any], list[Any]]:
    """What selects all values at a path, such as `.status.conditions[?(@.type=="Ready")].status`.

    Raises `ValueError` with the reason for a text that is no path.
    """
    parser = _Parser(_tokens(text))
    if parser.peek() == "$":
        parser.next()
    path = parser.path()
    if parser.peek():
        raise ValueError(f"{parser.peek()!r} is not expected there")
    return lambda root: list(_walk(path, root, root))


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"{text[position:]!r} is not understood")
        found.append(_Token(str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return found


def _walk(path: list[Select], root: Any, value: Any) -> Iterator[Any]:
    if not path:
        yield value
        return
    for found in path[0](root, value):
        yield from _walk(path[1:], root, found)


class _Parser:
    """A recursive descent over the tokens of one path."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str:
        """The next sign or name, or an empty text at the end; a string's quotes are kept."""
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def next(self) -> _Token:
        """Takes the next token."""
        if self._at == len(self._tokens):
            raise ValueError("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, text: str) -> None:
        if self.next().text != text:
            raise ValueError(f"{text!r} is missing")

    def path(self) -> list[Select]:
        """The segments from here on."""
        parts: list[Select] = []
        while self.peek() in (".", "..", "["):
            sign = self.next().text
            if sign == "[":
                parts.append(self._brackets())
                continue
            if sign == "..":
                parts.append(lambda _, value: _below(value))
            if self.peek() == "[":
                continue
            token = self.next()
            if token.text == "*":
                parts.append(_each)
            elif token.kind == "name":
                parts.append(_member(token.text))
            else:
                raise ValueError(f"{token.text!r} is no name")
        return parts

    def _brackets(self) -> Select:
        selectors = [self._selector()]
        while self.peek() == ",":
            self.next()
            selectors.append(self._selector())
        self._expect("]")
        return lambda root, value: (found for select in selectors for found in select(root, value))

    def _selector(self) -> Select:
        if self.peek() == ":":
            return self._slice(None)
        token = self.next()
        if token.kind == "string":
            return _member(_unquoted(token.text))
        if token.kind == "number":
            return self._slice(int(token.text)) if self.peek() == ":" else _item(int(token.text))
        if token.text == "*":
            return _each
        if token.text == "?":
            test = self._either()
            return lambda root, value: (item for item in _each(root, value) if test(root, item))
        raise ValueError(f"{token.text!r} cannot stand in brackets")

    def _slice(self, first: int | None) -> Select:
        bounds: list[int | None] = [first]
        while self.peek() == ":" and len(bounds) < 3:
            self.next()
            bounds.append(int(self.next().text) if self.peek() not in (":", "]", ",") else None)
        part = slice(*bounds)
        return lambda _, value: iter(value[part] if isinstance(value, list) else ())

    def _either(self) -> Test:
        tests = [self._both()]
        while self.peek() == "||":
            self.next()
            tests.append(self._both())
        return lambda root, value: any(test(root, value) for test in tests)

    def _both(self) -> Test:
        tests = [self._test()]
        while self.peek() == "&&":
            self.next()
            tests.append(self._test())
        return lambda root, value: all(test(root, value) for test in tests)

    def _test(self) -> Test:
        if self.peek() == "!":
            self.next()
            inner = self._test()
            return lambda root, value: not inner(root, value)
        if self.peek() == "(":
            self.next()
            inner = self._either()
            self._expect(")")
            return inner
        left, query = self._operand()
        if self.peek() in _COMPARED:
            compare = _COMPARED[self.next().text]
            right, _ = self._operand()
            return lambda root, value: _compare(compare, left(root, value), right(root, value))
        if not query:
            raise ValueError("a filter is a comparison or a path")
        return lambda root, value: left(root, value) is not _NOTHING

    def _operand(self) -> tuple[Callable[[Any, Any], Any], bool]:
        """What gives a value, and whether it is a path."""
        token = self.next()
        if token.text in ("@", "$"):
            path, here = self.path(), token.text == "@"
            return lambda root, value: next(_walk(path, root, value if here else root), _NOTHING), True
        if token.kind == "name" and self.peek() == "(":
            raise ValueError(f"the function {token.text}() needs the Pulumi CLI (ENGINE=pulumi)")
        if token.kind == "string":
            literal: Any = _unquoted(token.text)
        elif token.kind == "number":
            literal = json.loads(token.text)
        elif token.text in _LITERALS:
            literal = _LITERALS[token.text]
        else:
            raise ValueError(f"{token.text!r} is no value")
        return lambda _root, _value: literal, False


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _member(name: str) -> Select:
    return lambda _, value: iter([value[name]] if isinstance(value, dict) and name in value else ())


def _item(index: int) -> Select:
    return lambda _, value: iter(
        [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else ()
    )


def _each(_: Any, value: Any) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())


def _below(value: Any) -> Iterator[Any]:
    yield value
    for item in _each(None, value):
        yield from _below(item)


def _compare(compare: Callable[[Any, Any], Any], one: Any, other: Any) -> bool:
    if compare in (operator.eq, operator.ne):
        same = one is other or (one == other and isinstance(one, bool) == isinstance(other, bool))
        return same is (compare is operator.eq)
    alike = isinstance(one, str) and isinstance(other, str)
    numbers = all(isinstance(it, int | float) and not isinstance(it, bool) for it in (one, other))
    return bool(compare(one, other)) if alike or numbers else False
