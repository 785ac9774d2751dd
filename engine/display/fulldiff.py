"""`--diff`: each step of the plan with all its properties, as the CLI shows them.

Source: pkg/backend/display/diff.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.display.moments import OUT, PRE, Moment
from engine.display.nodes import compared, internal_key, translated
from engine.display.printer import DELETE, UPDATE, Printer
from engine.display.told import Told
from engine.display.words import SIGNS
from engine.resource.diff import same
from engine.resource.state import State
from engine.resource.urn import STACK_TYPE, ProviderRef, name_of
from engine.resource.values import Properties

_LEAVING: Final = frozenset({ops.DELETE, ops.DELETE_REPLACED, ops.REPLACE})


class FullDiff(Told):
    """Prints steps as trees; what they wait for and what goes wrong as always."""

    def __init__(self, preview: bool, **options: Any) -> None:
        super().__init__(preview, **options)
        self._printer = Printer(self.paint)
        self._seen: dict[str, Moment] = {}

    def show_started(self, step: Step) -> None:
        pass

    def show_finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        if notes:
            self.say(f"        {step.state.type} {name_of(step.urn)} [{'; '.join(notes)}]")

    def message(self, severity: str, urn: str, text: str, *, ephemeral: bool = False) -> None:
        pass  # the plain lines say it

    def moment(self, moment: Moment) -> None:
        before = self._seen.get(moment.urn)
        if moment.when == PRE:
            self._seen[moment.urn] = moment
        if not moment.worth_showing:
            return
        refreshed = before is not None and before.op == ops.REFRESH
        if moment.when == PRE and moment.op != ops.REFRESH:
            self._show(self._header(moment), self._details(moment))
        elif moment.when == OUT:
            if refreshed and (moment.op != ops.REFRESH or moment.state.type == STACK_TYPE):
                self._show(self._header(moment))
            if refreshed and moment.op == ops.UPDATE:
                self._show(self._details(moment))
            elif not (refreshed and moment.op == ops.DELETE):
                self._show_outputs(moment)

    def _show(self, *parts: Iterator[str]) -> None:
        for part in parts:
            for line in part:
                self.say(line)

    def _level(self, moment: Moment) -> int:
        """How deep a resource is below the stack, as far as its parents are shown."""
        level, parent = 0, moment.state.parent
        while parent and (above := self._seen.get(parent)) is not None:
            level += above.worth_showing
            parent = above.state.parent
        return level

    def _header(self, moment: Moment) -> Iterator[str]:
        indent = "    " * self._level(moment)
        sign, colour = SIGNS[moment.op]
        kept = "[retain]" if moment.op in _LEAVING and moment.old and moment.old.retain_on_delete else ""
        lock = " 🔒" if moment.state.protect else " 🔓" if moment.old and moment.old.protect else ""
        yield self.paint(f"{indent}{sign:<2}{moment.state.type}: ({moment.op}{kept}){lock}", colour)
        plain = colour if moment.op in (ops.CREATE, ops.DELETE, ops.DISCARD) else "0"
        indent += "    "
        if moment.old is not None and moment.old.id:
            yield self.paint(f"{indent}[id={moment.old.id}]", plain)
        yield self.paint(f"{indent}[urn={moment.urn}]", plain)
        if moment.old and moment.new and moment.old.provider != moment.new.provider:
            yield self.paint(f"{indent}[provider: {moment.old.provider} => {moment.new.provider}]", UPDATE[1])
        elif moment.state.provider and name_of(ProviderRef.parse(moment.state.provider).urn) != "default":
            yield self.paint(f"{indent}[provider={moment.state.provider}]", plain)

    def _details(self, moment: Moment) -> Iterator[str]:
        level = self._level(moment) + 1
        old, new, colour = moment.old, moment.new, SIGNS[moment.op][1]
        if moment.op == ops.SAME:
            return
        if old is None or new is None:
            yield from self._printer.properties((new or old or moment.state).inputs, level, ("", colour))
            return
        kinds = moment.kinds()
        if kinds is not None:
            news = new.outputs if moment.when == OUT else new.inputs
            root = translated(kinds, (old.outputs, old.inputs), news)
            yield from self._printer.changes(root, level)
        elif (root := compared(old.inputs, new.inputs)).children:
            yield from self._printer.changes(root, level)
        else:
            yield from self._printer.properties(new.inputs, level)

    def _show_outputs(self, moment: Moment) -> None:
        lines = [*self._outputs(moment)]
        if lines:
            self.say(f"{'    ' * (self._level(moment) + 1)}--outputs:--")
        self._show(iter(lines))

    def _outputs(self, moment: Moment) -> Iterator[str]:
        root = moment.state.type == STACK_TYPE
        old, new = moment.old, moment.new
        if old is not None and old.init_errors:
            return
        if self.preview and not root and moment.op not in (ops.READ, ops.READ_REPLACEMENT):
            return
        level = self._level(moment) + 1
        if new is None:
            yield from self._printer.properties(old.outputs if old is not None else {}, level, DELETE)
            return
        if old is None:
            shown = {key: value for key, value in new.outputs.items() if _news(key, value, new)}
            yield from self._printer.properties(shown, level)
            return
        node = compared(old.outputs, new.outputs)
        changed = {
            key: child for key, child in node.children.items() if _news(str(key), new.outputs.get(str(key)), new)
        }
        node.children = changed
        if root and not self.preview and not changed:
            yield from self._printer.properties(new.outputs, level)
        else:
            yield from self._printer.changes(node, level, sames=root and not self.preview)

    def show_outputs(self, outputs: Properties, old_outputs: Properties) -> None:
        self._teller.ended()  # the outputs are the stack's step


def _news(key: str, value: Any, state: State) -> bool:
    """Whether an output says more than the input of that name."""
    if internal_key(key) or value in ("", [], {}, None):
        return False
    return key not in state.inputs or not same(state.inputs[key], value)
