"""Runs git: nobody is asked anything, nothing takes for ever, and what went wrong is one line without a password."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeployError


@dataclass(frozen=True)
class Done:
    """How a git command ended."""

    code: int
    """Its exit status."""
    out: str
    """Its stdout, as UTF-8; line ends as they came."""
    err: str
    """Its stderr, without the credentials of any URL."""

    @property
    def reason(self) -> str:
        """What git, or the other side, says about a failure, in one line without a full stop."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        telling = [line for line in lines if re.match(r"(fatal|error|remote): *\S", line)] or lines[-1:]
        return "; ".join(dict.fromkeys(telling)).rstrip(".") or f"git ended with {self.code}"


def git(folder: Path, *args: str, stdin: str = "", env: Mapping[str, str] | None = None, timeout: float = 30.0) -> Done:
    """Runs `git args` in the folder and waits for it, `timeout` seconds at most.

    Raises:
        DeployError: there is no git (69), or it took too long (69).
    """
    # A session of its own has no terminal, so that ssh cannot ask for a passphrase behind the captured output.
    # LC_ALL: some reasons can be told apart by their words only.
    asked = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            ["git", "-C", str(folder), "--literal-pathspecs", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **asked, **(env or {})},
            start_new_session=True,
        )
    except FileNotFoundError as err:
        raise DeployError("git is not on PATH, and is needed here. Install it.", os.EX_UNAVAILABLE) from err
    with process:
        try:
            out, err_out = process.communicate(stdin.encode(), timeout)
        except BaseException as err:
            _end(process)
            if isinstance(err, subprocess.TimeoutExpired):
                raise DeployError(
                    f"`git {args[0]}` took more than {timeout:g} s and was stopped. Is its remote reachable?",
                    os.EX_UNAVAILABLE,
                ) from err
            raise
    return Done(process.returncode, out.decode(errors="replace"), without_credentials(err_out.decode(errors="replace")))


def without_credentials(text: str) -> str:
    """The text, its URLs without user names and passwords."""
    return re.sub(r"(\w://)[^/\s]*@", r"\1", text)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends git with its helpers; asked first, so that it takes its lock files away."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.communicate(timeout=5)
            return
