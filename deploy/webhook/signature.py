"""Who may send events: those who know the secret. Every comparison takes the same time, right or wrong.

Sources: docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries;
docs.gitlab.com/user/project/integrations/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from deploy.errors import DeployError

SECRET: Final = "FLASK_K8S_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
SHORTEST: Final = 16
"""Characters of a secret; fewer can be guessed."""

Sender = Literal["GitHub", "GitLab", "HMAC"]
HEADERS: Final[dict[Sender, str]] = {
    "GitHub": "X-Hub-Signature-256",
    "GitLab": "X-Gitlab-Token",
    "HMAC": "X-Signature-256",
}


def secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets that senders may use: one for each line, so that a new one can be brought in before the old one goes.

    Raises:
        DeployError: there is none, or one is too short (78).
    """
    text, place = env.get(SECRET, ""), SECRET
    if file := env.get(f"{SECRET}_FILE", ""):
        place = file
        try:
            text = Path(file).expanduser().read_text("utf-8")
        except (OSError, UnicodeDecodeError) as err:
            reason = err.strerror if isinstance(err, OSError) else "it is no UTF-8 text"
            raise DeployError(f"The secret's file {file} ({SECRET}_FILE) cannot be read: {reason}.") from err
    found = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not found:
        raise DeployError(
            f"There is no secret to know senders by: put one into a file, `openssl rand -hex 32 > FILE`, and name the "
            f"file in {SECRET}_FILE (or set {SECRET})."
        )
    if shortest := next((line for line in found if len(line) < SHORTEST), ""):
        raise DeployError(
            f"A secret in {place} has {len(shortest)} characters; it must have at least {SHORTEST}: "
            "`openssl rand -hex 32` makes a good one."
        )
    return found


def sender(headers: Mapping[str, str], body: bytes, known: tuple[str, ...]) -> Sender | None:
    """Who signed the body with a known secret; None where nobody did. The headers' names are in lower case."""
    for name, header in HEADERS.items():
        if given := headers.get(header.lower(), ""):
            raw = given.encode("latin-1", "replace")  # WSGI's way with the bytes of a header
            # All are compared, whichever fits: the time says nothing.
            fits = [hmac.compare_digest(raw, _wanted(name, secret, body)) for secret in known]
            return name if any(fits) else None
    return None


def signed(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256 and X-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _wanted(name: Sender, secret: str, body: bytes) -> bytes:
    return (secret if name == "GitLab" else signed(secret, body)).encode()


def without_secret() -> dict[str, str]:
    """The environment for the jobs: they have no use for the secret."""
    return {key: value for key, value in os.environ.items() if key not in (SECRET, f"{SECRET}_FILE")}
