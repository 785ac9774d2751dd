"""Back to the last good version: its stack file is put back in a commit, and deployed.

The commit comes first: git says what should run, and a run that is killed in between goes on with the next `up`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from config import DEV_STACK
from deploy import cli_checks, session
from deploy import stack as stacks
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.image import using
from deploy.observe.history import Update, history
from deploy.promotion.good import Good, begun, good_updates, meaning, named, others
from deploy.promotion.message import ROLLED_BACK, message, short
from deploy.release import Outcome, release, stage_of
from deploy.render.command import changes
from deploy.say import say
from deploy.stack import Stack

TRIES = 3
"""How many good versions an automatic rollback tries, newest first."""


@dataclass(frozen=True)
class WayBack:
    """What was so before an `up`, and where its stack file can be put back. Its repository's lock is to be held."""

    repo: Repository
    content: str
    """The stack's file."""
    newest: int = 0
    """The number of the newest update."""
    image: str = ""
    """The one that the run alone deploys; then git has it right, and only the deployment goes back."""


def way_back(stack: Stack, wanted: bool | None, *, push: bool = False, image: str = "") -> WayBack | None:
    """What an automatic rollback needs, looked at before an `up`; None where there is to be none.

    Args:
        stack: the stack that is about to be deployed.
        wanted: True refuses where none is possible, None (everywhere but in dev) only says so.
        push: whether the commit is to be pushed.
        image: what `--image` pins for the run.
    """
    if wanted is False or (wanted is None and stack.name == DEV_STACK):
        return None
    try:
        repo = Repository.at(stack.project)
        _require_usable(stack, repo, push=push)
    except DeployError as err:
        if wanted:
            raise DeployError(f"--rollback-on-failure is not possible: {err}", err.code) from err
        say(f"no rollback on failure: {err}")
        return None
    return WayBack(repo, _text(stack), image=image)


def newest(stack: Stack, engine: Engine) -> int:
    """The number of the stack's newest update; 0 before the first."""
    return _newest(history(stack, engine))


def automatic(stack: Stack, engine: Engine, way: WayBack, failed: Outcome, *, push: bool) -> int:
    """Rolls a failed release back; the exit status stays that of the failure."""
    if failed.code != 1:  # nothing was deployed: interrupted, busy, unreachable, configuration
        return failed.code
    say(failed.reason)
    try:
        cli_checks.check_server(stack)
        updates = history(stack, engine)
        own = _newest(updates) - way.newest
        if own == 0:
            say("nothing was deployed, so nothing is rolled back")
            return failed.code
        if own > 1:
            raise DeployError(f"another update of {stack.name} came in between; see its history.", 1)
        if way.image:
            _tell(stack, stack.file.name, _deploy(stack, engine))
        else:
            known = others(stack, _good(stack, way.repo, updates), way.content)
            for good in islice(_there(stack, known), TRIES):
                outcome = put_back(stack, engine, way.repo, good, failed.reason)
                _tell(stack, str(good), outcome)
                if outcome.code != 1:
                    break
            if push:
                _push(way.repo)
    except DeployError as err:
        say(f"error: no rollback: {err}")
        return failed.code
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
    _require_usable(stack, repo, push=push)
    with repo.lock():
        session.enter(stack, start=True)
        cli_checks.check_server(stack)
        updates = history(stack, engine)
        known = _good(stack, repo, updates)
        if to:
            good = named(stack, known, to)
        else:
            unfinished = begun(stack, repo, updates, known)
            good = unfinished or next(_there(stack, others(stack, known, _text(stack))))
        outcome = put_back(stack, engine, repo, good, "asked for by `rollback`")
        if outcome.code:
            say(f"error: {outcome.reason}")
            return outcome.code
        print(f"{stack.name} is back on {good}: {outcome.url}")
        return os.EX_OK if not push or _push(repo) else 1


