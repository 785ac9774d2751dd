"""The errors that end a command, and the exit codes (sysexits) they end it with."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
"""The deployment failed."""
UNEXPECTED: Final = 7
"""Something changed under --expect-no-changes; the CLI's own code for it."""
USAGE: Final = 64
UNAVAILABLE: Final = 69
"""Something needed is missing or unreachable."""
INTERNAL: Final = 70
"""A bug in the engine."""
LOCKED: Final = 75
"""Another update holds the stack; try again."""
CONFIG: Final = 78
"""The configuration is wrong."""
INTERRUPTED: Final = 130


class EngineError(Exception):
    """Ends a command. The message is for the user: what is wrong, the rule, the mend; no secret in it."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def needs_cli(what: str) -> EngineError:
    """The error for something that only the Pulumi CLI can do; `what` is a noun phrase."""
    return EngineError(
        f"{what} is not supported by the embedded engine; use the Pulumi CLI for it "
        "(https://www.pulumi.com/docs/install/): it works on the same program and state",
        USAGE,
    )
