"""What the user sees: a line per step, what changes in it, why it waits, and a summary. Plain enough for CI logs."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final, TextIO

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.display.changed import change_lines, lines_of
from engine.display.drift import DriftView
from engine.display.values import text
from engine.display.words import DOING, DONE, PLANNED, SIGNS, SUMMARY, counted, internal, silent
from engine.printable import unread
from engine.provider import Drift
from engine.resource.diff import ABSENT, changes
from engine.resource.marks import redact
from engine.resource.paths import format_path
from engine.resource.urn import STACK_TYPE, name_of, type_of
from engine.resource.values import Properties, Value
from engine.workspace.config import ConfigValue

_SEVERITIES: Final = {1: "info", 2: "warning", 3: "error"}
_STATUS_EVERY: Final = 5.0
"""Seconds between two status lines of one resource that say the same in other numbers."""
_SHORT: Final = 200
"""Characters of a long message that a step's line shows."""
_ABOUT: Final = re.compile(r"(?P<urn>urn:pulumi:[^:]+::[^:]+::.+?::.+?): (?P<text>.+)", re.S)
"""An error of one resource."""
ENDING: Final = "Resource monitor has terminated, shutting down"
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
        self.failures = 0
        """Steps that failed."""
        self.steps: list[Step] = []
        """The steps that were planned or done, in order."""
        self.drift = DriftView()
        """What somebody changed in the cluster; not in `counts`."""
        self.preview = preview
        self._out = out or sys.stdout
        self._colour = colour
        self.hidden = hidden
        """Texts that nothing shown may hold."""
        self._began = time.monotonic()
        self._spoken: dict[str, tuple[str, float]] = {}

    @property
    def duration_ns(self) -> int:
        """Nanoseconds since the start."""
        return int((time.monotonic() - self._began) * 1e9)

    def say(self, text: str) -> None:
        """A line as it is."""
        with unread(self._out):
            print(redact(text, self.hidden), file=self._out, flush=True)

    def paint(self, text: str, code: str) -> str:
        """The text in a colour, where colours are on."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code != "0" else text

    def begin(self, config: Mapping[str, ConfigValue]) -> None:
        """The run begins, with that configuration."""

    def end(self, result: str) -> None:
        """The run is over: succeeded, failed or canceled."""

    def close(self) -> None:
        """Lets go of the terminal, also after an error."""

    # ---- steps ----

    def started(self, step: Step) -> None:
        """A step begins."""
        if not silent(step):
            self.show_started(step)

    def finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        """A step is done, or planned."""
        self.steps.append(step)
        if internal(step):
            return
        if op := counted(step):
            self.counts[op] += 1
        if not silent(step):
            self.show_finished(step, seconds, notes)

    def show_started(self, step: Step) -> None:
        """Shows that a step begins; in a preview the line comes at its end."""
        if not self.preview:
            self.say(self._line(step, DOING[step.op]))
            self._show_changes(step)

    def show_finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        """Shows that a step is done, or planned."""
        note = f" [{'; '.join(notes)}]" if notes else ""
        if self.preview or not step.state.custom or step.found:
            gone = ": it is gone" if step.op == ops.REFRESH and step.found == ops.DELETE else ""
            self.say(self._line(step, (PLANNED if self.preview else DONE)[step.op] + gone) + note)
            self._show_changes(step)
        else:
            self.say(self._line(step, f"{DONE[step.op]} ({seconds:.1f}s)") + note)

    def failed(self, step: Step, message: str) -> None:
        """A step failed."""
        self.failures += 1
        self.show_failed(step, message)

    def show_failed(self, step: Step, message: str) -> None:
        """Shows that a step failed; the whole message comes again at the end, so one line of it does here."""
        first = message.partition("\n")[0]
        short = first if len(first) <= _SHORT else f"{first[:_SHORT]}…"
        self.say(self._line(step, f"{DOING.get(step.op, step.op)} {self.paint('failed', '1;31')}: {short}"))

    def status(self, step: Step, text: str) -> None:
        """What a step waits for; repeated at most every few seconds."""
        last, when = self._spoken.get(step.urn, ("", -_STATUS_EVERY))
        now = time.monotonic()
        if text == last or (now - when < _STATUS_EVERY and _shape(text) == _shape(last)):
            return
        self._spoken[step.urn] = (text, now)
        self.say(f"      {self.paint(f'{step.state.type} {name_of(step.urn)}: {text}', '2')}")

    def inspected(self, step: Step, drift: tuple[Drift, ...], why: str) -> None:
        """What became of an object since its last step: a section of its own, at the end."""
        self.drift.add(step, drift, why)

    def registered(self, urn: str, outputs: Properties) -> None:
        """The program registered the outputs of a component."""

    def _line(self, step: Step, text: str) -> str:
        sign, code = SIGNS[step.op]
        return self.paint(f" {sign:<2} {step.state.type} {name_of(step.urn)} {text}", code)

    def _show_changes(self, step: Step) -> None:
        for line in change_lines(step, self.paint):
            self.say(f"      {line}")

    # ---- messages ----

    def log(self, severity: int, urn: str, text: str, *, ephemeral: bool = False) -> None:
        """A message of the program; debug ones are not shown."""
        if severity == 0 or text.strip() == ENDING or not text.strip():
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
            about = _ABOUT.fullmatch(message)
            if about:
                self.say(f"  {type_of(about['urn'])} ({name_of(about['urn'])}):")
            indent = "    " if about else "  "
            head, *rest = (about["text"] if about else message).splitlines()
            self.say(f"{indent}{self.paint('error:', '1;31')} {head}")
            for line in rest:
                self.say(f"{indent}  {line}")

    def summary(self, outputs: Properties, old_outputs: Properties) -> None:
        """Drift, outputs, counts and duration."""
        for line in self.drift.lines():
            self.say(line)
        self.show_outputs(outputs, old_outputs)
        if self.counts or self.failures:
            self.say(self.paint("Resources:", "1"))
        kinds = [(self.counts[op], sign, verb, done) for op, sign, verb, done in SUMMARY if self.counts[op]]
        for count, sign, verb, done in kinds:
            self.say(f"    {sign} {count} {'to ' + verb if self.preview else done}")
        changed = f"{sum(count for count, *_ in kinds)} changes" if len(kinds) > 1 else ""
        same = f"{self.counts[ops.SAME]} unchanged" if self.counts[ops.SAME] else ""
        if changed or same:
            self.say(f"    {'. '.join(filter(None, (changed, same)))}")
        if self.failures:
            self.say(f"    {self.paint(f'{self.failures} errored', '31')}")
        self.say(f"Duration: {time.monotonic() - self._began:.1f}s")

    def show_outputs(self, outputs: Properties, old_outputs: Properties) -> None:
        """The stack's outputs, and what they were."""
        shown = sorted({*outputs, *old_outputs})
        if shown:
            self.say(self.paint("Outputs:", "1"))
        for key in shown:
            self._output(key, outputs.get(key, ABSENT), old_outputs.get(key, ABSENT))

    def _output(self, key: str, new: Value, old: Value) -> None:
        found = list(changes({} if old is ABSENT else {key: old}, {} if new is ABSENT else {key: new}))
        if not found:
            self.say(f"    {key}: {text(new)}")
        for change in found:
            for line in lines_of(change, format_path(change.path), self.paint):
                self.say(f"    {line}")


def _shape(text_: str) -> str:
    return "".join("0" if letter.isdigit() else letter for letter in text_)
