"""The drift of the stacks as one text in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from deploy.ci.markdown import ALL, block, cut, fitted, folded, short
from deploy.drift.compare import Drift


@dataclass(frozen=True)
class Seen:
    """What was found of one stack."""

    stack: str
    drifts: Sequence[Drift] = ()
    empty: bool = False
    """Whether nothing is deployed."""
    problem: str = ""
    """Why it is not known."""
    code: int = 0
    """The exit status that goes with the problem."""


def drift_text(found: Sequence[Seen], when: datetime, job: str = "", longest: int = ALL) -> str:
    """A line per stack, and what differs; cut to `longest` characters. `job` is the page of the job, or empty."""
    most = max((len(list(_lines(seen, ALL))) for seen in found), default=0)
    return fitted(lambda lines: _text(found, when, job, lines), most, longest)


def _text(found: Sequence[Seen], when: datetime, job: str, most: int) -> str:
    source = f" by [this job]({job})" if job else ""
    lines = ["### Drift", "", f"Live objects against the last deployment, {when:%Y-%m-%d %H:%M} UTC{source}.", ""]
    lines += [f"- **{seen.stack}**: {_summary(seen)}" for seen in found]
    for seen in found:
        if problem := seen.problem.splitlines():
            lines += ["", f"{seen.stack}:", "", *block(cut(problem, len(problem), most, "... {} more lines"))]
        if differences := list(_lines(seen, most)):
            diff = cut(differences, len(differences), most, "... {} more lines; `deploy drift` has all")
            lines += folded(f"{seen.stack}: - as deployed, + as found", diff)
            lines += ["", f"`.venv/bin/python -m deploy drift {seen.stack} --fix` puts it back."]
    return "\n".join(lines) + "\n"


def _summary(seen: Seen) -> str:
    if seen.problem:
        return "**not known**"
    if seen.empty:
        return "nothing is deployed"
    count = len(seen.drifts)
    return f"**{count} difference{'s' if count > 1 else ''}**" if count else "no drift"


def _lines(seen: Seen, most: int) -> Iterator[str]:
    for (kind, namespace, name), group in groupby(seen.drifts, lambda it: (it.kind, it.namespace, it.name)):
        yield f"@@ {kind} {namespace}/{name} @@" if namespace else f"@@ {kind} {name} @@"
        for it in group:
            if not it.path:
                yield "- the whole object"
                continue
            who = ", ".join(filter(None, (it.by, it.operation, it.at))) or "whom is not recorded"
            yield f"- {it.path}: {short(it.wanted, most) or 'nothing'}"
            yield f"+ {it.path}: {short(it.found, most) or 'nothing'} (by {who})"
