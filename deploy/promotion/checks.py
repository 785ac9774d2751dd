"""Whether a source deserves to be promoted, and whether a target lets it in: by the cluster, the state and git."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from deploy import session
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.objects import objects
from deploy.observe.history import Update, deployed_since, history
from deploy.observe.live import Live, live
from deploy.observe.recorded import Recorded, recorded
from deploy.pipeline import gates
from deploy.pipeline.gates import Check
from deploy.pipeline.record import Pipeline, Stage
from deploy.promotion.message import short
from deploy.stack import Stack

UNKNOWN = "unknown"
"""The revision of an image that was built from uncommitted changes."""


@dataclass(frozen=True)
class Seen:
    """What the backend and the cluster say of a stack at one moment."""

    recorded: Recorded
    """For a stack that is reconciled from git, which has no state: what its file and the program say."""
    updates: list[Update]
    """Newest first."""
    live: Live
    reconciled: bool = False
    """Whether another tool applies it from git, so that no `up` left a state."""

    @property
    def since(self) -> datetime | None:
        """Since when its image has been deployed without a break.

        By the cluster where no backend tells: of a stack that is reconciled from git, or of an image that was built.
        """
        last = next(iter(self.updates), None)
        if self.reconciled or (last and last.succeeded and not last.image):
            return self.live.since if self.live.image == self.recorded.image else None
        return deployed_since(self.updates, self.recorded.image)


def enter_and_see(stack: Stack, engine: Engine) -> Seen:
    """Enters the stack's environment and reads it."""
    session.enter(stack, start=False)
    found = recorded(stack, engine)
    return from_git(stack, found) or Seen(found, history(stack, engine), live(stack, found))


def from_git(stack: Stack, found: Recorded) -> Seen | None:
    """What is seen of a stack that another tool applies from git; None for any other, unasked where it has a state.

    Args:
        stack: the stack.
        found: its state.

    Raises:
        DeployError: as `live`, or the program refuses the configuration.
    """
    if not found.empty or not stack.get("image"):
        return None
    declared = _declared(stack)
    there = live(stack, declared)
    return Seen(declared, [], there, reconciled=True) if there.image else None


def _declared(stack: Stack) -> Recorded:
    """What the state would say, by the stack's file and the program; the URL is that within the cluster."""
    outputs = {"image": stack.get("image")}
    for it in objects(stack):
        if it.kind == "Deployment":
            outputs |= {"name": it.name, "namespace": it.namespace}
        elif it.kind == "Service" and (ports := it.manifest["spec"].get("ports")):
            outputs["url"] = f"http://{it.name}.{it.namespace}.svc:{ports[0]['port']}"
    return Recorded(outputs)


def deserves(source: str, seen: Seen, revision: str | None, repo: Repository) -> Iterator[Check]:
    """What holds for a source that may be promoted, to any target.

    Args:
        source: its name.
        seen: what was read of it.
        revision: of the image, by its label; None where the registry could not be asked.
        repo: where that revision must be known.
    """
    if seen.reconciled:
        yield Check("reconciled", True, f"{source} is applied from git, not by `up`")
    else:
        yield _last_update(source, seen)
    image, running = seen.recorded.image, seen.live.image
    same = bool(image) and image == running
    other = "pinned in git; wait until it is applied" if seen.reconciled else f"recorded; run `up` of {source}"
    detail = f"{short(running)} runs" + ("" if same else f", {short(image)} is {other}")
    yield Check("running image", same, detail)
    there = seen.live
    ready = there.replicas > 0 and there.complete
    rollout = "; the rollout is not complete" if there.ready >= there.replicas > 0 else ""
    why = next((f"; {pod.name}: {pod.reason}" for pod in there.pods if not pod.ready and pod.reason), rollout)
    yield Check("pods", ready, f"{there.ready} of {there.replicas} ready" + ("" if ready else why))
    if revision is not None:
        yield _revision(revision, repo)


def lets_in(pipeline: Pipeline, source: str, stage: Stage, seen: Seen, *, skip_stage: bool) -> Iterator[Check]:
    """What holds for a target at this moment; approval aside, which is given with the promotion."""
    now = datetime.now(UTC)
    yield gates.order(pipeline, source, stage.stack, skip_stage)
    yield gates.frozen(stage)
    yield gates.soak(stage, seen.since, now)
    yield gates.window(stage, now)


def blockers(pipeline: Pipeline, source: str, stage: Stage, seen: Seen, repo: Repository | None) -> list[str]:
    """Why the source cannot be promoted to the stage now, by what costs nothing to ask."""
    checks = [*lets_in(pipeline, source, stage, seen, skip_stage=False)]
    if repo is not None:
        checks += deserves(source, seen, None, repo)
    if stage.gate.approval:
        checks.append(Check("approval", False, "needs --approved-by"))
    return [f"{check.name}: {check.detail}" for check in checks if not check.passed]


def require(check: Check) -> str:
    """The line for the record of a check that passed; DeployError (1) for one that did not."""
    if not check.passed:
        raise DeployError(f"{check.name}: {check.detail}", 1)
    return f"{check.name}: {check.detail}"


def _last_update(source: str, seen: Seen) -> Check:
    last = next(iter(seen.updates), None)
    if last is None or seen.recorded.empty:
        return Check("last update", False, f"{source} was never deployed: `.venv/bin/python -m deploy up {source}`")
    detail = f"{last.kind} {last.number} {last.result}, {last.ended:%Y-%m-%d %H:%M} UTC"
    mend = "" if last.succeeded else f"; run `up` of {source} until it succeeds"
    return Check("last update", last.succeeded, detail + mend)


def _revision(revision: str, repo: Repository) -> Check:
    if revision in ("", UNKNOWN):
        return Check(
            "revision", False, "the image was built from changes that are in no commit; commit and build again"
        )
    known = repo.between(revision, repo.head()) is not None
    detail = revision[:12] if known else f"{revision[:12]} is no commit of this branch's history; `git pull`"
    return Check("revision", known, detail)
