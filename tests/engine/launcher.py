"""The engine's command line with the fake package, in a process of its own: `python -m tests.engine.launcher ARGS`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from engine import passphrase, providers
from engine.backend import Backend
from engine.cli import main

providers.PACKAGES["fake"] = "tests.engine.fakeprovider"
passphrase.ROUNDS = 1000  # type: ignore[misc]  # a million rounds test nothing more

if "COUNT_WRITES" in os.environ:
    written = Path(os.environ["FAKE_CLOUD"]) / "writes"
    save = Backend.save

    def counted(self: Backend, stack: str, content: bytes) -> None:
        """Counts the writes of the checkpoint."""
        written.write_text(str(int(written.read_text() or 0) + 1 if written.exists() else 1))
        save(self, stack, content)

    Backend.save = counted  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
