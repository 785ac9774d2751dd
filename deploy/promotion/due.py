"""Whether a stack that takes promoted images is to be deployed, by git and by its history."""

from __future__ import annotations

import cluster
from deploy import environment
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.git.repository import Repository
from deploy.observe.history import history
from deploy.promotion.good import good_updates
from deploy.stack import Stack


def due(stack: Stack, engine: Engine) -> bool:
    """Whether the stack's file is another one than its newest update deployed, or that update failed.

    It needs the stack's backend, and neither its cluster nor its passphrase. What cannot be told, as in a shallow
    clone, is due; a stack that no image was promoted to is not.

    Raises:
        DeployError: there is no git, or the history cannot be read.
    """
    if stack.builds:
        return bool(stack.get("registry"))
    repo = Repository.at(stack.project)
    with environment.restored():
        environment.enter(stack, cluster.handout(environment.profile(stack)) if stack.is_local else None)
        newest = history(stack, engine)[:1]
    good = good_updates(stack, repo, newest)
    return not good or good[0].content != repo.show("HEAD", stack.file.name)


def overtaken(stack: Stack) -> str:
    """The commit that the branch has moved on to, at its remote, where the stack's file is another one; else empty.

    Raises:
        DeployError: the remote cannot be asked (69).
    """
    try:
        repo = Repository.at(stack.project)
    except DeployError:
        return ""
    branch = repo.remote_branch()
    there = repo.fetched(branch) if branch else ""
    # A commit that is here and not there yet overtakes nothing.
    if not there or not repo.missing(there, stack.file.name):
        return ""
    return "" if repo.show(there, stack.file.name) == repo.show("HEAD", stack.file.name) else there
