"""The version of the Pulumi CLI that this engine is held to, and ranges of versions.

Source: ValidatePulumiVersionRange in sdk/go/common/resource/plugin/plugin.go; the syntax is that of
https://pkg.go.dev/github.com/blang/semver#ParseRange.
"""

from __future__ import annotations

import operator
import re
from typing import Final

from engine.errors import CONFIG, EngineError

VERSION: Final = (3, 260, 0)
"""The CLI's version that the recordings of `tests/conformance` are of."""

_TERM: Final = re.compile(r"(==|=|!=|!|>=|<=|>|<|)\s*v?(\d+)\.(\d+)\.(\d+)(?:\s+|\Z)")
_OPERATORS: Final = {
    "": operator.eq, "=": operator.eq, "==": operator.eq, "!": operator.ne, "!=": operator.ne,
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def require(range_: str) -> None:
    """Raises EngineError where VERSION is not in a range such as `>=3.5.0 !3.7.7 || >3.8.0`, or it is no range."""
    fits = [_all(part.strip(), range_) for part in range_.split("||")]
    if not any(fits):
        version = ".".join(map(str, VERSION))
        raise EngineError(
            f'the embedded engine does what Pulumi CLI {version} does, which is not in the version range "{range_}"; '
            "use a Pulumi CLI that is",
            CONFIG,
        )


def _all(part: str, range_: str) -> bool:
    position, fits = 0, True
    while position < len(part) or not part:
        term = _TERM.match(part, position)
        if term is None:
            raise EngineError(
                f'"{range_}" is no range of versions; it must read like >=3.5.0 or <3.4.0 || >3.8.0', CONFIG
            )
        fits &= _OPERATORS[term[1]](VERSION, tuple(int(term[number]) for number in (2, 3, 4)))
        position = term.end()
    return fits
