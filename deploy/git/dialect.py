"""A pull request in the words of GitHub's API, and of GitLab's.

Sources: docs.github.com/rest/pulls/pulls; docs.gitlab.com/api/merge_requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

GITHUB: Final = "https://api.github.com"
GITLAB: Final = "https://gitlab.com/api/v4"


@dataclass(frozen=True)
class Dialect:
    """What to send to a forge, and what to look for in its answers."""

    forge: str
    """Its name."""
    variable: str
    """The environment variable with the token."""
    permission: str
    """What the token needs."""
    headers: dict[str, str] = field(repr=False)
    """With the token."""
    url: str
    """The repository's pull requests."""
    query: dict[str, str]
    """Finds the open one of the two branches."""
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
    for api in (env.get("GITHUB_API_URL") or GITHUB, GITHUB):
        if host and urlsplit(api).hostname in {host, f"api.{host}"}:
            return Dialect(
                forge="GitHub",
                variable="GITHUB_TOKEN",
                permission="the permission `pull-requests: write` (a classic token: the scope `repo`)",
                headers={
                    "Accept": "application/vnd.github+json",
                    "Authorization": f"Bearer {env.get('GITHUB_TOKEN', '').strip()}",
                    "X-GitHub-Api-Version": "2022-11-28",
                },
                url=f"{api.rstrip('/')}/repos/{quote(path)}/pulls",
                query={"state": "open", "head": f"{path.partition('/')[0]}:{branch}", "base": base},
                create={"title": title, "body": body, "head": branch, "base": base},
                change={"title": title, "body": body},
                method="PATCH",
                key="number",
                page="html_url",
            )
    for api in (env.get("CI_API_V4_URL") or GITLAB, GITLAB):
        if host and urlsplit(api).hostname == host:
            # A job's own CI_JOB_TOKEN may not open merge requests: docs.gitlab.com/ci/jobs/ci_job_token
            return Dialect(
                forge="GitLab",
                variable="GITLAB_TOKEN",
                permission="the scope `api` and the role Developer (CI_JOB_TOKEN does not do)",
                headers={"PRIVATE-TOKEN": env.get("GITLAB_TOKEN", "").strip()},
                url=f"{api.rstrip('/')}/projects/{quote(path, safe='')}/merge_requests",
                query={"state": "opened", "source_branch": branch, "target_branch": base},
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
        parts = urlsplit(remote_url)
        host, path = parts.hostname or "", parts.path
    else:
        match = re.fullmatch(r"(?:[^@/]*@)?([^:/]+):(.+)", remote_url)
        host, path = (match[1], match[2]) if match else ("", "")
    # The two forges' hosts for SSH on port 443.
    host = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}.get(host.lower(), host.lower())
    return host, path.strip("/").removesuffix(".git")
