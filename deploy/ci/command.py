"""`python -m deploy ci`: the jobs of a CI service, which are the same on a laptop."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from deploy import environment, session
from deploy import stack as stacks
from deploy.ci import comment, issue, place, run, schemas
from deploy.ci.drift_text import Seen, drift_text
from deploy.ci.markdown import code
from deploy.ci.preview_text import ARTIFACT, Previews
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.pipeline import load
from deploy.promotion.due import due
from deploy.say import say
from engine.errors import INTERRUPTED

DRIFT = 2
"""The exit status where there is drift."""


def ci(project: Path, engine: Engine, args: argparse.Namespace) -> int:
    """One job, for the stacks of the pipeline, or those that `--stacks` names; `due` for one stack."""
    if args.render and args.job != "preview":
        raise DeployError(f"--render goes with `ci preview`, not with `ci {args.job}`.", os.EX_USAGE)
    if (args.job == "due") != bool(args.stack):
        raise DeployError("`ci due STACK` takes one stack; the other jobs take `--stacks`.", os.EX_USAGE)
    if args.stack:
        print(str(due(stacks.load(project, args.stack), engine)).lower())
        return os.EX_OK
    pipeline = load.load(project)
    names = [pipeline.stage(name).stack for name in args.stacks or pipeline.names]
    if args.render:
        return render(project, names)
    return {"preview": preview, "drift": drift}[args.job](project, engine, names)


def preview(project: Path, engine: Engine, names: Sequence[str]) -> int:
    """Previews each stack, into the one comment of the change that the job is for; elsewhere prints it.

    Returns:
        0, or the exit status of the first stack that cannot be previewed.
    """
    # What the comment needs is looked at first: the previews take minutes.
    change = place.change(os.environ)
    job = place.job(os.environ)
    what = "the comment with the previews"
    forge = place.forge(os.environ, "pull-requests: write", what, f"read {ARTIFACT}") if change else None
    head = _head(project)
    commit = change.commit if change else head
    plans = [run.plan(project, name, engine) for name in names]
    if head != commit:  # GitHub checks a merge out, which nobody finds again
        own, merge = f"revision {code(head[:12])}", f"a merge of {code(commit[:12])}"
        plans = [replace(plan, built=plan.built.replace(own, merge)) for plan in plans]
    previews = Previews(plans, commit, job.url)
    _keep(project / ARTIFACT, previews.text())
    if change and forge:
        say(f"the whole text is in {ARTIFACT}")
        longest = forge.longest - comment.HIDDEN
        page = comment.write(forge, change, job.run, lambda moved: previews.text(longest, moved))
        print(page or "")
    else:
        print(previews.text(), end="")
    return next((plan.code for plan in previews.plans if plan.code), os.EX_OK)


def render(project: Path, names: Sequence[str]) -> int:
    """Makes the objects of each stack offline and checks them; for changes by strangers: needs no secret, no cluster.

    Returns:
        0, or 1 where an object is wrong, or 78 where the program refuses a configuration.
    """
    code = os.EX_OK
    for name in names:
        try:
            checked = schemas.check(stacks.load(project, name), os.environ.get(schemas.LOCATION, ""))
        except DeployError as err:
            if err.code != os.EX_CONFIG:
                raise
            print(f"{name}: {err}")
            code = code or err.code
            continue
        print(f"{name}: {checked.count} objects, {'not all are' if checked.problems else 'all'} valid")
        for problem in checked.problems:
            print(f"  {problem}")
        code = code or int(bool(checked.problems))
    return code


def drift(project: Path, engine: Engine, names: Sequence[str]) -> int:
    """Looks for drift of each stack, prints it, and keeps the one issue about it; closes that when all are clean.

    Returns:
        2 on drift, else 0, or the exit status of the first stack that cannot be asked.
    """
    job = place.job(os.environ)
    forge = place.forge(os.environ, "issues: write", "the issue about the drift", "read the job's log")
    found = [_seen(project, name, engine) for name in names]
    now = datetime.now(UTC)
    print(drift_text(found, now), end="")
    drifted = any(seen.drifts for seen in found)
    failed = next((seen.code for seen in found if seen.code), os.EX_OK)
    if forge:
        body = drift_text(found, now, job.url, forge.longest - comment.HIDDEN)
        if drifted:
            say(f"issue: {issue.keep(forge, body)}")
        elif failed:
            say("an issue about drift stays open, if there is one: not every stack could be asked")
        else:
            for page in issue.close(forge, body):
                say(f"issue closed: {page}")
    return DRIFT if drifted else failed


def _seen(project: Path, name: str, engine: Engine) -> Seen:
    from deploy.drift.find import find  # noqa: PLC0415 - slow to import
    from deploy.observe.recorded import recorded  # noqa: PLC0415 - as well

    try:
        with environment.restored():
            stack = stacks.load(project, name)
            session.enter(stack, start=False)
            state = recorded(stack, engine)
            return Seen(name, empty=True) if state.empty else Seen(name, find(stack, state))
    except DeployError as err:
        if err.code == INTERRUPTED:
            raise KeyboardInterrupt from err
        say(f"{name}: {err}")
        return Seen(name, problem=str(err), code=err.code)


def _head(project: Path) -> str:
    from deploy.git.repository import Repository  # noqa: PLC0415 - seldom needed

    try:
        return Repository.at(project).head()
    except DeployError:
        return ""


def _keep(file: Path, text: str) -> None:
    from engine.files import write_atomic  # noqa: PLC0415 - seldom needed

    try:
        write_atomic(file, text.encode(), 0o644)
    except OSError as err:
        raise DeployError(f"{file} cannot be written: {os.strerror(err.errno or 0)}.", os.EX_UNAVAILABLE) from err
