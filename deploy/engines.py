"""The two engines behind one call: the same words go to the Pulumi CLI or to the embedded engine."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from deploy.errors import DeployError

CHOICES = ("pulumi", "embedded")


class Engine(Protocol):
    """Runs `pulumi`'s own command lines in a project folder."""

    name: str

    def run(self, *words: str, stdin: str | None = None) -> int:
        """Runs a command with the terminal attached, or with a text as its input; returns its exit status."""
        ...

    def read(self, *words: str) -> str:
        """Runs a command and returns what it printed on standard output.

        Raises:
            DeployError: the command failed; what it said went to standard error.
        """
        ...


class PulumiCLI:
    """The Pulumi CLI on PATH."""

    name = "pulumi"

    def __init__(self, project: Path) -> None:
        self.project = project

    def run(self, *words: str, stdin: str | None = None) -> int:
        if stdin is not None:
            done = subprocess.run(self._command(words), input=stdin, text=True, check=False)
            return min(abs(done.returncode), 1)
        process = subprocess.Popen(self._command(words))
        interrupted = False
        while True:
            try:
                code = process.wait()
            except KeyboardInterrupt:  # the CLI has the signal too, and ends in its own orderly way
                interrupted = True
                continue
            return 130 if interrupted and code else min(abs(code), 1)

    def read(self, *words: str) -> str:
        asks = "--show-secrets" in words  # for the passphrase, where it is not given
        command = self._command(words if asks else (*words, "--non-interactive"))
        stdin = None if asks else subprocess.DEVNULL
        result = subprocess.run(command, stdin=stdin, stdout=subprocess.PIPE, text=True, check=False)
        return _output(self.name, words, min(abs(result.returncode), 1), result.stdout)

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return ["pulumi", *words, "--cwd", str(self.project)]


class Embedded:
    """The engine in this repository, in this process."""

    name = "embedded"

    def __init__(self, project: Path) -> None:
        self.project = project

    def run(self, *words: str, stdin: str | None = None) -> int:
        from engine.cli import main  # noqa: PLC0415 - costs time that `env` and `url` need not spend

        terminal = sys.stdin
        try:
            sys.stdin = terminal if stdin is None else io.StringIO(stdin)
            return main([*words, "--cwd", str(self.project)])
        finally:
            sys.stdin = terminal

    def read(self, *words: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            code = self.run(*words)
        return _output(self.name, words, code, out.getvalue())


def choose(wanted: str | None, project: Path) -> Engine:
    """The engine the user asked for (`--engine`, else ENGINE), else the CLI where there is one.

    Raises:
        DeployError: the name is unknown, or the CLI was asked for and is not on PATH.
    """
    name = wanted or os.environ.get("ENGINE") or ("pulumi" if shutil.which("pulumi") else "embedded")
    if name not in CHOICES:
        raise DeployError(f"ENGINE is {name!r}; it is one of: {', '.join(CHOICES)}.", os.EX_USAGE)
    if name == "embedded":
        return Embedded(project)
    if not shutil.which("pulumi"):
        raise DeployError(
            "ENGINE is 'pulumi', but there is no `pulumi` on PATH. Install the Pulumi CLI "
            "(https://www.pulumi.com/docs/install/), or take ENGINE=embedded.",
            os.EX_UNAVAILABLE,
        )
    return PulumiCLI(project)


def _output(engine: str, words: tuple[str, ...], code: int, output: str) -> str:
    if code:
        raise DeployError(f"`{engine} {' '.join(words)}` failed with exit status {code}; see above.", code)
    return output
