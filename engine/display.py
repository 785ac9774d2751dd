"""What the user sees: a line per step, what changes in it, why it waits, and a summary. Plain enough for CI logs."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import Final, TextIO

from engine import step as ops
from engine.diff import ABSENT, Change, changes
from engine.marks import redact
from engine.paths import format_path
from engine.step import Step
from engine.urn import STACK_TYPE, is_provider_type, name_of
from engine.values import UNKNOWN, Asset, Properties, Secret, Value

_SIGNS: Final = {
    ops.CREATE: ("+", "32"), ops.UPDATE: ("~", "33"), ops.DELETE: ("-", "31"), ops.CREATE_REPLACEMENT: ("++", "36"),
    ops.DELETE_REPLACED: ("--", "31"), ops.READ: (">", "36"), ops.DISCARD: ("<", "31"), ops.SAME: (" ", "0"),
}  # fmt: skip
_DOING: Final = {
    ops.CREATE: "creating", ops.UPDATE: "updating", ops.DELETE: "deleting",
    ops.CREATE_REPLACEMENT: "creating replacement", ops.DELETE_REPLACED: "deleting original",
    ops.READ: "reading", ops.DISCARD: "discarding",
}  # fmt: skip
_DONE: Final = {
    ops.CREATE: "created", ops.UPDATE: "updated", ops.DELETE: "deleted", ops.CREATE_REPLACEMENT: "created replacement",
    ops.DELETE_REPLACED: "deleted original", ops.READ: "read", ops.DISCARD: "discarded",
}  # fmt: skip
_PLANNED: Final = {
    ops.CREATE: "create", ops.UPDATE: "update", ops.DELETE: "delete", ops.CREATE_REPLACEMENT: "replace",
    ops.DELETE_REPLACED: "delete original", ops.READ: "read", ops.DISCARD: "discard",
}  # fmt: skip
_SUMMARY: Final = (
    (ops.CREATE, "+", "create", "created"), (ops.UPDATE, "~", "update", "updated"),
    (ops.REPLACE, "+-", "replace", "replaced"), (ops.DELETE, "-", "delete", "deleted"), (ops.READ, ">", "read", "read"),
    (ops.DISCARD, "<", "discard", "discarded"),
)  # fmt: skip
_SEVERITIES: Final = {1: "info", 2: "warning", 3: "error"}
_STATUS_EVERY: Final = 5.0
"""Seconds between two status lines of one resource that say the same in other numbers."""
_SHORT: Final = 200
"""Characters of a long message that a step's line shows."""
_HIDDEN: Final = frozenset({"__internal", "__inputs", "__fieldManager", "__initialApiVersion", "__defaults"})
_ENDING: Final = "Resource monitor has terminated, shutting down"
"""What the SDK says when its pending calls are ended; the reason is told elsewhere."""


