"""Asks state, cluster and git about every stage; what cannot be asked is told in the report, and is no error."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from os import pathsep
from pathlib import Path
from typing import TYPE_CHECKING

import cluster
from config.revision import UNKNOWN
from deploy import environment
from deploy import stack as stacks
from deploy.backend import lock_folder
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.observe.cluster import make_tables
from deploy.observe.history import Update, deployed_since, history
from deploy.observe.live import Live, live
from deploy.observe.recorded import Recorded, recorded, under_way
from deploy.pipeline.record import Pipeline, Smoke, Stage
from deploy.promotion.checks import Seen, blockers, from_git
from deploy.stack import Stack
from deploy.status.record import Change, Environment, Report, Waiting
from engine.errors import INTERRUPTED

if TYPE_CHECKING:
    from deploy.drift.compare import Drift

UPDATES = 20
"""How many of the newest updates are told."""


@dataclass
class _Stage:
    """What was found out about one stage."""

    stage: Stage
    stack: Stack | None = None
    kubeconfigs: str = ""
    """Where its context is looked up, in the environment that its engine has."""
    locks: Path | None = None
    """Where its backend keeps its locks, by that environment."""
    recorded: Recorded = field(default_factory=Recorded)
    updates: list[Update] = field(default_factory=list)
    live: Live | None = None
    drift: tuple[Change, ...] | None = None
    difference: tuple[Change, ...] | None = None
    reconciled: bool = False
    unread: bool = False
    problems: list[str] = field(default_factory=list)


def collect(project: Path, pipeline: Pipeline, engine: Engine, *, compare: bool = False) -> Report:
    """The pipeline as it is now.

    Args:
        project: the folder of Pulumi.yaml.
        pipeline: the stages to ask about.
        engine: reads the stacks' states, one after the other; the clusters are asked at the same time.
        compare: tell also how each stage differs from the one before, which runs the program of both.
    """
    found = [_read(stage, project, engine) for stage in pipeline.stages]
    # Only now, for each of those reads changes the environment of this process for its time.
    make_tables()
    pool = ThreadPoolExecutor()
    try:
        asked = [pool.submit(_ask_cluster, it) for it in found if not it.unread]
        asked += [pool.submit(_compare, *pair) for pair in pairwise(found) if compare]
        for future in asked:
            future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # all have ended, unless this is an interruption
    repo = _repository(project)
    name = next((it.stack.project_name for it in found if it.stack), project.name)
    environments = []
    for at, it in enumerate(found):
        waiting = _waiting(pipeline, found[at - 1], it, repo) if at else None
        environments.append(_environment(it, repo, waiting))
    return Report(name, engine.name, datetime.now(UTC), tuple(environments))


def _repository(project: Path) -> Repository | None:
    """The project's; None where there is none, or nothing in it yet."""
    try:
        repo = Repository.at(project)
        repo.head()
    except DeployError:
        return None
    return repo


def _read(stage: Stage, project: Path, engine: Engine) -> _Stage:
    """Reads a stack's files and state."""
    it = _Stage(stage)
    try:
        it.stack = stack = stacks.load(project, stage.stack)
        with environment.restored():
            environment.enter(stack, cluster.handout(environment.profile(stack)) if stack.is_local else None)
            it.locks = lock_folder(stack)
            it.kubeconfigs = pathsep.join(map(str, stack.kubeconfigs))
            it.recorded = recorded(stack, engine)
            it.updates = history(stack, engine)
    except DeployError as err:
        if err.code == INTERRUPTED:
            raise KeyboardInterrupt from err
        it.unread = True
        it.problems.append(str(err))
    return it


