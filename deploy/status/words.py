"""The words that the terminal and the page share."""

from __future__ import annotations

from datetime import datetime

from deploy.status.record import Environment, Waiting

APPLIED = "applied from git"
"""In place of the last update."""
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def ago(then: datetime | None, now: datetime) -> str:
    """The time between the two in its largest unit, such as `3 h`; empty where it is not known."""
    if then is None:
        return ""
    seconds = max(0, int((now - then).total_seconds()))
    size, unit = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    return f"{seconds // size} {unit}"


def drift(environment: Environment) -> str:
    """How many values drifted: `none`, a number, or `unknown`; of a stack that is applied from git `not asked`."""
    if environment.reconciled:
        return "not asked"
    return "unknown" if environment.drift is None else str(len(environment.drift) or "none")


def waits(waiting: Waiting) -> str:
    """What waits to be promoted, as the beginning of a sentence."""
    if not waiting.commits:
        return "another version waits"
    return f"{waiting.commits} commit{'s wait' if waiting.commits > 1 else ' waits'}"
