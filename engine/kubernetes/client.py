"""The API server over HTTP: requests and watches, with plain errors for what goes wrong on the way.

The kubeconfig's certificates, tokens and exec plugins are lightkube's business; objects stay plain JSON. Importing this
module costs about 0.15 s, so only the first request does.
Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from lightkube.config.client_adapter import user_auth, verify_cluster
from lightkube.config.kubeconfig import PROXY_CONF, KubeConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from engine.kubernetes.errors import ApiError, UnreachableError, signed_out
from engine.kubernetes.kinds import Endpoint, Kind, built_in_endpoint
from engine.kubernetes.kubeconfig import Cluster
from engine.kubernetes.watches import Watches
from engine.provider import ProviderError

CONNECT_SECONDS = 5.0
"""How long a connection is tried before the cluster counts as unreachable."""
AGAIN_SECONDS = 3.0
"""How long a connection that is refused is tried again: an API server may be just starting."""
RESTART_SECONDS = 30.0
"""How long after its last answer, at least: then it is most likely restarting."""
AWAY = frozenset({502, 503, 504})
"""What is answered in its place by what stands before it."""
READ_SECONDS = 60.0
"""How long a request may take: admission webhooks may take 30 s."""
AT_ONCE = 32
"""How many requests go at the same time, and how many connections are kept for them; watches have their own."""
LANES = 8
"""How many pools the connections are in: for each request, a pool asks the system about every connection of its own."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

JsonObject = dict[str, Any]


