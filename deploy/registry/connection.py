"""Requests to one registry: with its credentials, within limits, and with errors in words of this project."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from deploy.errors import DeployError
from deploy.registry import login
from deploy.registry.reference import DOCKER_HUB

_CHUNK: Final = 1 << 20
_LIMIT: Final = 4 << 20
"""Bytes of an answer that is read as a whole, at most: manifests may not be bigger in most registries."""

_RETRY: Final = Retry(
    total=2,
    connect=0,
    read=0,
    backoff_factor=0.2,
    status_forcelist=(429, 502, 503, 504),
    allowed_methods=("GET", "HEAD"),
    raise_on_status=False,
    retry_after_max=10,
)


def origin(url: str) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port; None where it is no URL."""
    parts = urlsplit(url)
    try:
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # a port that is none
        return None


@dataclass(frozen=True)
class Answer:
    """An answer that was read as a whole."""

    response: requests.Response
    body: bytes

    @property
    def found(self) -> bool:
        return self.response.status_code == 200


class Connection:
    """Everything raises DeployError: 69 when the registry is not reached or out of order, 1 when it refuses."""

    def __init__(self, host: str, timeout: float) -> None:
        self.host = host
        self._timeout = timeout
        local = re.fullmatch(r"(localhost|127(\.\d+){3})(:\d+)?", host) is not None
        server = "registry-1.docker.io" if host == DOCKER_HUB else host
        self._base = f"{'http' if local else 'https'}://{server}/v2/"
        self._session = requests.Session()
        self._session.trust_env = not local  # as for Docker, no proxy stands before loopback
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=_RETRY))
        self._granted: dict[tuple[str, bool], str] = {}
        """`Authorization` for a repository, to read or to write."""

    def call(
        self, method: str, repository: str, path: str, *, fine: tuple[int, ...] = (200,), **options: Any
    ) -> Answer:
        """One request; `path` is below the repository, or a whole URL. Status codes other than `fine` are errors."""
        body = b""
        with self._open(method, repository, path, fine, **options) as response:
            for chunk in self._read(response):
                body += chunk
                if len(body) > _LIMIT:
                    raise DeployError(f"The registry {self.host} answers {path} with more than {_LIMIT >> 20} MiB.", 1)
        return Answer(response, body)

    def stream(self, repository: str, path: str) -> Iterator[bytes]:
        """What is at `path`, of any size, bit by bit."""
        with self._open("GET", repository, path, (200,)) as response:
            yield from self._read(response)

    def _open(
        self, method: str, repository: str, path: str, fine: tuple[int, ...], **options: Any
    ) -> requests.Response:
        url = urljoin(f"{self._base}{repository}/", path)
        mine = origin(url) == origin(self._base)
        right = (repository, method in ("POST", "PUT"))
        options["headers"] = {"Accept-Encoding": "identity"} | options.get("headers", {})

        def send() -> requests.Response:
            # Given even where it does nothing: without, requests looks into ~/.netrc.
            def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
                if mine and self._granted.get(right):
                    request.headers["Authorization"] = self._granted[right]
                return request

            return self._session.request(method, url, auth=authorize, timeout=self._timeout, stream=True, **options)

        try:
            response = send()
            if response.status_code == 401 and mine:
                response.close()
                challenge = response.headers.get("WWW-Authenticate", "")
                self._granted[right] = login.authorization(self._session, self.host, challenge, self._timeout)
                response = send()
        except requests.RequestException as err:
            raise self._unreached(err) from err
        if response.status_code not in fine:
            with response:
                raise self._refusal(response, f"{method} {repository}/{path.partition('?')[0]}")
        return response

    def _read(self, response: requests.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_content(_CHUNK)
        except requests.RequestException as err:
            raise self._unreached(err) from err

    def _unreached(self, err: BaseException) -> DeployError:
        if isinstance(err, requests.exceptions.InvalidURL):  # whose text may hold a part of a proxy's password
            reason = "its URL, or that of a proxy in the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY), is none"
            return DeployError(f"The registry {self.host} is not reached: {reason}.", os.EX_UNAVAILABLE)
        while isinstance(inner := err.__cause__ or next(iter(err.args), None), BaseException):
            err = inner  # the innermost says it in the fewest words
        return DeployError(f"The registry {self.host} is not reached: {err}.", os.EX_UNAVAILABLE)

    def _refusal(self, response: requests.Response, what: str) -> DeployError:
        status = response.status_code
        said = f"{status} {response.reason}"
        if errors := re.findall(rb'"code": ?"(\w+)"', next(self._read(response), b"")):
            said += f", {errors[0].decode()}"
        if status >= 500 or status == 429:
            message = f"The registry {self.host} is out of order: it answers {what} with {said}. Try again later."
            return DeployError(message, os.EX_UNAVAILABLE)
        mend = f" Log in as one who may: `docker login {self.host}`." if status in (401, 403) else ""
        return DeployError(f"The registry {self.host} refuses {what}: {said}.{mend}", 1)
