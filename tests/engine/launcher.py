"""The engine's command line with the fake package, in a process of its own: `python -m tests.engine.launcher ARGS`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from engine import passphrase, providers
from engine.backend import Backend
from engine.cli import main
from engine.errors import EngineError


def count_writes(counter: Path) -> None:
    """Counts the checkpoint's writes in a file; the process is killed at one of them, or the disk is full from one on.

    KILL_BEFORE, KILL_AFTER and FULL_AT in the environment say which.
    """
    save = Backend.save

    def counted(self: Backend, stack: str, content: bytes) -> None:
        number = int(counter.read_text()) + 1 if counter.exists() else 1
        counter.write_text(str(number))
        if number == int(os.environ.get("KILL_BEFORE", "0")):
            os.kill(os.getpid(), signal.SIGKILL)
        if 0 < int(os.environ.get("FULL_AT", "0")) <= number:
            raise EngineError("the state file cannot be written: No space left on device", 69)
        save(self, stack, content)
        if number == int(os.environ.get("KILL_AFTER", "0")):
            os.kill(os.getpid(), signal.SIGKILL)

    Backend.save = counted  # type: ignore[method-assign]


if __name__ == "__main__":
    providers.PACKAGES["fake"] = "tests.engine.fakeprovider"
    passphrase.ROUNDS = 1000  # type: ignore[misc]  # a million rounds test nothing more
    count_writes(Path(os.environ["FAKE_CLOUD"]) / "writes")
    sys.exit(main(sys.argv[1:]))