def _ask_cluster(it: _Stage) -> None:
    from deploy.drift.find import IncompleteError, find  # noqa: PLC0415 - slow to import

    if it.stack is None:
        return
    own = {f"{it.stack.project_name}:kubeconfig": it.kubeconfigs}
    stack = replace(it.stack, values={**it.stack.values, **own})
    try:
        if it.recorded.empty:
            if not under_way(it.recorded, it.locks) and (seen := from_git(stack, it.recorded)):
                it.recorded, it.live, it.reconciled = seen.recorded, seen.live, True
            return
        it.live = live(stack, it.recorded)
        if not under_way(it.recorded, it.locks):
            it.drift = _changes(find(stack, it.recorded))
    except IncompleteError as err:
        it.drift = _changes(err.found) or None
        it.problems.append(str(err))
    except DeployError as err:
        it.unread = it.recorded.empty
        it.problems.append(str(err))
    if under_way(it.recorded, it.locks):  # what differs is what it changes
        it.drift = None
        it.problems.append("update under way: the drift is told when it has ended")


def _changes(drifts: list[Drift]) -> tuple[Change, ...]:
    return tuple(
        Change(
            f"{one.kind} {one.name}",
            one.path,
            one.wanted or "nothing",
            one.found or "nothing",
            " ".join(filter(None, (one.by, one.operation, one.at))),
        )
        for one in drifts
    )


def _compare(before: _Stage, it: _Stage) -> None:
    from deploy.objects.diff import difference, text  # noqa: PLC0415 - seldom needed

    if before.stack and it.stack:
        try:
            found = difference(before.stack, it.stack)
        except DeployError as err:
            it.problems.append(str(err))
            return
        it.difference = tuple(
            Change(change.object or "config", change.path, text(change.left), text(change.right))
            for change in (*found.config, *found.objects)
        )


def _environment(it: _Stage, repo: Repository | None, waiting: Waiting | None) -> Environment:
    image = it.live.image if it.live and it.reconciled else it.recorded.image
    since = deployed_since(it.updates, image)
    if since is None and it.live and it.live.image == image:
        since = it.live.since
    return Environment(
        it.stage.stack,
        image=image,
        pinned=it.stack.get("image") if it.stack else "",
        revision=_revision(it, image, repo),
        url=it.recorded.url,
        since=since,
        live=it.live,
        drift=it.drift,
        reconciled=it.reconciled,
        unread=it.unread,
        problem=" ".join(it.problems),
        updates=tuple(it.updates[:UPDATES]),
        smoke=_smoke(it.stage.smoke),
        frozen=it.stage.frozen,
        waiting=waiting,
        difference=it.difference,
    )


def _waiting(pipeline: Pipeline, source: _Stage, target: _Stage, repo: Repository | None) -> Waiting | None:
    """What runs in the source and is not in the target's file; None where the target builds for itself."""
    image, stack = source.recorded.image, target.stack
    if not image or stack is None or stack.get("registry") or _digest(image) == _digest(stack.get("image")):
        return None
    revision, old = _revision(source, image, repo), _revision(target, stack.get("image"), repo)
    commits = repo.between(old, revision, "app") if repo and old and revision else None
    if source.live:
        seen = Seen(source.recorded, source.updates, source.live, source.reconciled)
        blocked = blockers(pipeline, source.stage.stack, target.stage, seen, repo)
    else:
        blocked = [f"{source.stage.stack}: {' '.join(source.problems)}"]
    count = None if commits is None else len(commits)
    return Waiting(source.stage.stack, image, revision, count, tuple(blocked))


def _revision(it: _Stage, image: str, repo: Repository | None) -> str:
    """The commit an image was built from: by its label in the cluster, else by the commit that promoted it."""
    if it.live and it.live.image == image and it.live.version not in ("", UNKNOWN):
        return it.live.version
    return next(_promoted(it, image, repo), "") if repo and image and it.stack else ""


def _promoted(it: _Stage, image: str, repo: Repository) -> Iterator[str]:
    for commit in repo.commits(f"Pulumi.{it.stage.stack}.yaml"):
        if _digest(image) in map(_digest, commit.trailers.get("Image", [])):
            yield from commit.trailers.get("Revision", [])


def _digest(image: str) -> str:
    return image.partition("@")[2]


def _smoke(smoke: Smoke | None) -> str:
    if smoke is None:
        return ""
    contains = f" with {smoke.contains!r}" if smoke.contains else ""
    return f"GET {smoke.url or smoke.path} is {smoke.status}{contains}"
