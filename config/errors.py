"""What is wrong with a stack's configuration, for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HIDDEN: Final = "[secret]"
"""Shown in place of the value of a secret key."""


def show(value: object) -> str:
    """A value as it was written; in quotes where one could not see where it ends."""
    text = str(value)
    return text if re.fullmatch(r"[\w.,%:/@+~-]+", text, re.ASCII) else repr(text)


@dataclass(frozen=True)
class Failure:
    """One thing that is wrong."""

    key: str
    """The key, without the project's namespace, such as `replicas`."""
    value: str
    """The value as it was given; `[secret]` for a secret key."""
    rule: str
    """The rule it breaks."""
    mend: str
    """What to do about it."""

    def __str__(self) -> str:
        shown = f"{self.key} {self.value}" if self.value else self.key
        return f"{shown}: {self.rule}\n    mend: {self.mend}"


class ConfigError(Exception):
    """The configuration is wrong; every failure of the stack's file is in it, never just the first."""

    def __init__(self, stack: str, failures: Sequence[Failure]) -> None:
        self.stack = stack
        self.failures = tuple(failures)
        places = "1 place" if len(self.failures) == 1 else f"{len(self.failures)} places"
        lines = [f"the configuration of stack {stack!r} is wrong in {places}; nothing was changed"]
        super().__init__("\n".join([*lines, *(f"  {failure}" for failure in self.failures)]))
