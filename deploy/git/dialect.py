"""A pull request in the words of GitHub's API, and of GitLab's.

Sources: docs.github.com/rest/pulls/pulls; docs.gitlab.com/api/merge_requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from deploy.git.api import GITHUB, GITLAB, Api, github, gitlab


@dataclass(frozen=True)
class Dialect:
    """What to send to a forge, and what to look for in its answers."""

    api: Api
    url: str
    """The repository's pull requests."""
    query: dict[str, str]
    """Finds those of the two branches, closed ones too, newest first."""
    create: dict[str, str]
    """Opens one, by POST."""
    change: dict[str, str]
    """Changes one, by `method`."""
    method: str
    key: str
    """Its number, in answers."""
    page: str
    """Its page, in answers."""


def dialect(
    remote_url: str, env: Mapping[str, str], *, branch: str, base: str, text: tuple[str, str]
) -> Dialect | None:
    """What the remote's forge understands, for a pull request with this title and body; None for another forge.

    The forge is known by the remote's host: github.com, gitlab.com, or the host of GITHUB_API_URL or CI_API_V4_URL.
    """
    host, path = _place(remote_url)
    title, body = text
    what, instead = f"the pull request for {branch!r}", f"open it from {branch!r} to {base!r} by hand"
    for url in (env.get("GITHUB_API_URL") or GITHUB, GITHUB):
        if host and urlsplit(url).hostname in {host, f"api.{host}"}:
            api = github(url, quote(path), env, permission="pull-requests: write", what=what, instead=instead)
            return Dialect(
                api,
                url=f"{api.url}/pulls",
                query={"state": "all", "head": f"{path.partition('/')[0]}:{branch}", "base": base},
                create={"title": title, "body": body, "head": branch, "base": base},
                change={"title": title, "body": body},
                method="PATCH",
                key="number",
                page="html_url",
            )
    for url in (env.get("CI_API_V4_URL") or GITLAB, GITLAB):
        if host and urlsplit(url).hostname == host:
            api = gitlab(url, quote(path, safe=""), env, what=what, instead=instead)
            return Dialect(
                api,
                url=f"{api.url}/merge_requests",
                query={"state": "all", "source_branch": branch, "target_branch": base},
                create={"title": title, "description": body, "source_branch": branch, "target_branch": base},
                change={"title": title, "description": body},
                method="PUT",
                key="iid",
                page="web_url",
            )
    return None


def _place(remote_url: str) -> tuple[str, str]:
    """Host and path of a git URL; `git@host:path` is one too."""
    if "://" in remote_url:
        try:
            parts = urlsplit(remote_url)
        except ValueError:  # git will say what is wrong with it
            return "", ""
        host, path = parts.hostname or "", parts.path
    else:
        match = re.fullmatch(r"(?:[^@/]*@)?([^:/]+):(.+)", remote_url)
        host, path = (match[1], match[2]) if match else ("", "")
    # The two forges' hosts for SSH on port 443.
    host = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}.get(host.lower(), host.lower())
    return host, path.strip("/").removesuffix(".git")
