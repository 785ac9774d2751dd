"""Runs one command of a job: its output goes to the run's log, its end to the step's record."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.webhook.signature import without_secret

LONGEST: Final = 3600.0
"""Seconds that a command may take."""
GRACE: Final = 60.0
"""Seconds that it has to end in an orderly way after that."""


def run(words: tuple[str, ...], folder: Path, log: Path, lock: int, timeout: float = LONGEST) -> tuple[int, str]:
    """Runs `python -m deploy WORDS` in a folder, with the deploy package of that folder.

    Args:
        words: of the command line.
        folder: the project's.
        log: gets what the command prints, appended, without secrets.
        lock: a descriptor that the command holds too: no other worker begins before it ends.
        timeout: seconds.

    Returns:
        Its exit status, and what it printed.
    """
    log.touch(mode=0o600)
    begin = log.stat().st_size
    env = {**without_secret(), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    mask = subprocess.Popen(
        [sys.executable, "-m", "deploy.webhook.mask", str(log)], stdin=subprocess.PIPE, start_new_session=True
    )
    assert mask.stdin  # noqa: S101 - for the type checker
    with mask.stdin as pipe:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy", *words],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,
        )
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        code = _end(process)
    with suppress(subprocess.TimeoutExpired):
        mask.wait(10)  # longer, where the command left someone behind who still can print
    with log.open("rb") as file:
        file.seek(begin)
        return code, file.read().decode(errors="replace")


def last_line(text: str) -> str:
    """The last line that says something, without its `error: `."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("error: ")] or lines
    return telling[-1].removeprefix("error: ")[:500] if telling else ""


def image(text: str) -> str:
    """The last image reference that stands on a line of its own."""
    found = re.findall(r"^\S+@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    return str(found[-1]) if found else ""


def _end(process: subprocess.Popen[bytes]) -> int:
    """As Ctrl-C does it, so that the engine writes its state; then by force."""
    for number, patience in ((signal.SIGINT, GRACE), (signal.SIGKILL, 10.0)):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(patience)
            break
    return os.EX_TEMPFAIL if process.returncode is None else process.returncode or os.EX_TEMPFAIL