def put_back(stack: Stack, engine: Engine, repo: Repository, good: Good, reason: str) -> Outcome:
    """Commits the good content of the stack's file, and its render, then deploys it and runs its smoke test.

    Raises:
        DeployError: the commit cannot be made; nothing was deployed.
    """
    say(f"rolling {stack.name} back to {good}")
    if meaning(good.content) != meaning(_text(stack)):
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
        repo.advance(repo.commit_files({stack.file.name: good.content} | _render(stack, engine, good), text))
    return _deploy(stack, engine)


def _render(stack: Stack, engine: Engine, good: Good) -> dict[str, str | None]:
    """What changes in the render, where the stage names a folder for it."""
    stage = stage_of(stack)
    if not stage or not stage.render:
        return {}
    with using(stack, good.content) as changed:
        return changes(changed, engine, stage.render)


def _deploy(stack: Stack, engine: Engine) -> Outcome:
    """Deploys what the stack's file says by now."""
    try:
        stack = stacks.load(stack.project, stack.name)
        return release(session.prepared(stack, engine), engine, stage_of(stack), yes=True)
    except DeployError as err:
        return Outcome(err.code, str(err))


def _tell(stack: Stack, where: str, outcome: Outcome) -> None:
    if outcome.code:
        say(
            f"error: the rollback to {where} failed too: {outcome.reason}. "
            f"{stack.file.name} stays as it was there; run `up` again."
        )
    else:
        say(f"{stack.name} is back on {where}: {outcome.url}")


def _push(repo: Repository) -> bool:
    try:
        repo.push_upstream(repo.head())
    except DeployError as err:
        say(f"error: the rollback's commit is not pushed: {err}")
        return False
    return True


def _require_usable(stack: Stack, repo: Repository, *, push: bool) -> None:
    """Refuses a repository that a stack's file cannot be put back in."""
    stage = stage_of(stack)
    for path in (stack.file.name, stage.render if stage else ""):
        if path and repo.dirty([path]):
            raise DeployError(f"{path} has changes that are in no commit; commit them, or take them back.", 1)
    if repo.shallow:
        raise DeployError("the clone is shallow, so git has no earlier versions here: `git fetch --unshallow`.", 1)
    repo.author()
    if push and not (repo.remote() and repo.remote_branch()):
        raise DeployError("--push has no branch of a remote to push to: HEAD is detached, or there is no remote.")


def _newest(updates: list[Update]) -> int:
    return updates[0].number if updates else 0


def _good(stack: Stack, repo: Repository, updates: list[Update]) -> list[Good]:
    for update in updates[:TRIES]:
        if update.succeeded and update.revision and repo.show(update.revision, stack.file.name) is None:
            say(f"update {update.number} is passed over: git has no {stack.file.name} at {update.revision[:12]} here")
    return good_updates(stack, repo, updates)


def _there(stack: Stack, known: list[Good]) -> Iterator[Good]:
    """Those whose image is still in its registry.

    Raises:
        DeployError: there is none; raised only when the first is asked for.
    """
    lost = True
    for good in filter(_in_registry, known):
        lost = False
        yield good
    if lost:
        raise DeployError(
            f"There is nothing to roll {stack.name} back to: the image of every update that could be gone back to is "
            "gone from its registry. Build again: revert the commit of the source, and promote its image.",
            1,
        )


def _in_registry(good: Good) -> bool:
    """Whether the image is still there, as far as the registry can be asked."""
    from deploy.registry.client import Registry  # noqa: PLC0415 - slow to import, and seldom needed
    from deploy.registry.reference import Reference  # noqa: PLC0415

    try:
        image = Reference.parse(good.image)
        there = Registry(image.registry).exists(image)
    except DeployError:
        return True
    if not there:
        say(f"{good} is passed over: its image is no longer in {image.registry}")
    return there


def _text(stack: Stack) -> str:
    return stack.file.read_bytes().decode("utf-8")
