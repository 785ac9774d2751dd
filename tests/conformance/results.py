"""What a step comes to, in a form that two engines can be compared in: plan, events, checkpoint, objects."""

from __future__ import annotations

import json
from typing import Any


def plan(text: str) -> dict[str, Any]:
    """`preview --json`: for each resource what happens to it, and why."""
    found: dict[str, Any] = {}
    for step in json.loads(text)["steps"] or ():
        diff = step.get("detailedDiff") or {}
        about = {
            "because": sorted(step.get("diffReasons") or ()),
            "replaced by": sorted(step.get("replaceReasons") or ()),
            "diff": {path: it["kind"] + (" of input" if it["inputDiff"] else "") for path, it in diff.items()},
        }
        kept = {key: value for key, value in about.items() if value}
        found.setdefault(short(step["urn"]), []).append({"op": step["op"], **kept} if kept else step["op"])
    return found


def events(text: str) -> dict[str, Any]:
    """`up --json`: for each resource its steps in their order, those that failed marked."""
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        event = json.loads(line) if line.startswith("{") else {}
        for kind, mark in (("resourcePreEvent", ""), ("resOpFailedEvent", " failed")):
            if kind in event:
                about = event[kind]["metadata"]
                found.setdefault(short(about["urn"]), []).append(about["op"] + mark)
    return found


def changes(text: str) -> dict[str, int]:
    """`up --json`: how many resources took each step."""
    found: dict[str, int] = {}
    for line in text.split("\n"):
        if line.startswith("{") and (summary := json.loads(line).get("summaryEvent")):
            found = {op: count for op, count in (summary["resourceChanges"] or {}).items() if count}
    return found


def errors(text: str) -> list[str]:
    """`up --json`: what went wrong, in the engine's words."""
    found = [json.loads(line).get("diagnosticEvent") for line in text.split("\n") if line.startswith("{")]
    return sorted({event["message"].strip() for event in found if event and event["severity"] == "error"})


def short(urn: str) -> str:
    """A URN without stack and project."""
    return urn.split("::", 2)[2]
