"""The live tree of a terminal: a row for each resource that changes, with what is done to it and what it waits for.

Source: pkg/backend/display/{progress,rows,tree}.go. Rich draws it; what is said meanwhile scrolls by above.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from engine.deployment import step as ops
from engine.deployment.step import Step
from engine.display.changed import change_lines
from engine.display.lines import Display
from engine.display.values import HIDDEN
from engine.display.words import DOING, DONE, PLANNED, SIGNS, internal
from engine.printable import printable
from engine.resource.diff import ABSENT, changes
from engine.resource.marks import redact
from engine.resource.state import State
from engine.resource.urn import STACK_TYPE, name_of, type_of
from engine.resource.values import Properties
from engine.workspace.config import ConfigValue

_COLOURS: Final = {"0": "", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}
_A_SECOND: Final = 4
"""Times a second that the tree is drawn."""
_AROUND: Final = 4
"""Lines of the terminal that are not for rows."""
_GAP: Final = 2
"""Blanks between columns."""
_NAMED: Final = 6
"""Characters of a type or a name that are shown on the narrowest."""


@dataclass
class Row:
    """One resource."""

    urn: str
    parent: str = ""
    step: Step | None = None
    """What is done to it; None: nothing yet."""
    running: bool = False
    failed: bool = False
    since: float = 0.0
    seconds: float = 0.0
    info: str = ""
    shown: bool = False
    """Whether anything happens to it, or to what is in it."""
    children: list[Row] = field(default_factory=list)


class Tree(Display):
    """Draws the tree while the run is on, and once more at its end."""

    def __init__(self, preview: bool, *, console: Console | None = None, **options: Any) -> None:
        super().__init__(preview, **options)
        self._console = console or Console(file=self._out, highlight=False, markup=False, emoji=False)
        self._live: Live | None = None
        self._rows: dict[str, Row] = {}
        self._top: list[Row] = []

    def begin(self, config: Mapping[str, ConfigValue]) -> None:
        super().begin(config)
        self._live = Live(
            console=self._console, get_renderable=self._drawn, refresh_per_second=_A_SECOND, transient=True,
            redirect_stdout=False, redirect_stderr=False, vertical_overflow="crop",
        )  # fmt: skip
        self._live.start()

    def close(self) -> None:
        super().close()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, text: str) -> None:
        self._console.print(Text.from_ansi(redact(text, self.hidden)), soft_wrap=True)

    # ---- what happens ----

    def finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        if not internal(step):
            self._row(step.urn, step.state)
        super().finished(step, seconds, notes)

    def show_started(self, step: Step) -> None:
        row = self._row(step.urn, step.state)
        row.step, row.running, row.since, row.info = step, True, time.monotonic(), ""
        self._show(row)

    def show_finished(self, step: Step, seconds: float, notes: tuple[str, ...]) -> None:
        row = self._row(step.urn, step.state)
        row.step, row.running, row.seconds = step, False, seconds
        row.info = self._safe("; ".join(filter(None, (_changed(step), *notes))))
        self._show(row)

    def show_failed(self, step: Step, message: str) -> None:
        row = self._row(step.urn, step.state)
        row.step, row.running, row.failed = step, False, True
        row.info = self._safe(message.partition("\n")[0])
        self._show(row)

    def status(self, step: Step, text: str) -> None:
        self._row(step.urn, step.state).info = self._safe(text)

    def diagnostics(self, messages: list[str]) -> None:
        self._settle()
        super().diagnostics(messages)

    def summary(self, outputs: Properties, old_outputs: Properties) -> None:
        self._settle()
        super().summary(outputs, old_outputs)

    def _settle(self) -> None:
        """Leaves the tree as it is in the end, and after a plan what changes in each resource."""
        if self._live is None:
            return
        self.close()
        if any(row.shown for row in self._top):
            self._console.print(self._table([*self._flat()]), soft_wrap=True)
        for step in self.steps if self.preview else ():
            if any(change_lines(step, self.paint)):
                super().show_finished(step, 0.0, ())

    def _row(self, urn: str, state: State | None) -> Row:
        row = self._rows.get(urn)
        if row is None:
            row = self._rows[urn] = Row(urn)
            self._top.append(row)
        if state is not None and state.parent and not row.parent:  # a delete tells of what is inside first
            self._top.remove(row)
            row.parent = state.parent
            above = self._row(row.parent, None)
            above.children.append(row)
            if row.shown:
                self._show(above)
        return row

    def _show(self, row: Row) -> None:
        while not row.shown:
            row.shown = True
            if not row.parent:
                break
            row = self._rows[row.parent]

    def _safe(self, text: str) -> str:
        return printable(redact(text, self.hidden)).replace("\n", " ")

    # ---- how it looks ----

    def _drawn(self) -> RenderableType:
        rows = [*self._flat()]
        room = max(self._console.height - _AROUND, 1)
        hidden = len(rows) - room
        if hidden > 0:  # what is done goes first
            done = [index for index, (_, row) in enumerate(rows) if not row.running and not row.failed]
            gone = {*done[:hidden]}
            rows = [item for index, item in enumerate(rows) if index not in gone][-room:]
        running = sum(row.running for row in [*self._rows.values()])
        passed = time.monotonic() - self._began
        foot = Text(f"  {running} under way, {sum(self.counts.values())} done ({passed:.0f}s)", style="dim")
        return Group(self._table(rows), foot) if rows else foot

    def _table(self, rows: list[tuple[str, Row]]) -> Table:
        heads = ("", "Type", "Name", "Plan" if self.preview else "Status", "Info")
        types = [type_of(row.urn) for _, row in rows]
        rest = [(printable(name_of(row.urn)), self._doing(row), row.info) for _, row in rows]
        signs = [f" {SIGNS[row.step.op][0]}" if row.step is not None else "" for _, row in rows]
        for shown in (types, [text.rpartition(":")[2] for text in types]):
            branches = [f"{branch}{text}" for (branch, _), text in zip(rows, shown, strict=True)]
            lines = [(sign, type_, *texts) for sign, type_, texts in zip(signs, branches, rest, strict=True)]
            widths, cut = _widths([heads, *lines], self._console.width)
            if not cut:
                break
        table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
        for head, width in zip(heads, widths, strict=True):
            table.add_column(head, no_wrap=True, overflow="ellipsis", width=width)
        for (_, row), line in zip(rows, lines, strict=True):
            colour = SIGNS[row.step.op][1] if row.step is not None else "0"
            style = "bold red" if row.failed else _COLOURS.get(colour, "")
            table.add_row(*(Text(cell, style=style) for cell in line))
        return table

    def _flat(self) -> Iterator[tuple[str, Row]]:
        """Each row that is shown, with the lines that lead to it."""
        top = sorted((row for row in [*self._top] if row.shown), key=lambda row: type_of(row.urn) != STACK_TYPE)
        for row in top:
            yield from _branch(row, "", "")

    def _doing(self, row: Row) -> str:
        if row.step is None:
            return ""
        op = row.step.op
        if row.failed:
            return f"{DOING.get(op, op)} failed"
        if row.running:
            return f"{DOING.get(op, op)} ({time.monotonic() - row.since:.0f}s)..." if not self.preview else ""
        gone = ": it is gone" if op == ops.REFRESH and row.step.found == ops.DELETE else ""
        if self.preview:
            return f"{PLANNED.get(op, op)}{gone}"
        return f"{DONE.get(op, op)}{gone}" + (f" ({row.seconds:.1f}s)" if row.step.state.custom else "")


def _widths(lines: list[tuple[str, ...]], room: int) -> tuple[list[int], bool]:
    """The columns' widths, and whether names are cut: only where a quarter of the line is left for the last column."""
    sign, kind, name, status, info = (max(map(cell_len, column)) for column in zip(*lines, strict=True))
    left = room - 4 * _GAP - sign - status
    both = max(left - min(info, room // 4), 2 * _NAMED)
    cut = kind + name > both
    name = min(name, max(both - kind, both // 2))
    kind = min(kind, both - name)
    return [sign, kind, name, status, max(left - kind - name, 1)], cut


def _branch(row: Row, first: str, rest: str) -> Iterator[tuple[str, Row]]:
    yield first, row
    below = [child for child in [*row.children] if child.shown]
    for number, child in enumerate(below, 1):
        last = number == len(below)
        yield from _branch(child, f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}")


def _changed(step: Step) -> str:
    """The top-level properties that change: `[diff: ~spec]`."""
    if step.op not in (ops.UPDATE, ops.CREATE_REPLACEMENT, ops.REFRESH) or step.old is None:
        return ""
    found: dict[str, str] = {}
    for change in changes(step.old.inputs, step.state.inputs):
        key = str(change.path[0])
        whole = len(change.path) == 1
        found[key] = "+" if whole and change.old is ABSENT else "-" if whole and change.new is ABSENT else "~"
    names = ",".join(f"{sign}{key}" for key, sign in found.items() if key not in HIDDEN)
    return f"[diff: {names}]" if names else ""
