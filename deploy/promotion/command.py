"""`promote`, `rollback`, `history`, `freeze` and `unfreeze`, each a function of the command line's options."""

from __future__ import annotations

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from deploy import commands, session
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.observe.history import Update, history
from deploy.pipeline import edit, load
from deploy.pipeline.record import Freeze
from deploy.promotion import rollback as rollbacks
from deploy.promotion.good import taken_back
from deploy.promotion.message import message, short
from deploy.promotion.plan import NotYetError, Wish
from deploy.promotion.promote import promote as run_promotion
from deploy.say import clean, say
from deploy.stack import Stack


def promote(project: Path, engine: Engine, args: argparse.Namespace) -> int:
    """Promotes, and with `--up` deploys the target."""
    if args.up and args.pr:
        raise DeployError("--pr leaves the deployment to the merge; --up deploys now. Choose one.", os.EX_USAGE)
    registry = args.copy_to
    if registry == "":
        registry = load.load(project).stage(args.target).registry
        if not registry:
            raise DeployError(f"--copy-to needs a registry: the stage {args.target} declares none.", os.EX_USAGE)
    wish = Wish(
        args.source,
        args.target,
        yes=args.yes,
        push=args.push,
        pull_request=args.pr,
        skip_stage=args.skip_stage,
        approved_by=args.approved_by or "",
        copy_to=registry or "",
    )
    try:
        target = run_promotion(project, engine, wish)
    except NotYetError as err:
        if not args.if_open:
            raise
        say(f"not yet: {err}")
        return os.EX_OK
    if target is None or not args.up:
        return os.EX_OK
    return commands.up(target, engine, argparse.Namespace(**{**vars(args), "yes": True, "image": None}))


def rollback(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Puts the last good version back, or the one that `--to` names."""
    return rollbacks.rollback(stack, engine, args.to or "", push=args.push)


def history_of(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints the updates, newest first: number, when, result, digest, commit, who, and the commit's subject."""
    session.enter(stack, start=False)
    updates = history(stack, engine)
    try:
        back = taken_back(stack, Repository.at(stack.project), updates)
    except DeployError:  # no git: then there are no rollbacks
        back = set()
    if args.json:
        print(json.dumps([_as_json(update, back) for update in updates], indent=2))
        return os.EX_OK
    rows = [("N", "WHEN (UTC)", "RESULT", "IMAGE", "COMMIT", "WHO", "MESSAGE")]
    rows += [
        (
            str(update.number),
            f"{update.ended:%Y-%m-%d %H:%M}",
            _result(update, back),
            short(update.image),
            update.revision[:12] + ("+" if update.dirty else ""),
            update.who,
            update.message.partition("\n")[0],
        )
        for update in updates
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(clean("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()))
    return os.EX_OK


def freeze(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Declares in the pipeline's file, in a commit, that nothing is deployed to the stage."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    new = Freeze(why=args.why, who=Repository.at(stack.project).author(), since=since)
    return _change_freeze(stack, new, f"freeze: {args.why}", push=args.push)


def unfreeze(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Takes the freeze out again."""
    return _change_freeze(stack, None, "unfreeze", push=args.push)


def _change_freeze(stack: Stack, new: Freeze | None, what: str, *, push: bool) -> int:
    pipeline = load.load(stack.project)
    now = pipeline.stage(stack.name).frozen
    repo = Repository.at(stack.project)
    with repo.lock():
        if repo.dirty([load.FILE]):
            raise DeployError(f"{load.FILE} has changes that are in no commit; commit them, or take them back.", 1)
        if (now is None) == (new is None):
            say(f"{stack.name} is {'frozen' if now else 'not frozen'} already" + (f": {now.why}" if now else ""))
            return os.EX_OK
        text = edit.frozen((stack.project / load.FILE).read_text("utf-8"), stack.name, new)
        commit = repo.commit_files({load.FILE: text}, message(f"chore({stack.name}): {what}", "", []))
        if push:
            repo.push_upstream(commit)
        repo.advance(commit)
    say(f"commit {commit[:12]}: {stack.name} is {'thawed' if new is None else 'frozen'}")
    return os.EX_OK


def _result(update: Update, back: set[int]) -> str:
    kind = "" if update.kind == "update" else f"{update.kind} "
    return f"{kind}{update.result}" + (", rolled back" if update.number in back else "")


def _as_json(update: Update, back: set[int]) -> dict[str, object]:
    return {
        "number": update.number,
        "kind": update.kind,
        "result": update.result,
        "rolledBack": update.number in back,
        "began": update.began.isoformat(),
        "ended": update.ended.isoformat(),
        "image": update.image,
        "revision": update.revision,
        "dirty": update.dirty,
        "who": update.who,
        "message": update.message,
        "changes": update.changes,
    }
