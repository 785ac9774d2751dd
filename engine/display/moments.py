"""The moments of a run that `--json` tells of: before a step, its outputs, its failure, as the CLI splits them.

Source: the steps of pkg/resource/deploy/step.go and the events of pkg/engine/events.go. A replace is one logical step
beside those that create and delete; a component has its outputs when the program registers them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.resource.diff import ABSENT
from engine.resource.paths import find, parse_path
from engine.resource.state import State
from engine.resource.urn import STACK_TYPE, is_provider_type
from engine.resource.values import Properties

PRE: Final = "resourcePreEvent"
OUT: Final = "resOutputsEvent"
FAILED: Final = "resOpFailedEvent"
_GONE: Final = frozenset({ops.DELETE, ops.DELETE_REPLACED, ops.DISCARD, ops.DISCARD_REPLACED})
_PARTS: Final = frozenset({ops.CREATE_REPLACEMENT, ops.DELETE_REPLACED, ops.READ_REPLACEMENT, ops.DISCARD_REPLACED})
"""Steps that count as part of another."""
_COMPARED: Final = frozenset({ops.UPDATE, ops.REPLACE, ops.CREATE_REPLACEMENT})


@dataclass(frozen=True)
class Moment:
    """One moment of one step."""

    when: str
    """PRE, OUT or FAILED."""
    op: str
    urn: str
    old: State | None
    new: State | None
    """The resource as far as it is known then: before a step without id and outputs."""
    step: Step

    @property
    def state(self) -> State:
        """What there is of the resource."""
        return self.new or self.old or self.step.state

    @property
    def logical(self) -> bool:
        """Whether the step is one of the program's: no part of another, and no refresh."""
        return self.op not in _PARTS and self.step.op != ops.REFRESH and not self.step.found

    @property
    def worth_showing(self) -> bool:
        """Whether a plan shows the step: no part of another, and of unchanged ones the stack alone.

        Source: shouldShow in pkg/backend/display/display.go.
        """
        if self.op == ops.SAME:
            states = [state for state in (self.old, self.new) if state is not None]
            return self.state.type == STACK_TYPE or len({state.protect for state in states}) > 1
        return self.op not in _PARTS

    @property
    def keys(self) -> list[str]:
        """What makes it a replace, by the provider's word."""
        if self.op not in _COMPARED or self.step.found:
            return []
        return [path for path in self.step.diff.replaces if path not in self.step.diff.asked]

    @property
    def diffs(self) -> list[str]:
        """What changes in the configuration of a provider."""
        return list(self.step.diff.changed) if self.op in _COMPARED and is_provider_type(self.state.type) else []

    def kinds(self) -> dict[str, str] | None:
        """What happens to each property that changes: add, update or delete, maybe with `-replace`."""
        if self.op not in _COMPARED or not self.state.custom or is_provider_type(self.state.type):
            return None
        paths = {*self.step.diff.changed, *self.step.diff.replaces}
        old = self.step.old.inputs if self.step.old is not None else {}
        replaces = {*self.step.diff.replaces}
        known = dict.fromkeys(self.step.diff.added, "add") | dict.fromkeys(self.step.diff.removed, "delete")
        found = {path: known.get(path) or _kind(path, old, self.step.state.inputs) for path in sorted(paths)}
        return {path: f"{kind}-replace" if path in replaces else kind for path, kind in found.items()} or None

    def detailed(self, word: str) -> dict[str, Any] | None:
        """The kinds as JSON has them; `word` is its name for one."""
        kinds, gone = self.kinds(), {*self.step.diff.removed}
        return kinds and {path: {word: kind, "inputDiff": path in gone} for path, kind in kinds.items()}


class Teller:
    """Makes moments of what the executor reports."""

    def __init__(self, tell: Callable[[Moment], None]) -> None:
        self._tell = tell
        self._begun: set[tuple[str, str]] = set()
        self._components: dict[str, Step] = {}
        self._root: Step | None = None

    def started(self, step: Step) -> None:
        """A step begins."""
        self._begun.add((step.op, step.urn))
        if step.op == ops.CREATE_REPLACEMENT and step.old is not None and step.old.pending_replacement:
            # its old object is deleted already: the replace as such comes before the new one
            self._both(step, ops.REPLACE, _before(step), _before(step))
        self._say(PRE, step, step.op, _before(step))

    def finished(self, step: Step) -> None:
        """A step is done; one of which no start was told starts now."""
        begun = ops.REFRESH if step.found else step.op  # `refresh` by itself ends as what it found
        if (begun, step.urn) not in self._begun:
            self.started(replace(step, op=begun))
        self._begun.discard((begun, step.urn))
        if not step.state.custom and step.op not in _GONE and not step.found:
            self._components[step.urn] = step
            return
        self._say(OUT, step, step.op, _after(step))
        replaced = step.op in (ops.CREATE_REPLACEMENT, ops.READ_REPLACEMENT)
        if replaced and not (step.old is not None and step.old.pending_replacement):
            if step.old is not None:
                step = replace(step, old=replace(step.old, delete=True))
            self._both(step, ops.REPLACE, step.state, step.state)

    def failed(self, step: Step) -> None:
        """A step failed."""
        self._say(FAILED, step, step.op, _after(step))

    def registered(self, urn: str, outputs: Properties) -> None:
        """The program registered the outputs of a component."""
        step = self._components.get(urn)
        if step is not None:
            step = replace(step, state=replace(step.state, outputs=outputs))
            if step.state.type == STACK_TYPE:  # registered before the rest, told after it
                self._root = step
            else:
                self._say(OUT, step, step.op, step.state)

    def ended(self) -> None:
        """The run is over: now come the outputs of the stack."""
        if self._root is not None:
            self._say(OUT, self._root, self._root.op, self._root.state)
            self._root = None

    def _both(self, step: Step, op: str, before: State | None, after: State | None) -> None:
        self._say(PRE, step, op, before)
        self._say(OUT, step, op, after)

    def _say(self, when: str, step: Step, op: str, new: State | None) -> None:
        self._tell(Moment(when, op, step.urn, step.old, new, step))


def _before(step: Step) -> State | None:
    if step.op in _GONE:
        return None
    if step.op == ops.REFRESH:
        return step.state
    stamps = (step.old.created, step.old.modified) if step.old is not None else ("", "")
    known = step.state.id if step.op in (ops.READ, ops.READ_REPLACEMENT) else ""
    return replace(step.state, id=known, outputs={}, created=stamps[0], modified=stamps[1])


def _after(step: Step) -> State | None:
    if step.op in _GONE or step.found == ops.DELETE:
        return None
    return step.state


def _kind(path: str, old: Properties, new: Properties) -> str:
    try:
        parts = parse_path(path)
    except ValueError:
        return "update"
    if find(old, parts, ABSENT) is ABSENT:
        return "add"
    return "delete" if find(new, parts, ABSENT) is ABSENT else "update"
