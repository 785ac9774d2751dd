"""What is kept on disk: deliveries that were accepted, the runs they led to, and how far each stack is."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["running", "succeeded", "failed", "held back", "skipped", "superseded"]


class Delivery(Struct, frozen=True, kw_only=True):
    """A push event, less everything that is not needed of it."""

    name: str
    """Of its file and of its run; sorts by arrival."""
    sender: str
    """`GitHub`, `GitLab`, `HMAC`; or `timer`, for a promotion that is tried again; or `remote`, for a look at it."""
    id: str
    """As the sender calls it."""
    digest: str
    """SHA-256 of the body, in hex; empty without one."""
    commit: str
    """What was pushed. What is deployed is what the branch has when the run begins."""
    received: str
    """ISO 8601."""
    due: float = 0.0
    """Not to be run before, in seconds since 1970."""


class Step(Struct, kw_only=True):
    """One command."""

    stack: str
    """The stack it is about; empty for the fetch."""
    command: str
    """As one would type it, after `python -m deploy`."""
    state: State = "running"
    detail: str = ""
    """Why, where it did not succeed: the command's last line."""
    began: str
    ended: str = ""


class Run(Struct, kw_only=True):
    """What a delivery led to."""

    delivery: Delivery
    state: State = "running"
    detail: str = ""
    commit: str = ""
    """What was checked out."""
    subject: str = ""
    """The first line of that commit's message."""
    attempt: int = 1
    """Above 1: those before were cut off, by a crash or a power failure. A full disk does not count."""
    began: str
    ended: str = ""
    steps: list[Step] = []


class Progress(Struct, kw_only=True):
    """How far a stack is."""

    commit: str = ""
    """The last commit that was deployed to it."""
    promote: bool = False
    """Whether what it deployed last is still to be promoted."""
