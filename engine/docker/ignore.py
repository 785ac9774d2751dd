"""Which files of a build context a .dockerignore leaves out, exactly as Docker and BuildKit decide it.

Source: the rules of moby/patternmatcher and of BuildKit's fsutil (Filter), which pulumi-docker's digest is built on.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field

MAGIC = re.compile(r"[*\[\]?^\\]")


class IgnoreError(ValueError):
    """A pattern that cannot be read; the message names it."""


@dataclass(frozen=True)
class Pattern:
    """One line of the file."""

    text: str
    keeps: bool
    """Whether the line began with `!`: it takes back what the lines before it left out."""
    matches: Callable[[str], bool] = field(repr=False)


def clean(path: str) -> str:
    """The shortest form of a path, as Go's filepath.Clean gives it."""
    path = posixpath.normpath(path)
    return path[1:] if path.startswith("//") else path


def parse(text: str) -> tuple[Pattern, ...]:
    """The patterns of a .dockerignore's text. Raises `IgnoreError`."""
    patterns = []
    for raw in text.removeprefix("\ufeff").split("\n"):
        line = raw.strip()
        if raw.startswith("#") or not line:
            continue
        keeps = line.startswith("!")
        line = line.removeprefix("!").strip()
        if not line:
            raise IgnoreError("'!' without a pattern")
        line = clean(line)
        if len(line) > 1:
            line = line.removeprefix("/")
        patterns.append(Pattern(line, keeps, _compile(line)))
    return tuple(patterns)


class Filter:
    """Walks along with a directory tree and says what is left out."""

    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        self._patterns = patterns
        self._kept = [p.text for p in patterns if p.keeps]
        self._plain = not any(MAGIC.search(_without_trailing_star(text)) for text in self._kept)

    def judge(self, path: str, above: tuple[bool, ...]) -> tuple[bool, tuple[bool, ...]]:
        """Whether `path` is left out, and what to hand on as `above` for the entries of this directory.

        `above` is what its parent gave; empty at the top.
        """
        out = False
        hits = []
        for index, pattern in enumerate(self._patterns):
            hit = above[index] if above else False
            if not hit and pattern.keeps == out:
                hit = pattern.matches(path)
            hits.append(hit)
            if hit:
                out = not pattern.keeps
        return out, tuple(hits)

    def enters(self, path: str) -> bool:
        """Whether anything within a directory that is left out may be kept all the same."""
        if not self._plain:
            return True
        return any((_without_trailing_star(text) + "/").startswith(path + "/") for text in self._kept)


def _without_trailing_star(text: str) -> str:
    return text.removesuffix("/**").removesuffix("/*")


def _compile(text: str) -> Callable[[str], bool]:  # noqa: PLR0912 - one case for each special character
    """A pattern as a test: exact, by prefix (`a/**`), by suffix (`**/a`), or else as a regular expression."""
    form, expression, index, first = "exact", "", 0, True
    while index < len(text):
        char = text[index]
        index += 1
        if char == "*" and text[index : index + 1] == "*":
            index += 1
            if text[index : index + 1] == "/":
                index += 1
            if index == len(text):
                if form == "exact":
                    form = "prefix"
                else:
                    expression, form = expression + ".*", "expression"
            else:
                expression, form = expression + "(.*/)?", "expression"
            if first:
                form = "suffix"
        elif char == "*":
            expression, form = expression + "[^/]*", "expression"
        elif char == "?":
            expression, form = expression + "[^/]", "expression"
        elif char in ".+()|{}$":
            expression += "\\" + char
        elif char == "\\":
            if index < len(text):
                expression, form = expression + re.escape(text[index]), "expression"
                index += 1
            else:
                expression += "\\\\"
        elif char in "[]":
            expression, form = expression + char, "expression"
        else:
            expression += char
        first = False
    if form == "exact":
        return lambda path: path == text
    if form == "prefix":
        return lambda path: path.startswith(text[:-2])
    if form == "suffix":
        tail = text[2:]
        return lambda path: path.endswith(tail) or (tail.startswith("/") and path == tail[1:])
    try:
        found = re.compile(expression + r"\Z")
    except re.error as err:
        raise IgnoreError(f"the pattern {text!r}: {err}") from err
    return lambda path: found.match(path) is not None
