"""The command `status`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.pipeline.load import load
from deploy.say import say
from deploy.status import page, text
from deploy.status.collect import collect
from deploy.status.record import Report, as_json

EVERY = 2.0
"""Seconds between two looks of `--watch`."""


def status(project: Path, engine: Engine, args: argparse.Namespace) -> int:
    """Tells how every environment is: as text, with `args.json` as JSON, with `args.html` as a page in that file.

    With `args.watch` the text is told anew until it is interrupted. How the environments are has no effect on the
    exit status.
    """
    if args.watch and (args.json or args.html):
        raise DeployError("--watch shows the text: leave out --json and --html.", os.EX_USAGE)
    if args.watch:
        _watch(project, engine)
        return os.EX_OK
    report = collect(project, load(project), engine, compare=bool(args.html))
    if args.html:
        _write(args.html, page.render(report))
    if args.json:
        print(as_json(report))
    elif not args.html:
        print(_text(report))
    return os.EX_OK


def _watch(project: Path, engine: Engine) -> None:
    # On a terminal from its top left corner, and what was there before is wiped line by line: without a flicker.
    start, end, rest = ("\x1b[H\x1b[2J\x1b[H", "\x1b[K\n", "\x1b[J") if sys.stdout.isatty() else ("", "\n", "\n")
    try:
        while True:
            shown = _text(collect(project, load(project), engine))
            print(start + end.join([*shown.splitlines(), ""]), end=rest, flush=True)
            start = start[:3]
            time.sleep(EVERY)
    except KeyboardInterrupt:
        return


def _text(report: Report) -> str:
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    return text.render(report, width, colour=terminal and not os.environ.get("NO_COLOR"))


def _write(file: Path, content: str) -> None:
    from engine.files import write_atomic  # noqa: PLC0415 - only where it is needed

    try:
        write_atomic(file, content.encode(), 0o644)
    except OSError as err:
        raise DeployError(f"--html {file}: {err.strerror}; name a file that can be written.", os.EX_USAGE) from err
    say(f"written: {file}")
