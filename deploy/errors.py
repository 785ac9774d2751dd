"""The one exception of this package: a message for the user and an exit code from sysexits.h."""

from __future__ import annotations

import os


class DeployError(Exception):
    """Says what is wrong, the rule and the mend; `code` is the command's exit status."""

    def __init__(self, message: str, code: int = os.EX_CONFIG) -> None:
        super().__init__(message)
        self.code = code
