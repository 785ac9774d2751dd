"""A forge's API: one call, and an errand of several calls that is tried again while that may help."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from deploy.errors import DeployError

GITHUB: Final = "https://api.github.com"
GITLAB: Final = "https://gitlab.com/api/v4"
TRIES: Final = 3
LONGEST_WAIT: Final = 60.0
"""Seconds; a forge that asks for more patience is not waited for."""

T = TypeVar("T")


class LaterError(Exception):
    """Trying again may help; after `wait` seconds, if the forge says so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Api:
    """The API of one project at a forge, and what is wanted of it."""

    forge: str
    """Its name."""
    url: str
    """The project's own; every other URL begins with it."""
    setting: str
    """The environment variable with the API's URL."""
    variable: str
    """The environment variable with the token."""
    permission: str
    """What the token needs."""
    headers: Mapping[str, str] = field(repr=False)
    """With the token."""
    what: str
    """What it is asked to take, for messages, such as `the pull request for 'promote/prod'`."""
    instead: str
    """What a user does without the API, for messages, such as `open it by hand`."""
    timeout: float = 20.0
    """Seconds, for each answer."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    """Waits between tries."""

    def call(self, method: str, url: str, **content: Any) -> Any:
        """One request; the answer, parsed.

        Raises:
            DeployError: the forge refuses (1).
            LaterError: it does not answer now. `errand` sees to that.
        """
        import requests  # noqa: PLC0415 - slow to import, and seldom needed

        try:
            answer = requests.request(
                method,
                url,
                headers=self.headers,
                # Else requests would put what ~/.netrc has for the host in the token's place.
                auth=lambda prepared: prepared,
                timeout=self.timeout,
                allow_redirects=False,
                **content,
            )
        except requests.Timeout as err:
            raise LaterError(f"no answer within {self.timeout:g} s") from err
        except requests.RequestException as err:
            raise LaterError(f"{urlsplit(url).netloc} cannot be reached ({type(err).__name__})") from err
        status, headers = answer.status_code, answer.headers
        if status < 300:
            return answer.json()
        said = f"{status} {answer.reason}: {_said(answer)}".rstrip(": .")
        told = "rate limit" in said.lower()
        limited = told or "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0"
        if status >= 500 or status == 429 or (status == 403 and limited):
            wait = _wait(headers)
            raise LaterError(said, LONGEST_WAIT if wait is None and told else wait)
        mend = f"Mend that, or {self.instead}"
        if status < 400:
            mend = "The repository has moved: `git remote set-url` to its new address"
        elif status in {401, 403, 404}:
            mend = f"{self.variable} needs {self.permission}"
        raise DeployError(f"{self.forge} refuses {self.what} ({said}). {mend}.", 1)

    def errand(self, run: Callable[[], T]) -> T:
        """What `run` returns, which is called again, from its start, where the forge may answer later.

        So `run` looks for what it is about to make: an answer can be lost after the forge obeyed.

        Raises:
            DeployError: the forge refuses (1), or does not answer, or not as such a forge does (69).
        """
        attempt = 0
        while True:
            try:
                return run()
            except LaterError as err:
                wait = 2.0**attempt if err.wait is None else err.wait
                attempt += 1
                if attempt == TRIES or wait > LONGEST_WAIT:
                    raise DeployError(
                        f"{self.forge} cannot take {self.what} now: {err}. Try again in {max(wait, 1):.0f} s, or "
                        f"{self.instead}.",
                        os.EX_UNAVAILABLE,
                    ) from err
                self.sleep(wait)
            except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as err:
                raise DeployError(
                    f"{self.url} does not answer as {self.forge}'s API does. Look at {self.setting}.",
                    os.EX_UNAVAILABLE,
                ) from err

    def require_token(self, env: Mapping[str, str]) -> None:
        """Refuses to begin without a token, or with one that no header can carry.

        Raises:
            DeployError: names its variable and the permission (78).
        """
        token = env.get(self.variable, "").strip()
        if not re.fullmatch("[!-~]+", token):
            state = "holds a line end, a space, or a letter that no token has" if token else "is not set"
            raise DeployError(
                f"{self.variable} {state}; {self.what} at {self.forge} needs a token with {self.permission}. "
                f"Set it, or {self.instead}."
            )


def github(api: str, path: str, env: Mapping[str, str], *, permission: str, what: str, instead: str) -> Api:
    """GitHub's API at `api`, for the repository `owner/name`; `permission` is such as `issues: write`."""
    return Api(
        forge="GitHub",
        url=f"{api.rstrip('/')}/repos/{path}",
        setting="GITHUB_API_URL",
        variable="GITHUB_TOKEN",
        permission=f"the permission `{permission}` (a classic token: the scope `repo`)",
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {env.get('GITHUB_TOKEN', '').strip()}",
            "X-GitHub-Api-Version": "2022-11-28",
        },
        what=what,
        instead=instead,
    )


def gitlab(api: str, project: str, env: Mapping[str, str], *, what: str, instead: str) -> Api:
    """GitLab's API at `api`, for the project with this id, or this path with its slashes escaped."""
    return Api(
        forge="GitLab",
        url=f"{api.rstrip('/')}/projects/{project}",
        setting="CI_API_V4_URL",
        variable="GITLAB_TOKEN",
        # A job's own CI_JOB_TOKEN may do none of that: docs.gitlab.com/ci/jobs/ci_job_token
        permission="the scope `api` and the role Developer (CI_JOB_TOKEN does not do)",
        headers={"PRIVATE-TOKEN": env.get("GITLAB_TOKEN", "").strip()},
        what=what,
        instead=instead,
    )


def _wait(headers: Mapping[str, str]) -> float | None:
    """How many seconds the forge asks to wait.

    It says nothing with some secondary limits; they take a minute at least.

    Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if after.isdigit():
        return float(after)
    if headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
        return max(0.0, int(reset) - time.time())
    return None


def _said(answer: Any) -> str:
    """The API's message, in one line."""
    try:
        return " ".join("; ".join(_texts(answer.json())).split())[:300]
    except (RecursionError, ValueError):
        return ""


def _texts(value: object) -> list[str]:
    """The words of GitHub's `message` and `errors`, and of GitLab's `message` (of any shape) or `error`."""
    if isinstance(value, dict):
        known = [value[key] for key in ("message", "error_description", "error", "errors") if key in value]
        return _texts(known or [f"{key}: {', '.join(_texts(item))}" for key, item in value.items()])
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]
