"""Finds the Docker daemon, and says how to mend it where none answers.

Source: pulumi-docker 5.2: the provider's `host`, then DOCKER_HOST, the default socket, the user's own sockets.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import docker
import docker.errors
import docker.tls
import requests

from engine.docker.settings import Settings
from engine.provider import ProviderError

DEFAULT_HOST = "unix:///var/run/docker.sock"
USER_SOCKETS = (".docker/run/docker.sock", ".docker/desktop/docker.sock")
KNOCK_SECONDS = 5
ANSWER_SECONDS = 600
"""How long the daemon may be silent during a build step."""

Client = Any
"""A docker.APIClient; the library has no types."""


def connect(settings: Settings) -> Client:
    """A client of the daemon. Raises `ProviderError` if none answers."""
    named = settings.host or os.environ.get("DOCKER_HOST", "")
    tried = [named] if named else [DEFAULT_HOST, *(f"unix://{Path.home() / socket}" for socket in USER_SOCKETS)]
    problem = ""
    for host in tried:
        try:
            _knock(host)
            return docker.APIClient(base_url=host, version="auto", timeout=ANSWER_SECONDS, tls=_tls(settings))
        except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as err:
            problem = problem or _reason(err)
    where = f"{named} ({'the provider' if settings.host else 'DOCKER_HOST'})" if named else DEFAULT_HOST
    raise ProviderError(
        f"no Docker daemon answers at {where}: {problem}. "
        "Building an image needs one: start Docker, or set DOCKER_HOST. "
        "A stack with a pinned image (`image: repository@sha256:...`) builds nothing and needs no Docker."
    )


def _knock(host: str) -> None:
    """Connects to a unix socket once; OSError says at once what the library says late, and leaving a socket open."""
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(KNOCK_SECONDS)
            probe.connect(host.removeprefix("unix://"))


def _tls(settings: Settings) -> Any:
    folder = settings.cert_path or (os.environ.get("DOCKER_CERT_PATH") if os.environ.get("DOCKER_TLS_VERIFY") else "")
    if not folder:
        return None
    base = Path(folder)
    return docker.tls.TLSConfig(
        client_cert=(str(base / "cert.pem"), str(base / "key.pem")), ca_cert=str(base / "ca.pem"), verify=True
    )


def _reason(err: BaseException) -> str:
    text = str(err)
    for sign, said in (
        ("FileNotFoundError", "there is no such socket"),
        ("No such file or directory", "there is no such socket"),
        ("Permission", "permission denied (is this user in the group docker?)"),
        ("refused", "connection refused"),
        ("timed out", "no answer in time"),
    ):
        if sign in text:
            return said
    return text.rstrip(".")
