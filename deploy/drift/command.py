"""`python -m deploy drift`: names the drift, and puts it back."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from itertools import groupby

from deploy import session
from deploy.backend import lock_folder
from deploy.drift.compare import Drift
from deploy.drift.find import IncompleteError, find
from deploy.drift.fix import busy, fix
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.observe.recorded import recorded, under_way
from deploy.say import clean, say
from deploy.stack import Stack

DRIFT = 2
"""The exit status where there is drift."""
LONGEST = 100
"""A longer value is cut in the terminal; JSON has all of it."""


def drift(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints the drift of the stack's live objects; with `--fix`, puts it back.

    Returns:
        0 without drift and after `--fix`, else 2.

    Raises:
        DeployError: an update is under way (75); not everything can be compared (69): the rest is printed before.
    """
    session.enter(stack, start=False)
    drifts, problem = _find(stack, engine)
    if not args.json and (drifts or not problem):
        print("\n".join(map(clean, _lines(drifts))) or f"{stack.name}: no drift")
    if args.fix and drifts:
        drifts = fix(stack, engine, say)
        say(f"{stack.name}: all of it is put back")
    elif drifts:
        say(f"{stack.name} has drifted; `.venv/bin/python -m deploy drift {stack.name} --fix` puts it back")
    if args.json and (drifts or not problem):
        print(json.dumps({"fixed": bool(args.fix), "drifts": [asdict(found) for found in drifts]}, indent=2))
    if problem:
        raise problem
    return DRIFT if drifts and not args.fix else os.EX_OK


def _find(stack: Stack, engine: Engine) -> tuple[list[Drift], DeployError | None]:
    """The drift, and why some of it is not known; an error (75) where an update makes what looks like drift."""
    locks = lock_folder(stack)
    state = recorded(stack, engine)
    if under_way(state, locks):
        raise busy(stack)
    drifts, problem = [], None
    try:
        drifts = find(stack, state)
    except IncompleteError as err:
        drifts, problem = err.found, err
    if drifts and (under_way(state, locks) or recorded(stack, engine) != state):
        raise busy(stack)
    return drifts, problem


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
