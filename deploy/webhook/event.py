"""A push event in the words of each sender, once its signature is right.

Sources: docs.github.com/webhooks/webhook-events-and-payloads#push;
docs.gitlab.com/user/project/integrations/webhook_events
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.webhook.signature import Sender

PATIENCE: Final = 300.0
"""Seconds that a sender's clock may differ from this one's."""

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


class EventError(Exception):
    """An event that is not understood; `status` is the HTTP answer's. Never quotes the body."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Push:
    """A branch that has a new commit."""

    id: str
    """The sender's name for the delivery."""
    branch: str
    commit: str


def read(sender: Sender, headers: Mapping[str, str], body: bytes, now: float) -> Push | str:
    """The push; or why the event is none that matters, such as a tag.

    Args:
        sender: who signed it.
        headers: their names in lower case.
        body: as it came.
        now: seconds since 1970.

    Raises:
        EventError: its shape is unknown, or it is too old.
    """
    kind = {"GitHub": headers.get("x-github-event", ""), "GitLab": headers.get("x-gitlab-event", "")}.get(sender)
    if kind is not None and kind not in ("push", "Push Hook"):
        return f"{kind[:40]!r} is no push" if kind else _unknown(sender, "the header that names the event")
    content = _content(body)
    delivery = _id(sender, headers, content)
    if sender == "HMAC" or {"id", "timestamp"} <= content.keys():  # that kind, under another header
        _recent(content, now)
    ref, commit = content.get("ref"), content.get("after")
    if not isinstance(ref, str) or not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        return _unknown(sender, "the texts `ref` and `after`, a commit")
    branch = ref.removeprefix("refs/heads/")
    if branch == ref:
        return "the ref is no branch"
    if not commit.strip("0"):
        return "the branch was deleted"
    return Push(delivery, branch, commit)


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise EventError("the body is no JSON; let the sender use the content type application/json") from None
    if not isinstance(content, dict):
        raise EventError("the body is no JSON object; is this a push event?")
    return content


def _id(sender: Sender, headers: Mapping[str, str], content: dict[str, Any]) -> str:
    name = {"GitHub": "X-GitHub-Delivery", "GitLab": "X-Gitlab-Event-UUID", "HMAC": "`id` in the body"}[sender]
    # GitLab sends a delivery again under its old key, for one event that several hooks get has one UUID.
    found = content.get("id") if sender == "HMAC" else headers.get("idempotency-key") or headers.get(name.lower())
    if not isinstance(found, str) or not _ID.fullmatch(found):
        _unknown(sender, f"a delivery's id, {name}: up to 100 letters, digits and _.:-")
    return str(found)


def _recent(content: dict[str, Any], now: float) -> None:
    sent = content.get("timestamp")
    if not isinstance(sent, int | float) or isinstance(sent, bool):
        _unknown("HMAC", "the number `timestamp`, in seconds since 1970")
    elif not now - PATIENCE <= sent <= now + PATIENCE:
        raise EventError(
            f"the timestamp is more than {PATIENCE:.0f} s away from the time here; look at the clocks", 401
        )


def _unknown(sender: Sender, lacks: str) -> str:
    raise EventError(f"this is no push event as {sender} sends it: it lacks {lacks}")
