"""A preview that is longer than a comment may be."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from deploy.ci.command import ci
from deploy.ci.plan import Line, Plan, Step
from tests.deploy.ci.conftest import FakeEngine
from tests.deploy.ci.fake import CiForge


def big(stack: str, *steps: Step, problem: str = "") -> Plan:
    return Plan(stack, steps, {"create": 1}, problem=problem, code=int(bool(problem)))


LINES = tuple(Line(f"data.key{number}", None, f'"{"x" * 200}"') for number in range(6_000))
HUGE = (Line("data.a", None, "x" * 3_000_000), Line("data.b", None, "short"))
WARNED = [Step("delete", "Pod", f"{'pod' * 60}-{number}") for number in range(4_000)]


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([big(name, Step("create", "ConfigMap", "big", LINES)) for name in ("dev", "prod")], ("more lines", 0.98)),
        ([big("dev", Step("create", "ConfigMap", "big", HUGE))], ("data.b: short", 0.0)),
        ([big("dev", *WARNED)], ("more warnings", 0.98)),
        ([big("dev", problem=f"{'no ' * 99}\n" * 6_000)], ("more lines", 0.98)),
        ([big("dev", problem="no" * 800_000)], ("**no preview**", 0.0)),
    ],
    ids=["many lines", "one huge value", "many warnings", "a long problem", "a problem of one line"],
)
def test_what_is_too_long_is_cut_for_the_api_and_whole_in_the_file(
    project: Path, at: CiForge, monkeypatch: pytest.MonkeyPatch, plans: list[Plan], expected: tuple[str, float]
) -> None:
    shown, full = expected
    told = {plan.stack: plan for plan in plans}
    monkeypatch.setattr("deploy.ci.run.plan", lambda project, name, engine: told.get(name, Plan(name)))
    ci(project, FakeEngine(), argparse.Namespace(job="preview", stack=None, stacks=None, render=False))
    (text,) = at.texts
    limit = 65_536 if at.kind == "GitHub" else 1_000_000
    assert limit * full - 300 < len(text) <= limit
    assert "**Too long to be shown whole, so it is cut.** All of it is in the job's `build/preview.md`." in text
    assert shown in text
    for name in ("dev", "staging", "prod"):
        assert f"- **{name}**: " in text
    assert len((project / "build" / "preview.md").read_text()) > 1_500_000
