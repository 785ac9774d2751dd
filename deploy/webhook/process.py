"""Runs one command of a job: what it prints goes to the run's log, its end to the step's record."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from deploy.webhook.signature import without_secret

LONGEST: Final = 3600.0
"""Seconds that a command may take."""
GRACE: Final = 60.0
"""Seconds that it has to end in an orderly way after that."""
TOO_LONG: Final = 124
"""The exit status of a command that was ended, as timeout(1) has it."""
TAIL: Final = 2**16
"""Bytes at a log's end, in which the reason of a failure is looked for."""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    """Its exit status."""
    reason: str = ""
    """Its last line that tells something, as the log has it."""


def run(words: tuple[str, ...], folder: Path, log: Path, lock: int, timeout: float = LONGEST) -> Ended:
    """Runs `python -m deploy WORDS` in a folder, with the deploy package of that folder.

    timeout(1) ends it as Ctrl-C does, so that the engine writes its state, then by force; also when the worker is dead.

    Args:
        words: of the command line.
        folder: the project's.
        log: gets what the command prints, appended, without secrets.
        lock: a descriptor that the command holds too: no other worker begins before it ends.
        timeout: seconds.
    """
    log.touch(mode=0o600)
    begin = log.stat().st_size
    env = {**without_secret(), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    mask = subprocess.Popen(
        [sys.executable, "-m", "deploy.webhook.mask", str(log)], stdin=subprocess.PIPE, start_new_session=True
    )
    assert mask.stdin  # noqa: S101 - for the type checker
    with mask.stdin as output:  # closed here, so that the mask sees its end
        process = subprocess.Popen(
            [
                *("timeout", "--signal=INT", f"--kill-after={GRACE}", str(timeout)),
                *(sys.executable, "-m", "deploy", *words),
            ],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(lock,),
            start_new_session=True,
        )
    code = process.wait()
    with suppress(subprocess.TimeoutExpired):
        mask.wait(10)  # longer, where the command left someone behind who still can print
    if code in (TOO_LONG, -signal.SIGKILL):  # the second, where timeout(1) had to kill its whole group
        return Ended(TOO_LONG, f"it was ended, for it may take {timeout:.0f} s; or somebody killed it")
    with log.open("rb") as file:
        file.seek(max(begin, log.stat().st_size - TAIL))
        said = last_line(file.read().decode(errors="replace"))
    return Ended(code, said or f"it ended with {code}")


def last_line(text: str) -> str:
    """The last line that says something, without its `error: `."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("error: ")] or lines
    return telling[-1].removeprefix("error: ")[:500] if telling else ""
