"""A release: the engine's `up`, and the smoke test that the pipeline declares for the stage."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from deploy import cli_checks, session
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.observe import smoke
from deploy.observe.live import live
from deploy.observe.recorded import recorded
from deploy.pipeline import gates
from deploy.pipeline import load as pipelines
from deploy.pipeline.record import Stage
from deploy.say import say
from deploy.stack import Stack


@dataclass(frozen=True)
class Outcome:
    """How a release ended."""

    code: int
    """Exit status: 0, or the engine's, or 1 for a smoke test that failed."""
    reason: str = ""
    """Why it failed."""
    url: str = ""


def stage_of(stack: Stack) -> Stage | None:
    """The stack's stage in the pipeline; None for a stack that is in none."""
    pipeline = pipelines.find(stack.project)
    return next((stage for stage in pipeline.stages if stage.stack == stack.name), None) if pipeline else None


def refuse_frozen(stage: Stage | None) -> None:
    """Refuses to deploy to a frozen stage; `rollback` is still allowed."""
    if stage and stage.frozen:
        raise DeployError(f"{gates.frozen(stage).detail}.", 1)


def release(stack: Stack, engine: Engine, stage: Stage | None, *, yes: bool) -> Outcome:
    """Runs `up`, then the stage's smoke test; what failed is in the outcome, not raised.

    Args:
        stack: prepared by `session.prepared`.
        engine: who runs it.
        stage: the stack's stage, where it has one.
        yes: do not ask.

    Raises:
        DeployError: the cluster does not answer (69); nothing was deployed.
    """
    cli_checks.check_server(stack)
    if code := engine.run("up", *stack.words, *(["--yes", "--skip-preview"] if yes else [])):
        return Outcome(code, f"`up` of {stack.name} failed{_pods(stack, engine) if code == 1 else ''}; see above")
    if stage and stage.smoke:
        found = recorded(stack, engine)
        result = smoke.run(stack, found, stage.smoke, say)
        if not result.passed:
            say(f"smoke test of {stack.name}: {result.detail}")
            # The reason goes into a commit: without what the app has answered.
            reason = result.detail.partition(", got ")[0]
            return Outcome(1, f"the smoke test of {stack.name} failed: {reason}", found.url)
        say(f"smoke test of {stack.name}: {result.detail}")
        return Outcome(os.EX_OK, "", found.url)
    return Outcome(os.EX_OK, "", str(session.outputs(stack, engine).get("url", "")))


def _pods(stack: Stack, engine: Engine) -> str:
    """What the pods that are not ready wait for, as far as it can be asked."""
    with suppress(DeployError):
        pods = live(stack, recorded(stack, engine)).pods
        reasons = Counter(pod.reason for pod in pods if not pod.ready and pod.reason not in ("", "Terminating"))
        return "".join(f", {count} of its pods in {reason}" for reason, count in reasons.items())
    return ""
