"""The report for a terminal: a table where it fits, else a block for each environment."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from deploy.promotion.message import short
from deploy.say import clean
from deploy.status import words
from deploy.status.record import Condition, Environment, Report

HEADINGS = ("ENVIRONMENT", "STATE", "VERSION", "DIGEST", "AGE", "READY", "DRIFT", "LAST UPDATE")
COLOURS = {
    Condition.HEALTHY: "32",
    Condition.DRIFTED: "33",
    Condition.DEGRADED: "33",
    Condition.FAILED: "31",
}


def render(report: Report, width: int | None = None, *, colour: bool = False) -> str:
    """The text, without a newline at its end.

    Args:
        report: what to tell.
        width: columns of the terminal; None where lines may be of any length.
        colour: paint the states. They are told in words all the same.
    """
    rows = [_row(it, report) for it in report.environments]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    wide = width is None or sum(widths) + 2 * len(widths) - 2 <= width
    lines = ["  ".join(map(str.ljust, HEADINGS, widths)).rstrip()] if wide else []
    notes = []
    for it, row in zip(report.environments, rows, strict=True):
        paint = COLOURS.get(it.condition) if colour else None
        told = [f"  {line}" for note in _notes(it) for line in _fold(note, width)]
        if wide:
            cells = [*map(str.ljust, row, widths)]
            lines.append("  ".join([cells[0], _paint(cells[1], paint), *cells[2:]]).rstrip())
            notes += ["", f"{row[0]}:", *told] if told else []
        else:
            lines += ["", f"{row[0]}: {_paint(row[1], paint)}"]
            lines += [f"  {name.lower():<11}  {cell}" for name, cell in zip(HEADINGS[2:], row[2:], strict=True) if cell]
            lines += told
    return "\n".join([*lines, *notes]).strip("\n")


def _row(it: Environment, report: Report) -> list[str]:
    last, applied = next(iter(it.updates), None), words.APPLIED if it.reconciled else ""
    return [
        clean(cell)
        for cell in (
            it.stack,
            f"{it.condition}, frozen" if it.frozen else str(it.condition),
            it.revision[:12],
            short(it.image).removeprefix("sha256:") if it.image else "",
            words.ago(it.since, report.when),
            f"{it.live.ready}/{it.live.replicas}" if it.live else "",
            words.drift(it) if it.image else "",
            f"{last.number} {last.result}, {words.ago(last.ended, report.when)} ago" if last else applied,
        )
    ]


def _notes(it: Environment) -> Iterator[str]:
    if it.frozen:
        yield f"frozen by {it.frozen.who} since {it.frozen.since[:10]}: {it.frozen.why}"
    if it.problem:
        yield it.problem
    if it.undeployed:
        done = "applied yet" if it.reconciled else f"deployed: `.venv/bin/python -m deploy up {it.stack}`"
        yield f"its file names {short(it.pinned)}, which is not {done}"
    if it.drift:
        yield f"what drifted: `.venv/bin/python -m deploy drift {it.stack}`"
    for pod in it.live.pods if it.live else ():
        if pod.reason:
            yield f"{pod.name}: {pod.reason}, {pod.restarts} restarts"
    if waiting := it.waiting:
        version = waiting.revision[:12] or short(waiting.image)
        yield f"{words.waits(waiting)} in {waiting.source} ({version}){', blocked:' if waiting.blocked else ''}"
        yield from (f"- {reason}" for reason in waiting.blocked)


def _fold(note: str, width: int | None) -> list[str]:
    text = clean(note)
    return wrap(text, max(width - 2, 20), subsequent_indent="  ") if width else [text]


def _paint(text: str, code: str | None) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code else text
