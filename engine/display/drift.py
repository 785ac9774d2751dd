"""What a preview says about objects that somebody changed in the cluster, apart from what the program changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.deployment.step import Step
from engine.printable import printable
from engine.provider import Drift
from engine.resource.urn import name_of, type_of

_LONGEST: Final = 100
"""Characters of a value that a line shows."""
_MANY: Final = 5
"""Resources that could not be checked for one reason, from which on they are counted and not named."""


@dataclass
class DriftView:
    """What was seen, in the order in which it came."""

    found: dict[str, tuple[Drift, ...]] = field(default_factory=dict)
    """Drift by URN."""
    unchecked: dict[str, list[str]] = field(default_factory=dict)
    """URNs that the server could not be asked about, by the reason."""

    def add(self, step: Step, drift: tuple[Drift, ...], why: str) -> None:
        """Notes what became of the object of a step."""
        if drift:
            self.found[step.urn] = drift
        if why:
            self.unchecked.setdefault(why, []).append(step.urn)

    def lines(self) -> list[str]:
        """The section, empty where there is nothing to say."""
        lines = []
        for why, urns in sorted(self.unchecked.items()):
            told = sorted(map(_named, urns)) if len(urns) < _MANY else [f"{len(urns)} resources"]
            lines += [f"   {name} unchanged [not server-checked: {why}]" for name in told]
        if self.found:
            lines.append("Drift, which is no change of the program:")
        for urn in sorted(self.found, key=_named):
            lines.append(f"    {_named(urn)}")
            lines += [f"      {line}" for line in self.of(urn)]
        if self.found:
            lines.append("    an update leaves it where the program stays the same; a refresh before it puts it back")
        return [printable(line) for line in lines]

    def of(self, urn: str) -> list[str]:
        """The drift of one resource."""
        return [_line(drift) for drift in self.found[urn]]


def _named(urn: str) -> str:
    return f"{type_of(urn)} {name_of(urn)}"


def _line(drift: Drift) -> str:
    if not drift.path:
        return "is missing (who deleted it is not recorded)"
    who = ", ".join(filter(None, (drift.by, drift.operation, drift.at))) or "whom is not recorded"
    return f"{drift.path}: {_short(drift.wanted)} -> {_short(drift.found)} (by {who})"


def _short(text: str) -> str:
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…") or "nothing"
