"""Which display serves a run."""

from __future__ import annotations

import os
import sys

from engine.display.lines import Display

_UNKNOWN = ("", "unknown")


def choose(preview: bool, *, json: bool, diff: bool, colour: str, hidden: frozenset[str]) -> Display:
    """The display of one preview or update; `colour` is what --color says."""
    tty = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    colours = colour == "always" or (colour == "auto" and tty)
    if json:
        from engine.display.digest import Digest  # noqa: PLC0415 - only here
        from engine.display.events import Events  # noqa: PLC0415

        return (Digest if preview else Events)(preview, out=sys.stderr, colour=colours, hidden=hidden)
    if diff:
        from engine.display.fulldiff import FullDiff  # noqa: PLC0415

        return FullDiff(preview, out=sys.stdout, colour=colours, hidden=hidden)
    if colours and tty and colour == "auto" and not os.environ.get("CI") and os.environ.get("TERM", "") not in _UNKNOWN:
        from engine.display.tree import Tree  # noqa: PLC0415 - Rich takes a while to load

        return Tree(preview, out=sys.stdout, colour=colours, hidden=hidden)
    return Display(preview, out=sys.stdout, colour=colours, hidden=hidden)
