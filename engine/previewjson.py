"""`preview --json`: the plan in the CLI's schema.

Source: PreviewDigest in sdk/go/common/display.
"""

from __future__ import annotations

import json
from typing import Any

from engine.diff import ABSENT, changes
from engine.display import Display, masked
from engine.paths import format_path
from engine.stackref import Stack
from engine.state import State
from engine.step import CREATE_REPLACEMENT, DELETE_REPLACED, UPDATE, Step


def preview_json(stack: Stack, display: Display, errors: list[str]) -> str:
    """The digest of a preview, secrets masked."""
    values = stack.config(validate=False)
    digest: dict[str, Any] = {
        "config": {key: "[secret]" if value.secret else value.text for key, value in sorted(values.items())},
        "steps": [_step(step) for step in display.steps],
        "duration": display.duration_ns,
        "changeSummary": {op: count for op, count in sorted(display.counts.items()) if count},
    }
    if messages := [message for message in errors if message]:
        digest["diagnostics"] = [{"message": message, "severity": "error"} for message in messages]
    return json.dumps(digest, indent=4, ensure_ascii=False)


def _step(step: Step) -> dict[str, Any]:
    result: dict[str, Any] = {"op": step.op, "urn": step.urn}
    if step.state.provider:
        result["provider"] = step.state.provider
    if step.old is not None:
        result["oldState"] = _state(step.old)
    if step.op != "delete":
        result["newState"] = _state(step.state)
    if step.op in (UPDATE, CREATE_REPLACEMENT, DELETE_REPLACED) and step.old is not None:
        result["diffReasons"] = sorted({path.split(".")[0].split("[")[0] for path in step.diff.changed})
        result["replaceReasons"] = list(step.diff.replaces) or None
        replaces = {*step.diff.replaces}
        result["detailedDiff"] = {
            path: {"kind": kind + ("-replace" if path in replaces else ""), "inputDiff": True}
            for path, kind in _kinds(step.old, step.state).items()
        }
    return {key: value for key, value in result.items() if value is not None}


def _kinds(old: State, new: State) -> dict[str, str]:
    return {
        format_path(change.path): "add" if change.old is ABSENT else "delete" if change.new is ABSENT else "update"
        for change in changes(old.inputs, new.inputs)
    }


def _state(state: State) -> dict[str, Any]:
    fields: dict[str, Any] = {"urn": state.urn, "custom": state.custom}
    optional = {
        "id": state.id, "type": state.type, "inputs": masked(state.inputs), "outputs": masked(state.outputs),
        "parent": state.parent, "protect": state.protect, "dependencies": list(state.dependencies),
        "provider": state.provider,
    }  # fmt: skip
    return fields | {key: value for key, value in optional.items() if value}
