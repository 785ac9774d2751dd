"""`up --json` and its like: the engine's events, one JSON object a line, as the CLI writes them.

Source: ConvertEngineEvent in pkg/backend/display/events.go; the types are those of sdk/go/common/apitype/events.go.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from math import ceil
from typing import Any

from engine.display.moments import FAILED, Moment
from engine.display.told import Told, prefix
from engine.printable import unread
from engine.resource.state import State, properties_json
from engine.workspace.config import ConfigValue


class Events(Told):
    """Writes events to standard output as they come."""

    def __init__(self, preview: bool, **options: Any) -> None:
        super().__init__(preview, **options)
        self._stream = sys.stdout
        self._sequence = 0

    def begin(self, config: Mapping[str, ConfigValue]) -> None:
        super().begin(config)
        self._write("preludeEvent", {"config": self.shown_config(config)})

    def end(self, result: str) -> None:
        super().end(result)
        self._write("summaryEvent", {
            "maybeCorrupt": False,
            "durationSeconds": ceil(self.duration_ns / 1e9),
            "resourceChanges": {op: count for op, count in sorted(self.counts.items()) if count},
            "PolicyPacks": {},
            "isPreview": self.preview,
            "result": result,
        })  # fmt: skip
        self._write("cancelEvent", {})

    def message(self, severity: str, urn: str, text: str, *, ephemeral: bool = False) -> None:
        event: dict[str, Any] = {"urn": urn, "prefix": prefix(severity)}
        event = {key: value for key, value in event.items() if value}
        event |= {"message": self.safe_text(text), "color": "never", "severity": severity}
        self._write("diagnosticEvent", {**event, "ephemeral": True} if ephemeral else event)

    def moment(self, moment: Moment) -> None:
        event: dict[str, Any] = {"metadata": self._metadata(moment)}
        if moment.when == FAILED:
            event |= {"status": 0, "steps": sum(self.counts.values())}
        elif self.preview:
            event["planning"] = True
        self._write(moment.when, event)

    def _metadata(self, moment: Moment) -> dict[str, Any]:
        lists = {"keys": moment.keys, "diffs": moment.diffs}
        return {
            "op": moment.op,
            "urn": moment.urn,
            "type": moment.state.type,
            "old": self._state(moment.old),
            "new": self._state(moment.new),
            **{key: value for key, value in lists.items() if value},
            "detailedDiff": moment.detailed("diffKind"),
            **({"logical": True} if moment.logical else {}),
            "provider": moment.state.provider,
        }

    def _state(self, state: State | None) -> dict[str, Any] | None:
        if state is None:
            return None
        flags = {
            "custom": state.custom, "delete": state.delete, "id": state.id, "parent": state.parent,
            "protect": state.protect, "external": state.external, "retainOnDelete": state.retain_on_delete,
        }  # fmt: skip
        return {
            "type": state.type,
            "urn": state.urn,
            **{key: value for key, value in flags.items() if value or key in ("id", "parent")},
            "inputs": properties_json(self.safe(state.inputs), _blinded),
            "outputs": properties_json(self.safe(state.outputs), _blinded),
            "provider": state.provider,
            **({"initErrors": list(state.init_errors)} if state.init_errors else {}),
        }

    def _write(self, kind: str, event: dict[str, Any]) -> None:
        line = {"sequence": self._sequence, "timestamp": int(time.time()), kind: event}
        self._sequence += 1
        with unread(self._stream):
            print(json.dumps(line, separators=(",", ":"), ensure_ascii=False), file=self._stream, flush=True)


def _blinded(_text: str, _place: str) -> str:
    return "[secret]"
