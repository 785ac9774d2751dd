"""The gates of a promotion; each looks at what it is given, and says in one line what it saw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from deploy.pipeline.record import DAYS, UNITS, Pipeline, Stage


@dataclass(frozen=True)
class Check:
    """The answer of one gate."""

    name: str
    passed: bool
    detail: str
    """One line: what was seen; where it failed also the mend."""


def order(pipeline: Pipeline, source: str, target: str, skip_stage: bool) -> Check:
    """Whether `target` comes right after `source`, or later where stages may be skipped.

    Raises:
        DeployError: one of them is no stage.
    """
    names = pipeline.names
    start, end = (names.index(pipeline.stage(name).stack) for name in (source, target))
    skipped = ", ".join(names[start + 1 : end])
    if end <= start:
        detail = (
            f"{target} does not come after {source} in {', '.join(names)}; promote forwards, or take back a version "
            f"with `.venv/bin/python -m deploy rollback {target}`"
        )
    elif skipped and not skip_stage:
        detail = f"{skipped} lies between {source} and {target}; promote there first, or add --skip-stage"
    elif skipped:
        detail = f"{skipped} was skipped by --skip-stage"
    else:
        detail = f"{target} comes next after {source}"
    return Check("order", end > start and (skip_stage or not skipped), detail)


def frozen(stage: Stage) -> Check:
    """Whether the target takes versions at present."""
    if stage.frozen is None:
        return Check("freeze", True, f"{stage.stack} is not frozen")
    freeze = stage.frozen
    detail = (
        f"{stage.stack} is frozen since {freeze.since} by {freeze.who}: {freeze.why}; wait, or run "
        f"`.venv/bin/python -m deploy unfreeze {stage.stack}`"
    )
    return Check("freeze", False, " ".join(detail.split()))


def soak(stage: Stage, running_since: datetime | None, now: datetime) -> Check:
    """Whether the version has run in the source as long as the target's gate asks; None: it is not known to run."""
    wanted = stage.gate.seconds
    if not wanted:
        return Check("soak", True, f"{stage.stack} asks for no soak time")
    if running_since is None:
        return Check("soak", False, f"not known to be running, {stage.gate.soak} asked; deploy it to the source first")
    run = max(0.0, (now - running_since).total_seconds())
    detail = f"running for {_span(run)}, {stage.gate.soak} asked"
    if run < wanted:
        detail += f"; try again in {_span(math.ceil(wanted - run))}"
    return Check("soak", run >= wanted, detail)


def window(stage: Stage, now: datetime) -> Check:
    """Whether the target takes versions at this hour of the week; `now` is an aware time."""
    hours = stage.gate.window
    if hours is None:
        return Check("window", True, f"{stage.stack} takes versions at any time")
    local = now.astimezone(hours.zone)
    seen = f"{_moment(local)} {hours.timezone}"
    if DAYS[local.weekday()] in hours.days and hours.start <= f"{local:%H:%M}" < hours.end:
        return Check("window", True, f"{seen} is within the window, which closes at {hours.end}")
    dates = (local.date() + timedelta(days) for days in range(8))
    starts = (datetime.combine(date, time.fromisoformat(hours.start), hours.zone) for date in dates)
    opens = next(start for start in starts if DAYS[start.weekday()] in hours.days and start > local)
    return Check("window", False, f"{seen} is outside the window; try again from {_moment(opens)}")


def approval(stage: Stage, approved_by: str | None, author: str) -> Check:
    """Whether somebody who may, and who is not the author, has agreed. People are `Name <address>` or an address."""
    gate = stage.gate.approval
    if gate is None:
        return Check("approval", True, f"{stage.stack} asks for no approval")
    allowed = [_address(person) for person in gate.approvers]
    others = " or ".join(gate.approvers) or "anybody but the author"
    mend = f"name {others} by --approved-by, or let them merge the pull request of --pr"
    if not approved_by:
        return Check("approval", False, f"nobody has approved; {mend}")
    if _address(approved_by) == _address(author):
        return Check("approval", False, f"{approved_by} is the author; {mend}")
    if allowed and _address(approved_by) not in allowed:
        return Check("approval", False, f"{approved_by} is no approver of {stage.stack}; {mend}")
    return Check("approval", True, f"approved by {approved_by}")


def _address(person: str) -> str:
    return person.rpartition("<")[2].rstrip("> ").strip().casefold()


def _moment(when: datetime) -> str:
    return f"{DAYS[when.weekday()]} {when:%Y-%m-%d %H:%M}"


def _span(seconds: float) -> str:
    """A time in its two largest units, such as `1h 5m`."""
    left, parts = int(seconds), []
    for unit, size in UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"
