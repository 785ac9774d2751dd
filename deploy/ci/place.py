"""Where a job runs: at GitHub or GitLab, for which change and which commit, by the service's own variables.

Sources: docs.github.com/actions/reference/workflows-and-actions/variables;
docs.gitlab.com/ci/variables/predefined_variables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.ci.forges import Forge, GitHub, GitLab
from deploy.errors import DeployError
from deploy.git.api import GITHUB, github, gitlab

_PULL: Final = ("pull_request", "pull_request_target")
"""GitHub's events that are about a pull request."""


@dataclass(frozen=True)
class Change:
    """The pull request, or merge request, that a job is for."""

    number: int
    commit: str
    """Its newest commit when the job was started."""


@dataclass(frozen=True)
class Job:
    """The job's own place in the service."""

    run: int = 0
    """Grows from one run to the next; 0: not known."""
    url: str = ""
    """Its page; empty: not known."""


def change(env: Mapping[str, str]) -> Change | None:
    """The change that the job is for; None in a job for a branch, and on a laptop.

    Raises:
        DeployError: the event is not what the service's documentation says (78).
    """
    if env.get("GITHUB_REPOSITORY"):
        return _github_change(env)
    number = env.get("CI_MERGE_REQUEST_IID", "")
    if not env.get("CI_PROJECT_ID") or not number:
        return None
    # In a pipeline for merged results the commit is one that only the pipeline has.
    commit = env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or env.get("CI_COMMIT_SHA", "")
    if not number.isdigit() or not commit:
        raise DeployError(
            f"CI_MERGE_REQUEST_IID is {number!r} and CI_COMMIT_SHA is {commit!r}; they must be a number and a commit, "
            "as GitLab sets them in a merge request's pipeline."
        )
    return Change(int(number), commit)


def forge(env: Mapping[str, str], permission: str, what: str, instead: str) -> Forge | None:
    """The forge that the job runs at; None on a laptop.

    Args:
        env: the service's variables, and the token.
        permission: of GitHub's token, such as `issues: write`.
        what: is asked for, for messages.
        instead: says what a user has without it, for messages.

    Raises:
        DeployError: there is no token (78).
    """
    found: Forge | None = None
    if repository := env.get("GITHUB_REPOSITORY"):
        root = env.get("GITHUB_API_URL") or GITHUB
        found = GitHub(github(root, repository, env, permission=permission, what=what, instead=instead))
    elif (project := env.get("CI_PROJECT_ID")) and (root := env.get("CI_API_V4_URL", "")):
        found = GitLab(gitlab(root, project, env, what=what, instead=instead), root.rstrip("/"))
    if found:
        found.api.require_token(env)
    return found


def job(env: Mapping[str, str]) -> Job:
    """The job that this is; without a number and a page on a laptop."""
    run = env.get("GITHUB_RUN_ID") or env.get("CI_PIPELINE_ID") or ""
    url = env.get("CI_JOB_URL", "")
    if env.get("GITHUB_RUN_ID") and env.get("GITHUB_REPOSITORY"):
        server = env.get("GITHUB_SERVER_URL") or "https://github.com"
        url = f"{server.rstrip('/')}/{env['GITHUB_REPOSITORY']}/actions/runs/{run}"
    return Job(int(run) if run.isdigit() else 0, url)


def _github_change(env: Mapping[str, str]) -> Change | None:
    name, path = env.get("GITHUB_EVENT_NAME", ""), env.get("GITHUB_EVENT_PATH", "")
    if not path or (name and name not in _PULL):
        if name in _PULL:
            raise DeployError("GITHUB_EVENT_PATH is not set; it names the file with the event, which has the number.")
        return None
    try:
        event = json.loads(Path(path).read_text("utf-8"))
    except (OSError, RecursionError, ValueError) as err:
        reason = os.strerror(err.errno) if isinstance(err, OSError) and err.errno else "it is no JSON"
        raise DeployError(f"The event in {path} (GITHUB_EVENT_PATH) cannot be read: {reason}.") from err
    found = event.get("pull_request") if isinstance(event, dict) else None
    match found:
        case {"number": int(number), "head": {"sha": str(commit)}} if number > 0 and commit:
            return Change(number, commit)
    raise DeployError(
        f"The event in {path} (GITHUB_EVENT_PATH) is none of a pull request: it has no `pull_request` with `number` "
        f"and `head.sha`. Run this for the event {_PULL[0]}, or unset GITHUB_REPOSITORY to have the text printed."
    )
