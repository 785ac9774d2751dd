"""The resources that `--target` limits an update to.

Source: UrnTargets in pkg/resource/deploy: `*` stands for any text without a colon, `**` for any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Targets:
    """URNs, or patterns of URNs; false where there are none, which means no limit."""

    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __contains__(self, urn: str) -> bool:
        return any(_matches(pattern, urn) for pattern in self.patterns)

    def missing(self, urns: Iterable[str]) -> list[str]:
        """The targets that are none of the URNs; a pattern may fit nothing."""
        known = {*urns}
        return [target for target in self.patterns if "*" not in target and target not in known]


def _matches(pattern: str, urn: str) -> bool:
    if "*" not in pattern:
        return pattern == urn
    parts = (
        {"**": ".*", "*": "[^:]*"}.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*)", pattern) if part
    )
    return re.fullmatch("".join(parts), urn) is not None


NO_TARGETS = Targets()