class Display:
    """Prints one preview or update."""

    def __init__(
        self, preview: bool, *, out: TextIO | None = None, colour: bool = False, hidden: frozenset[str] = frozenset()
    ) -> None:
        """`hidden` are texts that no line may show: the config's secrets."""
        self.counts: Counter[str] = Counter()
        """Steps by op; a replace is counted once."""
        self.errors = 0
        """Error messages that the program logged."""
        self.steps: list[Step] = []
        """The steps that were planned or done, in order."""
        self.preview = preview
        self._out = out or sys.stdout
        self._colour = colour
        self._hidden = hidden
        self._began = time.monotonic()
        self._spoken: dict[str, tuple[str, float]] = {}

    @property
    def duration_ns(self) -> int:
        """Nanoseconds since the start."""
        return int((time.monotonic() - self._began) * 1e9)

    def say(self, text: str) -> None:
        """A line as it is."""
        print(redact(text, self._hidden), file=self._out, flush=True)

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, where colours are on."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code != "0" else text

    # ---- steps ----

    def started(self, step: Step) -> None:
        """A step begins; in a preview the line comes at its end."""
        if not self.preview and not _silent(step):
            self.say(self._line(step, _DOING[step.op]))
            self._show_changes(step)

    def finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        """A step is done, or planned."""
        self.steps.append(step)
        if _internal(step):
            return
        if step.op == ops.CREATE_REPLACEMENT:
            self.counts[ops.REPLACE] += 1
        elif step.op != ops.DELETE_REPLACED:
            self.counts[step.op] += 1
        if _silent(step):
            return
        note = f" [{'; '.join(notes)}]" if notes else ""
        if self.preview or not step.state.custom:
            self.say(self._line(step, (_PLANNED if self.preview else _DONE)[step.op]) + note)
            self._show_changes(step)
        else:
            self.say(self._line(step, f"{_DONE[step.op]} ({seconds:.1f}s)") + note)

    def failed(self, step: Step, message: str) -> None:
        """A step failed; the whole message comes again at the end, so one line of it does here."""
        first = message.partition("\n")[0]
        short = first if len(first) <= _SHORT else f"{first[:_SHORT]}…"
        self.say(self._line(step, f"{_DOING.get(step.op, step.op)} {self.paint('failed', '1;31')}: {short}"))

    def status(self, step: Step, text: str) -> None:
        """What a step waits for; repeated at most every few seconds."""
        last, when = self._spoken.get(step.urn, ("", -_STATUS_EVERY))
        now = time.monotonic()
        if text == last or (now - when < _STATUS_EVERY and _shape(text) == _shape(last)):
            return
        self._spoken[step.urn] = (text, now)
        self.say(f"      {self.paint(f'{step.state.type} {name_of(step.urn)}: {text}', '2')}")

    def _line(self, step: Step, text: str) -> str:
        sign, code = _SIGNS[step.op]
        return self.paint(f" {sign:<2} {step.state.type} {name_of(step.urn)} {text}", code)

    def _show_changes(self, step: Step) -> None:
        if step.op not in (ops.UPDATE, ops.CREATE_REPLACEMENT) or step.old is None:
            return
        replaces = set(step.diff.replaces)
        found = [change for change in changes(step.old.inputs, step.state.inputs) if change.path[0] not in _HIDDEN]
        for change in found:
            path = format_path(change.path)
            mark = " (replaces)" if any(_within(path, item) for item in replaces) else ""
            self.say(f"      {self._change(change, path)}{mark}")
        shown = [format_path(change.path) for change in found]
        for path in sorted({*step.diff.changed, *replaces}):
            if (
                not any(_within(path, item) or _within(item, path) for item in shown)
                and path.split(".")[0] not in _HIDDEN
            ):
                self.say(f"      {self.paint(f'~ {path}', '33')}{' (replaces)' if path in replaces else ''}")

    def _change(self, change: Change, path: str) -> str:
        old, new = ("[secret]", "[secret]") if change.secret else (text(change.old), text(change.new))
        if change.old is ABSENT:
            return self.paint(f"+ {path}: {new}", "32")
        if change.new is ABSENT:
            return self.paint(f"- {path}: {old}", "31")
        return self.paint(f"~ {path}: {old} => {new}", "33")

    # ---- messages ----

    def log(self, severity: int, urn: str, text: str) -> None:
        """A message of the program; debug ones are not shown."""
        if severity == 0 or text.strip() == _ENDING or not text.strip():
            return
        if severity == 3:
            self.errors += 1
        head, *rest = text.rstrip().splitlines()
        where = f" {name_of(urn)}:" if urn and "::" in urn and not urn.split("::")[2].endswith(STACK_TYPE) else ""
        name = _SEVERITIES.get(severity, "info")
        self.say(f"{self.paint(name + ':', {2: '33', 3: '1;31'}.get(severity, '0'))}{where} {head}")
        for line in rest:
            self.say(f"    {line}")

    def output(self, line: str) -> None:
        """A line that the program printed."""
        self.say(f"    {line}")

    def diagnostics(self, messages: list[str]) -> None:
        """Why the run failed."""
        if messages:
            self.say(self.paint("Diagnostics:", "1"))
        for message in messages:
            head, *rest = message.splitlines()
            self.say(f"  {self.paint('error:', '1;31')} {head}")
            for line in rest:
                self.say(f"    {line}")

    def summary(self, outputs: Properties, old_outputs: Properties) -> None:
        """Outputs, counts and duration."""
        shown = sorted({*outputs, *old_outputs})
        if shown:
            self.say("Outputs:")
            for key in shown:
                self._output(key, outputs.get(key, ABSENT), old_outputs.get(key, ABSENT))
        if self.counts:
            self.say("Resources:")
        for op, sign, verb, done in _SUMMARY:
            if count := self.counts[op]:
                self.say(f"    {sign} {count} {'to ' + verb if self.preview else done}")
        if same := self.counts[ops.SAME]:
            self.say(f"    {same} unchanged")
        self.say(f"Duration: {time.monotonic() - self._began:.1f}s")

    def _output(self, key: str, new: Value, old: Value) -> None:
        found = list(changes({} if old is ABSENT else {key: old}, {} if new is ABSENT else {key: new}))
        if not found:
            self.say(f"    {key}: {text(new)}")
        for change in found:
            self.say(f"    {self._change(change, format_path(change.path))}")


def text(value: Value, limit: int = 200) -> str:
    """A value on one line, secrets masked, long ones cut."""
    if value is UNKNOWN:
        return "output<computed>"
    if isinstance(value, Secret):
        return "[secret]"
    if value is ABSENT:
        return ""
    shown = json.dumps(masked(value), ensure_ascii=False, sort_keys=True)
    return shown if len(shown) <= limit else f"{shown[:limit]}… ({len(shown)} characters)"


def masked(value: Value) -> Value:
    """The value as JSON can show it, every secret replaced by `[secret]`."""
    if isinstance(value, Secret):
        return "[secret]"
    if value is UNKNOWN:
        return "output<computed>"
    if isinstance(value, Asset):
        return "asset"
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def _internal(step: Step) -> bool:
    """Whether a step is about a default provider, which the user never wrote."""
    return is_provider_type(step.state.type) and name_of(step.urn).split("_")[0] == "default"


def _silent(step: Step) -> bool:
    return step.op == ops.SAME or _internal(step)


def _within(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}["))


def _shape(text_: str) -> str:
    return "".join("0" if letter.isdigit() else letter for letter in text_)
