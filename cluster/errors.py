"""The one error that the local cluster raises on purpose."""

from __future__ import annotations

import os


class ClusterError(Exception):
    """Something on this machine is in the way. The message is for the user: what is wrong and how to mend it.

    `code` is the exit code of the command, in the sense of sysexits(3); `os.EX_UNAVAILABLE` (69) by default.
    """

    def __init__(self, message: str, code: int = os.EX_UNAVAILABLE) -> None:
        super().__init__(message)
        self.code = code
