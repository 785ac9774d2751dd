"""A few requests to the API server; a client library would cost more time to import than all of them take."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class ApiError(Exception):
    """The API server isn't reached, or refuses."""


class Api:
    """JSON requests with the certificate of the cluster's admin. Not safe for use by several threads."""

    def __init__(self, server: str, pki: Path, timeout: float = 5.0) -> None:
        tls = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        tls.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        place = urlsplit(server)
        assert place.hostname  # noqa: S101 - it comes from Profile.server
        self._connection = http.client.HTTPSConnection(place.hostname, place.port, timeout=timeout, context=tls)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def get(self, path: str) -> Any:
        """The object or list at `path`; None when there is none."""
        return self._ask("GET", path, None, "")

    def apply(self, path: str, content: dict[str, Any]) -> None:
        """Server-side apply: makes the object or updates it."""
        query = "?fieldManager=flask-k8s&force=true"
        self._ask("PATCH", path + query, content, "application/apply-patch+yaml")

    def merge(self, path: str, content: dict[str, Any]) -> None:
        """Patch an object that exists; lists are merged by their keys."""
        self._ask("PATCH", path, content, "application/strategic-merge-patch+json")

    def _ask(self, method: str, path: str, content: dict[str, Any] | None, kind: str) -> Any:
        headers = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
        try:
            body = None if content is None else json.dumps(content)
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as err:
            self._connection.close()
            raise ApiError(f"{method} {path}: {err}") from err
        if answer.status == 404:
            return None
        if answer.status >= 400:
            raise ApiError(f"{method} {path}: {answer.status} {text.decode(errors='replace')[:300]}")
        return json.loads(text) if text[:1] in {b"{", b"["} else text.decode()
