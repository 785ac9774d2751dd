"""The command `diff`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from itertools import groupby

from deploy import stack as stacks
from deploy.engines import Engine
from deploy.objects.diff import Change, difference, text
from deploy.stack import Stack

_BOLD, _LEFT, _RIGHT = "1", "31", "32"


def diff(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints what differs between the stack and `args.other`; with `args.json` as one JSON object."""
    other = stacks.load(stack.project, args.other)
    found = difference(stack, other)
    if args.json:
        print(json.dumps({"left": stack.name, "right": other.name, **asdict(found)}, indent=2))
        return os.EX_OK
    print(_paint(f"{stack.name} -> {other.name}", _BOLD))
    groups = [("configuration", found.config), *_groups(found.objects)]
    for title, changes in groups:
        if changes:
            print(_paint(f"\n{title}", _BOLD))
        for change in changes:
            print(f"  {_line(change, stack.name, other.name)}")
    if not found.config and not found.objects:
        print("\nno difference")
    return os.EX_OK


def _groups(changes: list[Change]) -> list[tuple[str, list[Change]]]:
    return [(title, list(group)) for title, group in groupby(changes, lambda change: change.object)]


def _line(change: Change, left: str, right: str) -> str:
    if not change.path:
        return _paint(f"only in {right}", _RIGHT) if change.left is None else _paint(f"only in {left}", _LEFT)
    return f"{change.path}: {_paint(text(change.left), _LEFT)} -> {_paint(text(change.right), _RIGHT)}"


def _paint(words: str, code: str) -> str:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[{code}m{words}\x1b[0m" if coloured else words
