"""The engine's command line with the fake package, in a process of its own: `python -m tests.engine.launcher ARGS`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from engine.backend import passphrase
from engine.backend.filestate import Backend
from engine.cli import main
from engine.deployment import providers
from engine.errors import EngineError
from tests.engine.fakeprovider import FakeCloud


class Counter:
    """Counts what happens; the process is killed at the number that a variable of the environment says."""

    def __init__(self, suffix: str = "") -> None:
        self.number = 0
        self._suffix = suffix

    def before(self) -> int:
        """The next one is about to happen; its number. That in KILL_BEFORE does not."""
        self.number += 1
        self._kill("KILL_BEFORE", self.number)
        return self.number

    def after(self, number: int) -> None:
        """The one of this number has happened. That in KILL_AFTER was the last."""
        self._kill("KILL_AFTER", number)

    def _kill(self, variable: str, number: int) -> None:
        if number == int(os.environ.get(variable + self._suffix, "0")):
            os.kill(os.getpid(), signal.SIGKILL)


def count_writes() -> None:
    """Counts the checkpoint's writes, in the file `writes` too; from FULL_AT on, the disk is full."""
    save, counter, file = Backend.save, Counter(), Path(os.environ["FAKE_CLOUD"]) / "writes"

    def counted(self: Backend, stack: str, content: bytes) -> None:
        number = counter.before()
        file.write_text(str(number))
        if 0 < int(os.environ.get("FULL_AT", "0")) <= number:
            raise EngineError("the state file cannot be written: No space left on device", 69)
        save(self, stack, content)
        counter.after(number)

    Backend.save = counted  # type: ignore[method-assign]


def count_calls() -> None:
    """Counts what the cloud is asked to do, and to say; where the client for Kubernetes is loaded, its API server."""
    counter = Counter("_CALL")

    def counted(verb: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*words: Any, **options: Any) -> Any:
            if options.get("preview"):
                return await verb(*words, **options)
            number = counter.before()
            result = await verb(*words, **options)
            counter.after(number)
            return result

        return call

    for name in ("create", "update", "delete", "read"):
        setattr(FakeCloud, name, counted(getattr(FakeCloud, name)))
    if (client := sys.modules.get("engine.kubernetes.client")) is not None:
        client.Api.call = counted(client.Api.call)


def run(arguments: list[str]) -> int:
    """One command; its exit code."""
    providers.PACKAGES["fake"] = "tests.engine.fakeprovider"
    if "PULUMI_HOME" not in os.environ:  # nor is a Pulumi CLI to read what is written
        passphrase.ROUNDS = 1000  # type: ignore[misc]  # a million rounds test nothing more
    count_writes()
    count_calls()
    return main(arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