class Api:
    """One API server."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._lanes: list[httpx2.AsyncClient] = []
        self._next = 0
        self._groups: dict[str, dict[str, Endpoint]] = {}
        self._lock = asyncio.Lock()
        self._heard = -RESTART_SECONDS
        self._sign_in = _FirstAlone()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.watches = Watches(self)

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        warnings: list[str] | None = None,
    ) -> JsonObject:
        """The answer's JSON; the server's warnings are added to `warnings`.

        Raises `ApiError` for a refusal and `UnreachableError` where no answer came.

        While connections fail, it tries again for `AGAIN_SECONDS`, and until `RESTART_SECONDS` after the server's last
        answer to anyone: all that may be done twice, and so no POST that was sent. A request that the server was too
        busy for (429) did nothing, and is tried again at any rate.
        """
        deadline = max(time.monotonic() + AGAIN_SECONDS, self._heard + RESTART_SECONDS)
        pause = 0.1
        while True:
            try:
                response = await self._send(method, path, params, body, content_type)
                if response.status_code not in AWAY:
                    self._heard = time.monotonic()
                return self._judge(response, warnings)
            except UnreachableError as err:
                again = not err.sent or method != "POST"
                if not again or time.monotonic() + pause > deadline:
                    raise
            except ApiError as err:
                longer = READ_SECONDS if err.code == 429 else 0.0
                again = err.code == 429 or (err.code in AWAY and method != "POST")
                if not again or time.monotonic() + pause > deadline + longer:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    async def text(self, path: str, *, params: Mapping[str, str] | None = None) -> str:
        """The answer as text: a container's log."""
        response = await self._send("GET", path, params, None, "application/json")
        return str(response.text) if response.status_code < 300 else ""

    async def watch(self, path: str, *, params: Mapping[str, str], seconds: float) -> AsyncGenerator[JsonObject, None]:
        """The events of one watch, for at most `seconds`; ends when the server ends it."""
        query = {**params, "watch": "true", "timeoutSeconds": str(max(1, int(seconds) + 1))}
        timeout = httpx2.Timeout(seconds + 2, connect=CONNECT_SECONDS)
        try:
            async with self._client().stream("GET", path, params=query, timeout=timeout) as response:
                if response.status_code >= 300:
                    await response.aread()
                    raise ApiError(response.status_code, _json(response))
                try:
                    async for line in response.aiter_lines():
                        if line:
                            yield json.loads(line)
                finally:
                    self._heard = time.monotonic()
        except httpx2.TransportError:
            return  # the caller reads the object again, which tells an unreachable server

    async def endpoint(self, kind: Kind) -> Endpoint | None:
        """Where objects of the kind are found; None where the server doesn't know it (yet)."""
        if kind.built_in:
            return built_in_endpoint(kind)
        async with self._lock:
            known = self._groups.get(kind.api_version, {})
            if kind.kind not in known:
                try:
                    answer = await self.call("GET", kind.prefix)
                except ApiError as err:
                    if err.code != 404:
                        raise
                    return None
                known = {
                    entry["kind"]: Endpoint(kind, entry["name"], bool(entry["namespaced"]))
                    for entry in answer.get("resources", [])
                    if "/" not in entry["name"]
                }
                self._groups[kind.api_version] = known
        found = known.get(kind.kind)
        return Endpoint(kind, found.plural, found.namespaced) if found else None

    async def close(self) -> None:
        """Ends the connections."""
        await self.watches.close()
        while self._lanes:
            await self._lanes.pop().aclose()

    def _judge(self, response: httpx2.Response, warnings: list[str] | None) -> JsonObject:
        if warnings is not None:
            for header in response.headers.get_list("warning"):
                warnings.append(header.partition('"')[2].rpartition('"')[0].replace('\\"', '"'))
        if response.status_code == 401:
            raise signed_out(self.cluster)
        if response.status_code >= 300:
            raise ApiError(response.status_code, _json(response))
        return _json(response)

    async def _send(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Any, content_type: str
    ) -> httpx2.Response:
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Content-Type": content_type} if content is not None else {}
        try:
            async with self._sign_in, self._turns:
                return await self._client().request(method, path, params=params, content=content, headers=headers)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as err:
            raise UnreachableError(self.cluster, err, sent=False) from err
        except httpx2.TransportError as err:
            raise UnreachableError(self.cluster, err, sent=True) from err
        except (ConfigError, OSError, ValueError, LookupError, TypeError) as err:  # of an exec plugin and its answer
            raise ProviderError(
                f"context {self.cluster.context!r}: signing in failed: {str(err).strip() or type(err).__name__}. "
                "Run what the kubeconfig names under `users` by hand, and sign in there."
            ) from err
        except httpx2.InvalidURL as err:
            raise self._no_url() from err

    def _client(self) -> httpx2.AsyncClient:
        if not self._lanes:
            local = (urlsplit(self.cluster.server).hostname or "") in LOOPBACK  # never by way of a proxy
            try:
                config = KubeConfig.from_dict(self.cluster.config, fname=self.cluster.path).get() or PROXY_CONF
                user = config.user or User()
                verify, auth = verify_cluster(config.cluster, user, config.abs_file), user_auth(user)
                self._lanes = [
                    httpx2.AsyncClient(
                        base_url=self.cluster.server,
                        verify=verify,
                        auth=auth,
                        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=AT_ONCE // LANES),
                        trust_env=not local,
                    )
                    for _ in range(LANES)
                ]
            except httpx2.InvalidURL as err:
                raise self._no_url() from err
            except Exception as err:  # what a malformed certificate raises has no common base
                raise ProviderError(
                    f"context {self.cluster.context!r}: its credentials in the kubeconfig cannot be used "
                    f"({type(err).__name__}: {err}). Write that kubeconfig anew."
                ) from err
        self._next = (self._next + 1) % LANES
        return self._lanes[self._next]

    def _no_url(self) -> ProviderError:
        """Without the reason: it may quote a part of a proxy's password."""
        return ProviderError(
            f"context {self.cluster.context!r}: {self.cluster.server!r}, or a proxy that the environment names "
            "(HTTPS_PROXY, HTTP_PROXY, ALL_PROXY), is no URL. Correct it."
        )


class _FirstAlone:
    """Lets the first request go alone, so that an exec plugin is run once and not by all of them at the same time."""

    def __init__(self) -> None:
        self._first: asyncio.Task[object] | None = None
        self._done = asyncio.Event()

    async def __aenter__(self) -> None:
        if self._first is None:
            self._first = asyncio.current_task()
        elif self._first is not asyncio.current_task():
            await self._done.wait()

    async def __aexit__(self, *_: object) -> None:
        self._done.set()


def _json(response: httpx2.Response) -> JsonObject:
    try:
        answer = json.loads(response.content)
    except ValueError:
        answer = {"message": response.text[:500]}
    return answer if isinstance(answer, dict) else {"message": str(answer)[:500]}
