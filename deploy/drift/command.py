"""`python -m deploy drift`: names the drift, and puts it back."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from itertools import groupby

from deploy import session
from deploy.drift.compare import Drift
from deploy.drift.find import find
from deploy.drift.fix import fix
from deploy.engines import Engine
from deploy.observe.recorded import recorded
from deploy.say import say
from deploy.stack import Stack

DRIFT = 2
"""The exit status where there is drift."""
LONGEST = 100
"""A longer value is cut in the terminal; JSON has all of it."""


def drift(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints the drift of the stack's live objects; with `--fix`, puts it back.

    Returns:
        0 without drift and after `--fix`, else 2.
    """
    session.enter(stack, start=False)
    state = recorded(stack, engine)
    drifts = find(stack, state)
    if not args.json:
        print("\n".join(_lines(drifts)) or f"{stack.name}: no drift")
    if args.fix and drifts:
        fix(stack, state, engine, drifts, say)
        say(f"{stack.name}: all of it is put back")
    elif drifts:
        say(f"{stack.name} has drifted; `.venv/bin/python -m deploy drift {stack.name} --fix` puts it back")
    if args.json:
        print(json.dumps({"fixed": bool(args.fix), "drifts": [asdict(found) for found in drifts]}, indent=2))
    return DRIFT if drifts and not args.fix else os.EX_OK


def _lines(drifts: list[Drift]) -> list[str]:
    lines = []
    for (kind, namespace, name), group in groupby(drifts, lambda found: (found.kind, found.namespace, found.name)):
        lines.append(f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}")
        lines += [f"  {_line(found)}" for found in group]
    return lines


def _line(found: Drift) -> str:
    if not found.path:
        return "missing (who deleted it is not recorded)"
    who = ", ".join(filter(None, (found.by, found.operation, found.at))) or "whom is not recorded"
    return f"{found.path}: {_short(found.wanted)} -> {_short(found.found)} (by {who})"


def _short(text: str) -> str:
    return (text if len(text) <= LONGEST else f"{text[:LONGEST]}...") or "nothing"
