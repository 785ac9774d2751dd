"""Who one is to a registry: what `docker login` stored, and the tokens that registries hand out for it.

Follows https://distribution.github.io/distribution/spec/auth/token/ and, for identity tokens, .../auth/oauth/.
"""

from __future__ import annotations

import base64
import os
import warnings
from typing import Any
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

import requests
from requests.auth import HTTPBasicAuth

from deploy.errors import DeployError


def authorization(session: requests.Session, host: str, challenge: str, timeout: float) -> str:
    """The `Authorization` that answers the `WWW-Authenticate` of `host`; empty when there is nothing to answer with.

    Raises:
        DeployError: the stored credentials cannot be read, or the token service refuses them or is unsafe.
        requests.RequestException: the token service is not reached.
    """
    kind, _, fields = challenge.partition(" ")
    who = _stored(host)
    if kind.lower() == "bearer":
        asked = parse_keqv_list([field for field in parse_http_list(fields) if field.partition("=")[2]])
        return f"Bearer {_token(session, host, asked, who, timeout)}"
    if kind.lower() == "basic" and "username" in who:
        return f"Basic {base64.b64encode('{username}:{password}'.format_map(who).encode()).decode()}"
    return ""


def _token(session: requests.Session, host: str, asked: dict[str, str], who: dict[str, str], timeout: float) -> str:
    realm, scope = asked.pop("realm", ""), asked.pop("scope", "")
    if not realm.startswith("https://") and urlsplit(realm).hostname not in ("localhost", "127.0.0.1"):
        raise DeployError(
            f"The registry {host} names {realm!r} as its token service: credentials are sent to https:// only.", 1
        )
    if token := who.get("identitytoken"):
        form = asked | {"grant_type": "refresh_token", "client_id": "flask-k8s", "scope": scope, "refresh_token": token}
        answer = session.post(realm, data=form, timeout=timeout, allow_redirects=False)
    else:
        basic = HTTPBasicAuth(who["username"], who["password"]) if "username" in who else lambda request: request
        query: dict[str, Any] = asked | {"scope": scope.split()}
        answer = session.get(realm, params=query, auth=basic, timeout=timeout)
    try:
        answer.raise_for_status()
        content = answer.json()
        return str(content.get("token") or content["access_token"])
    except (requests.RequestException, LookupError, AttributeError) as err:
        raise DeployError(
            f"The token service of the registry {host} gives no token ({answer.status_code} {answer.reason}). "
            f"Log in: `docker login {host}`.",
            os.EX_UNAVAILABLE if answer.status_code >= 500 else 1,
        ) from err


def _stored(host: str) -> dict[str, str]:
    """`username` and `password`, or `identitytoken`, or nothing: from Docker's config.json or its helpers."""
    from docker import auth, errors  # noqa: PLC0415 - slow to import, and needed where a registry asks only
    from docker.credentials import StoreError  # noqa: PLC0415

    try:
        with warnings.catch_warnings(action="ignore"):  # of a missing helper, which is an error below
            found = auth.load_config().resolve_authconfig(host) or {}
    except (errors.DockerException, StoreError, ValueError) as err:
        raise DeployError(
            f"What `docker login` stored for the registry {host} cannot be read: {err}. Log in again: "
            f"`docker login {host}`."
        ) from err
    return {key.lower(): value for key, value in found.items()}
