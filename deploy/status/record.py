"""What `status` tells; its fields are also the keys of `--json`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from deploy.observe.history import Update
from deploy.observe.live import Live
from deploy.pipeline.record import Freeze
from deploy.promotion.message import short


class Condition(StrEnum):
    """An environment in a word. Of several that hold, the first one here is told."""

    ABSENT = "not deployed"
    FAILED = "failed"
    """The last update did not succeed."""
    UNKNOWN = "unknown"
    """The state or the cluster cannot be read, or, where all pods are well, the drift."""
    DEGRADED = "degraded"
    """The Deployment is gone, or fewer pods are ready and of the newest version than wanted, or old ones still run."""
    DRIFTED = "drifted"
    HEALTHY = "healthy"


@dataclass(frozen=True)
class Change:
    """A value that is not what it is compared with."""

    where: str
    """`config`, or an object's kind and name."""
    path: str
    """The property; empty where the object as a whole is missing."""
    old: str
    new: str
    by: str = ""
    """Who changed it and when, where the cluster knows."""


@dataclass(frozen=True)
class Waiting:
    """A version of the stage before that this one does not have yet."""

    source: str
    image: str
    revision: str = ""
    commits: int | None = None
    """How many lie between the two versions; None where git cannot tell."""
    blocked: tuple[str, ...] = ()
    """Why it cannot be promoted now."""


@dataclass(frozen=True)
class Environment:
    """One stage of the pipeline."""

    stack: str
    image: str = ""
    """What the last update deployed, or another tool applied from git, by digest; empty where nothing is."""
    pinned: str = ""
    """What the stack's file says; empty where the stack builds its own image."""
    revision: str = ""
    """The commit that the image was built from; empty where it is not known."""
    url: str = ""
    since: datetime | None = None
    """Since when that image has been deployed."""
    live: Live | None = None
    """What runs; None where nothing is deployed, or the cluster did not answer."""
    drift: tuple[Change, ...] | None = None
    """Live values against declared ones; None where it could not be found out."""
    reconciled: bool = False
    """Whether another tool applies it from git; then there are no updates, and drift is not looked for."""
    unread: bool = False
    """Whether the state, or the cluster of a stack without one, could not be read, so that nothing is known."""
    problem: str = ""
    """Why something here could not be found out."""
    updates: tuple[Update, ...] = ()
    """The newest ones, newest first."""
    smoke: str = ""
    """The smoke test it declares, such as `GET / is 200`."""
    frozen: Freeze | None = None
    waiting: Waiting | None = None
    difference: tuple[Change, ...] | None = None
    """From the stage before to this one; None for the first, and where it was not asked for or not found out."""

    @property
    def condition(self) -> Condition:
        """The environment in a word."""
        if self.unread:
            return Condition.UNKNOWN
        if not self.image:
            return Condition.ABSENT
        if self.updates and self.updates[0].result == "failed":
            return Condition.FAILED
        if self.live and not (self.live.image and self.live.complete):
            return Condition.DEGRADED
        if not self.reconciled and (self.live is None or self.drift is None):
            return Condition.UNKNOWN
        return Condition.DRIFTED if self.drift else Condition.HEALTHY

    @property
    def undeployed(self) -> bool:
        """Whether the stack's file names another image than the last update deployed."""
        return not self.unread and bool(self.pinned) and self.pinned != self.image

    @property
    def version(self) -> str:
        """The version for people: the commit, else the image's digest."""
        return self.revision[:12] or (short(self.image) if self.image else "")


@dataclass(frozen=True)
class Report:
    """The pipeline at one moment."""

    project: str
    engine: str
    when: datetime
    environments: tuple[Environment, ...]
    """In the pipeline's order."""


def as_json(report: Report) -> str:
    """The report as a JSON object, with each environment's `condition`."""
    found: dict[str, Any] = msgspec.to_builtins(report)
    for environment, fields in zip(report.environments, found["environments"], strict=True):
        fields["condition"] = str(environment.condition)
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
