"""The little of Docker's Engine API that is needed before anything is installed, with the standard library.

Follows https://docs.docker.com/reference/api/engine/ (v1.41 and later).
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
from pathlib import Path
from urllib.parse import urlencode, urlsplit

SILENCE = 120.0
"""How long a daemon at work may say nothing, in seconds."""


class DockerError(Exception):
    """A daemon cannot be reached, or said no; the message says which daemon and why."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connect(host: str, timeout: float = 5.0) -> http.client.HTTPConnection:
    """A connection to the daemon at `host`, written as in DOCKER_HOST: `unix:///path` or `tcp://name:port`.

    With TCP, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH mean what they mean to the docker command. `timeout` is in
    seconds, for connecting and for each read.
    """
    url = urlsplit(host)
    if url.scheme == "unix":
        return _UnixConnection(url.path, timeout)
    if url.scheme in ("tcp", "http", "https") and url.hostname:
        if os.environ.get("DOCKER_TLS_VERIFY") or url.scheme == "https":
            certificates = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
            context = ssl.create_default_context(cafile=certificates / "ca.pem")
            context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
            return http.client.HTTPSConnection(url.hostname, url.port or 2376, timeout=timeout, context=context)
        return http.client.HTTPConnection(url.hostname, url.port or 2375, timeout=timeout)
    raise DockerError(f"{host}: only unix:///path and tcp://name:port can be used here")


def ping(host: str, timeout: float = 5.0) -> None:
    """Return when the daemon at `host` answers; DockerError says why it does not."""
    try:
        connection = connect(host, timeout)
        try:
            connection.request("GET", "/_ping")
            answer = connection.getresponse()
            if answer.status != 200:
                raise DockerError(f"{host}: answers with HTTP status {answer.status} {answer.reason}")
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as err:
        raise DockerError(f"{host}: {_reason(err)}") from err


def answers(host: str, timeout: float = 5.0) -> bool:
    """Whether a daemon answers at `host`."""
    try:
        ping(host, timeout)
    except DockerError:
        return False
    return True


def pull(host: str, image: str, patience: float) -> None:
    """Have the daemon pull `image` (`name:tag`) from its registry; DockerError when that fails.

    `patience`, in seconds, is for the first sign of life from the registry; then SILENCE holds.
    """
    name, _, tag = image.rpartition(":")
    _stream(host, f"/images/create?{urlencode({'fromImage': name, 'tag': tag})}", patience)


def push(host: str, image: str, target: str) -> None:
    """Have the daemon push its `image` to a registry without credentials as `target` (`localhost:5001/name:tag`)."""
    repository, _, tag = target.rpartition(":")
    _stream(host, f"/images/{image}/tag?{urlencode({'repo': repository, 'tag': tag})}", SILENCE)
    _stream(host, f"/images/{repository}/push?{urlencode({'tag': tag})}", SILENCE)


def _stream(host: str, path: str, patience: float) -> None:
    """POST, and read what is reported on the way, one JSON object in each line."""
    try:
        connection = connect(host, patience)
        try:
            # Docker wants credentials with a push, if only empty ones: base64 of {}.
            connection.request("POST", path, headers={"X-Registry-Auth": "e30="})
            sock = connection.sock
            answer = connection.getresponse()
            if answer.status >= 400:
                raise DockerError(f"{host}: {json.loads(answer.read())['message']}")
            while line := answer.readline():
                if "error" in (report := json.loads(line)):
                    raise DockerError(f"{host}: {report['error']}")
                sock.settimeout(SILENCE)
        finally:
            connection.close()
    except (OSError, ValueError, KeyError, http.client.HTTPException) as err:
        raise DockerError(f"{host}: {_reason(err)}") from err


def _reason(err: Exception) -> str:
    return (err.strerror if isinstance(err, OSError) else None) or str(err) or type(err).__name__
