"""Pull requests at GitHub, and merge requests at GitLab: opened once, updated after that."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from deploy.git.api import Api
from deploy.git.dialect import Dialect, dialect


def open_pull_request(
    remote_url: str,
    branch: str,
    base: str,
    title: str,
    body: str,
    *,
    env: Mapping[str, str] = os.environ,
    timeout: float = 20.0,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Opens a pull request for a branch that is pushed, or updates the open one; returns its page's URL.

    Args:
        remote_url: of the git remote, in any of git's forms.
        branch: has the commits.
        base: is to take them.
        title: one line.
        body: Markdown.
        env: has the token, and the API's URL where the host is neither github.com nor gitlab.com.
        timeout: seconds, for each answer.
        sleep: waits between tries.

    Returns:
        None for a remote of another kind: the branch is pushed, and more is not in git's power.

    Raises:
        DeployError: there is no token (78), the forge refuses (1), or does not answer (69).
    """
    words = dialect(remote_url, env, branch=branch, base=base, text=(title, body))
    if words is None:
        return None
    words.api.require_token(env)
    api = replace(words.api, timeout=timeout, sleep=sleep)
    return api.errand(lambda: _open(api, words))


def closed_pull_request(
    remote_url: str,
    branch: str,
    base: str,
    *,
    env: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """The page of the newest pull request for a branch, where it was closed or merged; else empty.

    Raises:
        DeployError: the forge refuses (1), or does not answer (69).
    """
    words = dialect(remote_url, env, branch=branch, base=base, text=("", ""))
    if words is None:
        return ""
    api = replace(words.api, sleep=sleep)
    found = api.errand(lambda: _all(api, words))
    return str(found[0][words.page]) if found and not _open_ones(found) else ""


def require_token(remote_url: str, env: Mapping[str, str] = os.environ) -> None:
    """Refuses a remote whose forge wants a token that is not there (78); before anything is pushed."""
    words = dialect(remote_url, env, branch="", base="", text=("", ""))
    if words is not None:
        replace(words.api, what="a pull request", instead="leave `--pr` out").require_token(env)


def _open(api: Api, words: Dialect) -> str:
    """Looks first, each time: a pull request that was opened, but whose answer was lost, is found by the next try."""
    if found := _open_ones(_all(api, words)):
        answer = api.call(words.method, f"{words.url}/{found[0][words.key]}", json=words.change)
    else:
        answer = api.call("POST", words.url, json=words.create)
    return str(answer[words.page])


def _all(api: Api, words: Dialect) -> list[dict[str, Any]]:
    found = api.call("GET", words.url, params=words.query)
    # GitLab tells of forks too, whose branches anybody names.
    return [it for it in found if it.get("source_project_id") == it.get("target_project_id")]


def _open_ones(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [it for it in found if it["state"] in ("open", "opened")]
