"""What a supervisor is told: a JSON file that `cluster.parts` renders and `cluster.supervisor` follows."""

from __future__ import annotations

from typing import TypedDict


class PartSpec(TypedDict):
    argv: list[str]
    after: list[str]
    """Parts that must be ready before this one is started."""
    probe: str
    """What tells that it is ready: `http[s]://...` answers 200, `unix:PATH` accepts, `file:PATH` exists."""
    once: bool
    """It is ready when it has ended well, and then not started again."""


class Spec(TypedDict):
    hostname: str
    state: str
    """JSON file for the state of all parts; its folder exists."""
    logs: str
    host_setup: list[list[str]]
    """Commands to run first, still in the host's network namespace."""
    setup: list[list[str]]
    """Commands to run next, in the node's own network namespace."""
    parts: dict[str, PartSpec]
    stop: list[list[str]]
    """Names of parts in the order of their end, those of one list together; `pods` stands for all pods."""
    cgroups: list[str]
    """Folders under which the pods' processes are found."""
