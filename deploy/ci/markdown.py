"""Markdown that says what was meant, whatever is in its values, and that fits where it goes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from deploy.say import clean

ALL: Final = 10**9
"""As a number of lines, or of characters of a value: all there are."""
SHORT: Final = 300
"""Characters of a value in a text that is cut."""


def code(text: str) -> str:
    """The text as it is, on one line.

    Source: spec.commonmark.org, code spans.
    """
    text = clean(text)
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def block(lines: Sequence[str], language: str = "") -> list[str]:
    """The lines as they are, in a block of code."""
    lines = [clean(line) for line in lines]
    ticks = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return [f"{ticks}{language}", *lines, ticks]


def folded(title: str, lines: Sequence[str]) -> list[str]:
    """A diff that is shown when its title is clicked. The title is not escaped."""
    return ["", f"<details><summary>{title}</summary>", "", *block(lines, "diff"), "", "</details>"]


def cut(lines: Iterable[str], count: int, most: int, rest: str) -> list[str]:
    """The first `most` of the lines, of which there are `count`, and in the words of `rest` how many more there are."""
    return [*islice(lines, most), *([rest.format(count - most)] if count > most else ())]


def short(value: str, most: int) -> str:
    """A value in a text that has `most` lines of each kind."""
    if most == ALL or len(value) <= SHORT:
        return value
    return f"{value[:SHORT]}... ({len(value)} characters)"


def fitted(text: Callable[[int], str], most: int, longest: int) -> str:
    """The text with as many lines of each kind as fit.

    Args:
        text: makes it with at most so many lines of a kind, or with ALL.
        most: how many lines of a kind there are.
        longest: characters it may have.
    """
    whole = text(ALL)
    if len(whole) <= longest:
        return whole
    # The margin is for a last line that is shorter than the words for it.
    lines = bisect_right(range(most + 1), longest * 99 // 100, key=lambda count: len(text(count))) - 1
    return text(max(0, lines))[:longest]
