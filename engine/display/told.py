"""What `--json` is made of: moments and messages, with the plain lines on standard error beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.deployment.step import Step
from engine.display.lines import ENDING, Display
from engine.display.moments import Moment, Teller
from engine.display.words import internal
from engine.resource.marks import redact
from engine.resource.urn import STACK_TYPE
from engine.resource.values import Properties, Secret, Value
from engine.workspace.config import ConfigValue

DEBUG: Final = "debug"
INFO: Final = "info"
WARNING: Final = "warning"
ERROR: Final = "error"
_SEVERITIES: Final = {0: DEBUG, 1: INFO, 2: WARNING, 3: ERROR}


class Told(Display):
    """Calls `moment` and `message` for all that happens."""

    def __init__(self, preview: bool, **options: Any) -> None:
        super().__init__(preview, **options)
        self._teller = Teller(self.moment)
        self._failures: set[str] = set()

    def moment(self, moment: Moment) -> None:
        """One moment of a step."""
        raise NotImplementedError

    def message(self, severity: str, urn: str, text: str, *, ephemeral: bool = False) -> None:
        """One message, with the end of its line; `urn` is empty for one about the whole."""
        raise NotImplementedError

    def started(self, step: Step) -> None:
        super().started(step)
        if not internal(step):
            self._teller.started(step)

    def finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        super().finished(step, seconds, notes)
        if not internal(step):
            self._teller.finished(step)

    def failed(self, step: Step, message: str) -> None:
        super().failed(step, message)
        self._failures.add(f"{step.urn}: {message}")
        self.message(ERROR, "" if internal(step) else step.urn, f"{message}\n")
        if not internal(step):
            self._teller.failed(step)

    def status(self, step: Step, text: str) -> None:
        super().status(step, text)
        self.message(INFO, step.urn, f"{text}\n", ephemeral=True)

    def registered(self, urn: str, outputs: Properties) -> None:
        super().registered(urn, outputs)
        self._teller.registered(urn, outputs)

    def log(self, severity: int, urn: str, text: str, *, ephemeral: bool = False) -> None:
        super().log(severity, urn, text, ephemeral=ephemeral)
        if text.strip() == ENDING:
            return
        root = f"::{STACK_TYPE}::" in urn
        self.message(_SEVERITIES.get(severity, INFO), "" if root else urn, f"{text}\n", ephemeral=ephemeral)

    def output(self, line: str) -> None:
        super().output(line)
        self.message(INFO, "", f"{line}\n\n")

    def end(self, result: str) -> None:
        super().end(result)
        self._teller.ended()

    def diagnostics(self, messages: list[str]) -> None:
        super().diagnostics(messages)
        for text in messages:
            if text not in self._failures:
                self.message(ERROR, "", f"{text}\n")
        if self._failures:
            self.message(ERROR, "", f"{'preview' if self.preview else 'update'} failed\n")

    # ---- for JSON ----

    def shown_config(self, config: Mapping[str, ConfigValue]) -> dict[str, str]:
        """The configuration, secrets masked."""
        return {key: "[secret]" if value.secret else value.text for key, value in sorted(config.items())}

    def safe(self, value: Value) -> Value:
        """Properties with no secret of the configuration in a text that is not marked as one."""
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return redact(value, self.hidden) if self.hidden else value
        if isinstance(value, dict):
            return {key: self.safe(item) for key, item in value.items()}
        return [self.safe(item) for item in value] if isinstance(value, list) else value

    def safe_text(self, text: str) -> str:
        """A message without secrets of the configuration."""
        return redact(text, self.hidden)


def prefix(severity: str) -> str:
    """What comes before a message of that severity."""
    return "" if severity == INFO else f"{severity}: "
