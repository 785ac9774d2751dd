"""The previews of the stacks as one text in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.ci.markdown import ALL, block, code, cut, fitted, folded, short
from deploy.ci.plan import Line, Plan, Step

ARTIFACT: Final = "build/preview.md"
"""Where the whole text is, below the project's folder."""
_VERBS: Final = ("create", "update", "replace", "delete")


@dataclass(frozen=True)
class Previews:
    """What was previewed."""

    plans: Sequence[Plan]
    commit: str = ""
    """Empty: not known."""
    job: str = ""
    """The page of the job, for its log; empty: there is none."""

    def text(self, longest: int = ALL, moved: str = "") -> str:
        """A summary line per stack, a warning for each replace and delete, and the diffs, folded.

        Args:
            longest: characters that the text may have. Of a longer one as many lines of each stack's warnings and diff
                are left out as must be, and the text says so.
            moved: the newer commit, where the branch has moved on.
        """
        most = max((max(_count(plan), len(plan.problem.splitlines())) for plan in self.plans), default=0)
        return fitted(lambda lines: self._text(moved, lines), most, longest)

    def _text(self, moved: str, most: int) -> str:
        where = f" of commit {code(self.commit[:12])}" if self.commit else ""
        lines = [f"### Preview{where}", ""]
        if moved:
            lines += [f"**The branch has moved on to {code(moved[:12])}: this is not its newest preview.**", ""]
        lines += [self._summary(plan) for plan in self.plans]
        if most < ALL:
            lines += ["", f"**Too long to be shown whole, so it is cut.** All of it is in the job's {code(ARTIFACT)}."]
        for plan in self.plans:
            lines += _details(plan, most)
        return "\n".join(lines) + "\n"

    def _summary(self, plan: Plan) -> str:
        start = f"- **{plan.stack}**: "
        if plan.problem:
            return f"{start}**no preview**" + (f" ([log]({self.job}))" if self.job else "")
        if plan.skipped:
            return f"{start}{plan.skipped}"
        counts = [f"{plan.counts[verb]} to {verb}" for verb in _VERBS if plan.counts.get(verb)] or ["no changes"]
        image = f"; image {code(plan.image)}{plan.built}" if plan.image else ""
        return f"{start}{', '.join(counts)}, {plan.counts.get('same', 0)} unchanged{image}"


def _details(plan: Plan, most: int) -> Iterator[str]:
    if problem := [short(line, most) for line in plan.problem.splitlines()]:
        yield from ("", f"{plan.stack}:", "", *block(cut(problem, len(problem), most, "... {} more lines")))
    warnings = [_warning(plan, step) for step in plan.steps if step.verb in ("replace", "delete")]
    if warnings:
        yield from ("", *cut(warnings, len(warnings), most, "- and {} more warnings"))
    if plan.steps:
        diff = cut(_diff(plan, most), _count(plan), most, "... {} more lines")
        yield from folded(f"{plan.stack}: diff", diff)


def _count(plan: Plan) -> int:
    """How many lines the plan's diff has."""
    values = ((it.old, it.new) for step in plan.steps for it in step.lines)
    return len(plan.steps) + sum(value is not None for pair in values for value in pair)


def _warning(plan: Plan, step: Step) -> str:
    why = f" because of {', '.join(map(code, step.reasons))}" if step.reasons else ""
    why += "; another is created in its place" if step.renamed else ""
    return f"- **Warning: {plan.stack} {step.verb}s** {code(f'{step.kind} {step.name}')}{why}"


def _diff(plan: Plan, most: int) -> Iterator[str]:
    for step in plan.steps:
        yield f"@@ {step.verb} {step.kind} {step.name} @@"
        for line in step.lines:
            yield from _values(line, most)


def _values(line: Line, most: int) -> Iterator[str]:
    for sign, value in (("-", line.old), ("+", line.new)):
        if value is not None:
            yield f"{sign} {line.path}: {short(value, most)}"
