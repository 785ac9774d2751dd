"""Back to the last good version: its stack file is put back in a commit, and deployed.

The commit comes first: git says what should run, and a run that is killed in between goes on with the next `up`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from config import DEV_STACK
from deploy import cli_checks, session
from deploy import stack as stacks
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.observe.history import history
from deploy.promotion.good import Good, begun, choose, good_updates
from deploy.promotion.message import ROLLED_BACK, message, short
from deploy.release import Outcome, release, stage_of
from deploy.say import say
from deploy.stack import Stack


@dataclass(frozen=True)
class WayBack:
    """A repository in which the stack's file can be put back."""

    repo: Repository


def way_back(stack: Stack, wanted: bool | None) -> WayBack | None:
    """What an automatic rollback needs, looked at before an `up`; None where there is to be none.

    Args:
        stack: the stack that is about to be deployed.
        wanted: True refuses where none is possible, None (everywhere but in dev) only says so.
    """
    if wanted is False or (wanted is None and stack.name == DEV_STACK):
        return None
    try:
        repo = Repository.at(stack.project)
        if repo.dirty([stack.file.name]):
            raise DeployError(f"{stack.file.name} has changes that are in no commit; commit them first.", 1)
        repo.author()
    except DeployError as err:
        if wanted:
            raise DeployError(f"--rollback-on-failure is not possible: {err}", err.code) from err
        say(f"no rollback on failure: {err}")
        return None
    return WayBack(repo)


def automatic(stack: Stack, engine: Engine, way: WayBack, failed: Outcome, *, push: bool) -> int:
    """Rolls a failed release back; the exit status stays that of the failure."""
    if failed.code != 1:  # nothing was deployed: interrupted, busy, unreachable, configuration
        return failed.code
    say(failed.reason)
    try:
        cli_checks.check_server(stack)
        good = choose(stack, good_updates(stack, way.repo, history(stack, engine)), "")
    except DeployError as err:
        say(f"error: no rollback: {err}")
        return failed.code
    try:
        outcome = put_back(stack, engine, way.repo, good, failed.reason, push=push)
    except DeployError as err:
        outcome = Outcome(err.code, str(err))
    if outcome.code:
        say(
            f"error: the rollback to {good} failed too: {outcome.reason}. "
            f"{stack.file.name} stays as it was there; run `up` again."
        )
    else:
        say(f"{stack.name} is back on {good}: {outcome.url}")
    say(f"error: {failed.reason}")
    return failed.code


def rollback(stack: Stack, engine: Engine, to: str, *, push: bool) -> int:
    """Rolls a stack back by hand: to the last good update with another file, or to the one that `to` names."""
    if stack.builds and stack.get("registry"):
        raise DeployError(
            f"{stack.name} builds its image from the source, so there is no pinned version to go back to: "
            "revert the commit of the source and run `up`.",
            os.EX_USAGE,
        )
    repo = Repository.at(stack.project)
    if repo.dirty([stack.file.name]):
        raise DeployError(f"{stack.file.name} has changes that are in no commit; commit them, or take them back.", 1)
    with repo.lock():
        session.enter(stack, start=True)
        cli_checks.check_server(stack)
        updates = history(stack, engine)
        known = good_updates(stack, repo, updates)
        good = (None if to else begun(stack, repo, updates, known)) or choose(stack, known, to)
        outcome = put_back(stack, engine, repo, good, "asked for by `rollback`", push=push)
    if outcome.code:
        say(f"error: {outcome.reason}")
        return outcome.code
    print(f"{stack.name} is back on {good}: {outcome.url}")
    return os.EX_OK


def put_back(stack: Stack, engine: Engine, repo: Repository, good: Good, reason: str, *, push: bool) -> Outcome:
    """Commits the good content of the stack's file, then deploys it and runs its smoke test."""
    say(f"rolling {stack.name} back to {good}")
    if good.content != stack.file.read_text("utf-8"):
        last = repo.commits(stack.file.name, limit=1)
        text = message(
            f"revert({stack.name}): go back to {short(good.image)}",
            "",
            [
                (ROLLED_BACK, last[0].sha if last else ""),
                ("Restored", good.revision),
                ("Image", good.image),
                ("Reason", reason),
            ],
        )
        repo.advance(repo.commit_file(stack.file.name, good.content, text))
    stack = stacks.load(stack.project, stack.name)
    outcome = release(session.prepared(stack, engine), engine, stage_of(stack), yes=True)
    if push:
        repo.push_upstream(repo.head())
    return outcome
