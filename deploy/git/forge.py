"""Pull requests at GitHub, and merge requests at GitLab: opened once, updated after that."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from deploy.errors import DeployError
from deploy.git.dialect import Dialect, dialect

TRIES: Final = 3
LONGEST_WAIT: Final = 60.0
"""Seconds; a forge that asks for more patience is not waited for."""


class _LaterError(Exception):
    """Trying again may help; after `wait` seconds, if the forge says so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


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
    if not env.get(words.variable, "").strip():
        raise DeployError(
            f"{words.variable} is not set; a pull request at {words.forge} needs a token with {words.permission}. "
            f"Set it, or open the pull request from {branch!r} to {base!r} by hand."
        )
    attempt = 0
    while True:
        try:
            return _open(words, timeout)
        except _LaterError as err:
            wait = 2.0**attempt if err.wait is None else err.wait
            attempt += 1
            if attempt == TRIES or wait > LONGEST_WAIT:
                raise DeployError(
                    f"{words.forge} cannot take the pull request for {branch!r} now: {err}. Try again in "
                    f"{max(wait, 1):.0f} s, or open it by hand.",
                    os.EX_UNAVAILABLE,
                ) from err
            sleep(wait)


def _open(words: Dialect, timeout: float) -> str:
    """Looks first, each time: a pull request that was opened, but whose answer was lost, is found by the next try."""
    try:
        if found := _call(words, timeout, "GET", words.url, params=words.query):
            url = f"{words.url}/{found[0][words.key]}"
            answer = _call(words, timeout, words.method, url, json=words.change)
        else:
            answer = _call(words, timeout, "POST", words.url, json=words.create)
        return str(answer[words.page])
    except (KeyError, TypeError, ValueError) as err:
        raise DeployError(
            f"{words.url} does not answer as {words.forge}'s API does. Look at GITHUB_API_URL or CI_API_V4_URL.",
            os.EX_UNAVAILABLE,
        ) from err


def _call(words: Dialect, timeout: float, method: str, url: str, **content: Any) -> Any:
    """The API's answer, parsed."""
    import requests  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        answer = requests.request(
            method,
            url,
            headers=words.headers,
            # Else requests would put what ~/.netrc has for the host in the token's place.
            auth=lambda prepared: prepared,
            timeout=timeout,
            allow_redirects=False,
            **content,
        )
    except requests.Timeout as err:
        raise _LaterError(f"no answer within {timeout:g} s") from err
    except requests.RequestException as err:
        raise _LaterError(f"{urlsplit(url).netloc} cannot be reached ({type(err).__name__})") from err
    status, headers = answer.status_code, answer.headers
    if status < 300:
        return answer.json()
    said = f"{status} {answer.reason}: {_said(answer)}".rstrip(": ")
    limited = "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0"
    if status >= 500 or status == 429 or (status == 403 and limited):
        raise _LaterError(said, _wait(headers))
    mend = "Mend that, or open it by hand"
    if status < 400:
        mend = "The repository has moved: `git remote set-url` to its new address"
    elif status in {401, 403, 404}:
        mend = f"{words.variable} needs {words.permission}"
    raise DeployError(f"{words.forge} refuses the pull request ({said}). {mend}.", 1)


def _wait(headers: Mapping[str, str]) -> float | None:
    """How many seconds the forge asks to wait.

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
    except ValueError:
        return ""


def _texts(value: object) -> list[str]:
    """The words of GitHub's `message` and `errors`, and of GitLab's `message` (of any shape) or `error`."""
    if isinstance(value, dict):
        known = [value[key] for key in ("message", "error_description", "error", "errors") if key in value]
        return _texts(known or [f"{key}: {', '.join(_texts(item))}" for key, item in value.items()])
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]
