"""`promote SOURCE TARGET`: the digest that runs in the source goes into the target's stack file, in a commit."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from deploy import cli_checks, environment, session
from deploy import stack as stacks
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git import forge
from deploy.git.repository import BehindError, Repository
from deploy.image import using
from deploy.observe.history import history
from deploy.pipeline import gates, load
from deploy.promotion.changes import config_changes, image_changes
from deploy.promotion.checks import enter_and_see
from deploy.promotion.message import message, short
from deploy.promotion.plan import REVISION, NotYetError, Plan, Promotion, Wish, plan
from deploy.registry import copy
from deploy.registry.client import Registry
from deploy.registry.reference import Reference
from deploy.render.names import SEALED
from deploy.say import say
from deploy.stack import Stack


def promote(project: Path, engine: Engine, wish: Wish) -> Stack | None:
    """Promotes; the target's stack when its file was changed here (or was right before), None for a pull request.

    Raises:
        DeployError: the source does not deserve it (1), the target does not let it in (1), the command makes no
            sense (64), a part is away (69), another promotion is under way (75), a file is wrong (78).
    """
    pipeline = load.load(project)
    order = gates.order(pipeline, wish.source, wish.target, wish.skip_stage)
    if not order.passed:
        raise DeployError(order.detail, os.EX_USAGE)
    if not wish.yes and not sys.stdin.isatty():
        raise DeployError("Nobody can be asked here: say --yes to promote without a question.", os.EX_USAGE)
    repo = Repository.at(project)
    with repo.lock():
        _require_ready(repo, wish)
        head = repo.head()
        source, target = stacks.load(project, wish.source), stacks.load(project, wish.target)
        it = Promotion(pipeline, source, target, engine, repo, wish)
        found = plan(it)
        if found is None:
            if wish.push and not wish.pull_request:
                repo.push_upstream(head)
            return target
        _show(it, found)
        _confirm(wish)
        if wish.copy_to:
            copy.copy(Reference.parse(found.source_image), wish.copy_to, say)
        _commit(it, found, head)
    return None if wish.pull_request else stacks.load(project, wish.target)


def _require_ready(repo: Repository, wish: Wish) -> None:
    """Refuses a repository in which the promotion could not be recorded."""
    repo.require_clean()
    try:
        repo.require_in_step()
    except BehindError as err:
        raise NotYetError(str(err), err.code) from err
    repo.author()
    if not repo.branch() and not wish.pull_request:
        raise DeployError("HEAD is detached, so the commit would be on no branch. Check out the branch first.", 1)
    if wish.pull_request:
        if not repo.remote_branch():
            raise DeployError("HEAD is detached, so the pull request has no base. Check out the branch first.", 1)
        forge.require_token(repo.remote_url())


def _commit(it: Promotion, found: Plan, head: str) -> None:
    """One commit of what changes in the target: pushed first where that is asked for, so that a refusal undoes all."""
    names = it.pipeline.names
    trailers = [
        ("Promoted-from", it.source.name),
        ("Image", found.image),
        ("Revision", found.revision),
        *(("Check", line) for line in found.passed),
        ("Skipped-stage", ", ".join(names[names.index(it.source.name) + 1 : names.index(it.target.name)])),
        ("Approved-by", "" if it.wish.pull_request else it.wish.approved_by),
    ]
    subject = f"chore({it.target.name}): promote {it.target.project_name} to {short(found.image)}"
    commit = it.repo.commit_files(found.files, message(subject, "", trailers), head)
    if it.wish.pull_request:
        _propose(it, found, commit, subject)
        return
    if it.wish.push:
        it.repo.push_upstream(commit)
    it.repo.advance(commit)
    say(f"commit {commit[:12]}: {subject}")


def _propose(it: Promotion, found: Plan, commit: str, subject: str) -> None:
    """The commit on a branch of its own, and its pull request; what is there already, and as it should be, stays."""
    branch = f"promote/{it.target.name}-{short(found.image).removeprefix('sha256:')}"
    url, base, there = it.repo.remote_url(), it.repo.remote_branch(), it.repo.fetched(branch)

    def push() -> None:
        it.repo.push(f"+{commit}", branch)  # by force: the branch is this command's own
        say(f"pushed {branch}")

    try:
        closed = forge.closed_pull_request(url, branch, base)
    except DeployError as err:
        if err.code == os.EX_UNAVAILABLE and not there:
            push()  # for the next run, or for somebody's hand
        raise
    if closed:
        say(f"{closed} was closed or merged, so it is left alone; reopen it, or promote without --pr")
        return
    same = all(_same(path, text, it.repo.show(there, path)) for path, text in found.files.items())
    if same and it.repo.between(f"{commit}~1", there) is not None:  # a push would dismiss its approvals
        say(f"{branch} is there already")
    else:
        push()
    body = f"Promotes `{found.image}`\nfrom {it.source.name}, built from {found.revision}.\n\n"
    body += "\n".join(f"- {line}" for line in found.passed)
    print(forge.open_pull_request(url, branch, base, subject, body) or branch)


def _same(path: str, wanted: str | None, there: str | None) -> bool:
    if wanted is None or there is None:
        return wanted is there
    # Sealing is random; what is sealed is told by the fingerprint in kustomization.yaml.
    return path.rpartition("/")[2].startswith(SEALED) or wanted.splitlines() == there.splitlines()


def _show(it: Promotion, found: Plan) -> None:
    """What will change in the target; the preview where its passphrase is at hand."""
    say(f"what changes in {it.target.name}:")
    for line in _changes(it, found):
        say(f"  {line}")
    if not environment.has_passphrase(it.target):
        say(f"  no preview: the passphrase of {it.target.name} is not at hand")
        return
    with environment.restored(), using(it.target, found.content) as changed:
        session.enter(it.target, start=False)
        if it.target.get("image") and enter_and_see(it.target, it.engine).reconciled:
            say(f"  no preview: {it.target.name} is applied from git, so the engine knows nothing of it")
            return
        cli_checks.check_server(it.target)
        session.init(it.target, it.engine)
        if code := it.engine.run("preview", *changed.words):
            raise DeployError(f"the preview of {it.target.name} failed; see above. Nothing was changed.", code)


def _changes(it: Promotion, found: Plan) -> Iterator[str]:
    old, revision = it.target.get("image"), ""
    if old:
        reference = Reference.parse(old)
        registry = Registry(reference.registry)
        revision = registry.labels(reference).get(REVISION, "") if registry.exists(reference) else ""
    yield from image_changes(it.repo, old, found.image, revision, found.revision)
    if it.stage.render:
        yield f"render: {len(found.files) - 1} files of {it.stage.render}"
    if old:
        with environment.restored():
            session.enter(it.target, start=False)
            yield from config_changes(it.target, history(it.target, it.engine))


def _confirm(wish: Wish) -> None:
    if wish.yes:
        return
    print(f"Promote {wish.source} to {wish.target}? Type yes or no: ", end="", flush=True, file=sys.stderr)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeployError("Declined; nothing was changed.", 1)
