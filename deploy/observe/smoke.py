"""The smoke test of a stage: its URL must answer as declared, several times in a row, in its declared time.

A service inside the cluster is reached through the API server.
Source: https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from deploy.observe.cluster import async_client, is_far, reason
from deploy.observe.recorded import Recorded
from deploy.say import clean
from deploy.stack import Stack

if TYPE_CHECKING:
    import httpx2

    from deploy.pipeline.record import Smoke

IN_A_ROW = 3
"""Good answers that make a pass: one may come from a pod of the version before."""
TRY_SECONDS = 10.0
"""The longest that one answer may take."""
PAUSE_SECONDS = 0.5
"""Between two tries, after a bad answer; a fifth of it after a good one."""
BODY_BYTES = 1 << 20
"""How much of an answer is read."""
NO_URL = "its URL, or that of a proxy in the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY), is none"
"""Without more: the error may quote a part of a proxy's password."""
_GOT = ", got "
_SERVICE = re.compile(r"(?P<name>[^.]+)\.(?P<namespace>[^.]+)\.svc(\..+)?")


@dataclass(frozen=True)
class Result:
    """How a smoke test ended."""

    passed: bool
    detail: str
    """One line: what was asked, and what came instead of what was wanted."""
    seconds: float


def run(stack: Stack, recorded: Recorded, smoke: Smoke, say: Callable[[str], None]) -> Result:
    """Asks until it passes, or until the test's `timeout` is over.

    Args:
        stack: whose cluster leads to a service without an address of its own.
        recorded: has the stack's `url`.
        smoke: what is asked, and what must come.
        say: is told each new kind of reason why it has not passed yet.

    Raises:
        DeployError: the stack's kubeconfig cannot be used.
    """
    began = time.monotonic()
    url = smoke.url or (f"{recorded.url.rstrip('/')}/{smoke.path.lstrip('/')}" if recorded.url else "")
    if not _is_url(url):
        detail = f"there is no URL to ask ({url!r}): give the stage's `smoke` a `url`"
        return Result(False, detail, 0.0)
    problem = asyncio.run(_until_passed(stack, url, smoke, say))
    detail = f"GET {url}: {problem or f'{smoke.status}, {IN_A_ROW} times in a row'}"
    return Result(not problem, detail, time.monotonic() - began)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return False


async def _until_passed(stack: Stack, url: str, smoke: Smoke, say: Callable[[str], None]) -> str:
    """Why it did not pass in time, or an empty string."""
    import httpx2  # noqa: PLC0415 - slow to import

    problem = f"no answer within {smoke.timeout}"
    said, good = "", 0
    try:
        async with asyncio.timeout(smoke.seconds):
            try:
                client, address = _way(stack, url)
            except httpx2.InvalidURL:
                return NO_URL
            async with client:
                while True:
                    found = await _once(client, address, smoke)
                    good = 0 if found else good + 1
                    if good == IN_A_ROW:
                        return ""
                    if found and found.partition(_GOT)[0] != said:
                        said = found.partition(_GOT)[0]
                        say(f"smoke test: {found}; trying for {smoke.timeout}")
                    problem = found or problem
                    await asyncio.sleep(PAUSE_SECONDS if found else PAUSE_SECONDS / 5)
    except TimeoutError:
        return problem


async def _once(client: httpx2.AsyncClient, address: str, smoke: Smoke) -> str:
    """What is wrong with one answer, or an empty string."""
    import httpx2  # noqa: PLC0415 - these are slow to import
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

    try:
        # by the clock: a server that sends a byte now and then is never slow enough for a timeout between bytes
        async with asyncio.timeout(TRY_SECONDS), client.stream("GET", address) as response:
            body = b""
            async for part in response.aiter_bytes():
                body += part
                if len(body) >= BODY_BYTES:
                    break
    except TimeoutError:
        return f"no answer within {TRY_SECONDS:g} s"
    except httpx2.InvalidURL:
        return NO_URL
    except (httpx2.HTTPError, ConfigError, OSError, ValueError, LookupError, TypeError) as err:
        return reason(err)
    text = body[:BODY_BYTES].decode(errors="replace")
    if response.status_code != smoke.status:
        by_the_cluster = _said_by_the_cluster(text) if address.startswith("/") else ""
        return f"{response.status_code}, wanted {smoke.status}{by_the_cluster}"
    if smoke.contains not in text:
        return f"wanted the text {smoke.contains!r}{_GOT}{text[:80]!r}"
    return ""


def _way(stack: Stack, url: str) -> tuple[httpx2.AsyncClient, str]:
    """A client and the address to ask it for. Each try has a connection of its own: it may meet another pod."""
    import httpx2  # noqa: PLC0415

    parts = urlsplit(url)
    service = _SERVICE.fullmatch(parts.hostname or "")
    if service:
        client = async_client(stack)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        name = f"{parts.scheme}:{service['name']}:{port}"
        path = f"/api/v1/namespaces/{service['namespace']}/services/{name}/proxy{parts.path or '/'}"
        url = urlunsplit(("", "", path, parts.query, ""))
    else:
        client = httpx2.AsyncClient(timeout=None, trust_env=is_far(url))
    client.headers |= {"Connection": "close", "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
    return client, url


def _said_by_the_cluster(text: str) -> str:
    """The message of an API server that answered in place of the service."""
    try:
        answer = json.loads(text)
        return f" ({clean(answer['message'])})" if answer["kind"] == "Status" else ""
    except (ValueError, KeyError, TypeError):
        return ""
