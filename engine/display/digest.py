"""`preview --json`: the plan in the CLI's schema.

Source: ShowPreviewDigest in pkg/backend/display/json.go, PreviewDigest in pkg/display/json.go.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.deployment import step as ops
from engine.display.moments import OUT, PRE, Moment
from engine.display.told import DEBUG, INFO, Told, prefix
from engine.printable import unread
from engine.resource.state import State, to_json
from engine.resource.values import Properties, Secret, Value
from engine.workspace.config import ConfigValue


class Digest(Told):
    """Collects what the digest is made of."""

    def __init__(self, preview: bool, **options: Any) -> None:
        super().__init__(preview, **options)
        self._steps: dict[tuple[str, str], dict[str, Any]] = {}
        self._config: dict[str, str] = {}
        self._messages: list[dict[str, str]] = []

    def moment(self, moment: Moment) -> None:
        if moment.when == PRE and moment.worth_showing:
            self._steps[moment.op, moment.urn] = self._step(moment)
        changes = moment.op == ops.DELETE or (moment.op == ops.UPDATE and moment.kinds() is not None)
        refreshing = (ops.REFRESH, moment.urn) in self._steps and (moment.op, moment.urn) not in self._steps
        if moment.when == OUT and changes and refreshing:
            self._steps[ops.REFRESH, moment.urn] = self._step(moment)

    def message(self, severity: str, urn: str, text: str, *, ephemeral: bool = False) -> None:
        if ephemeral or severity == DEBUG:
            return
        about = {"urn": urn} if urn else {}
        self._messages.append({**about, "message": self.safe_text(prefix(severity) + text), "severity": severity})

    def summary(self, outputs: Properties, old_outputs: Properties) -> None:
        if drift := self.drift.lines():
            self.message(INFO, "", "\n".join(drift) + "\n")
        super().summary(outputs, old_outputs)

    def begin(self, config: Mapping[str, ConfigValue]) -> None:
        super().begin(config)
        self._config = self.shown_config(config)

    def end(self, result: str) -> None:
        """Prints the digest on standard output."""
        super().end(result)
        digest: dict[str, Any] = {
            "config": self._config,
            "steps": list(self._steps.values()),
            "diagnostics": self._messages,
            "duration": self.duration_ns,
            "changeSummary": {op: count for op, count in sorted(self.counts.items()) if count},
        }
        with unread(sys.stdout):
            print(json.dumps({key: value for key, value in digest.items() if value}, indent=4, ensure_ascii=False))

    def _step(self, moment: Moment) -> dict[str, Any]:
        step: dict[str, Any] = {
            "op": moment.op,
            "urn": moment.urn,
            "provider": moment.state.provider,
            "oldState": self._state(moment.old),
            "newState": self._state(moment.new),
            "diffReasons": moment.diffs,
            "replaceReasons": moment.keys,
        }
        result = {key: value for key, value in step.items() if value}
        result["detailedDiff"] = moment.detailed("kind")
        return result

    def _state(self, state: State | None) -> dict[str, Any] | None:
        if state is None:
            return None
        shown = replace(state, inputs=blind(self.safe(state.inputs)), outputs=blind(self.safe(state.outputs)))
        return to_json(shown, lambda _text, _place: "")


def blind(value: Value) -> Value:
    """The value with a text in the place of every secret."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, dict):
        return {key: blind(item) for key, item in value.items()}
    return [blind(item) for item in value] if isinstance(value, list) else value
