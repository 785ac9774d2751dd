"""What is a push, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deploy.webhook import event
from deploy.webhook.signature import Sender
from tests.deploy.webhook.samples import COMMIT, NOW, body, github, gitlab, hmac


def read(sender: Sender, content: bytes, **changes: str) -> event.Push | str:
    made = {"GitHub": github(content), "GitLab": gitlab(), "HMAC": hmac(content)}[sender] | changes
    return event.read(sender, {key.lower(): value for key, value in made.items() if value}, content, NOW)


@pytest.mark.parametrize(
    ("sender", "id_"),
    [
        ("GitHub", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("GitLab", "13792a34-cac6-4fda-95a8-c58e00a3954e"),
        ("HMAC", "one"),
    ],
)
def test_a_push_of_each_sender(sender: Sender, id_: str) -> None:
    assert read(sender, body()) == event.Push(id_, "main", COMMIT)


def test_gitlab_sends_again_under_the_old_key() -> None:
    found = read("GitLab", body(), **{"Idempotency-Key": "f5e57a4c"})
    assert isinstance(found, event.Push)
    assert found.id == "f5e57a4c"


@pytest.mark.parametrize(
    ("sender", "headers", "changes", "says"),
    [
        ("GitHub", {"X-GitHub-Event": "ping"}, {}, "'ping' is no push"),
        ("GitLab", {"X-Gitlab-Event": "Tag Push Hook"}, {}, "is no push"),
        ("GitHub", {}, {"ref": "refs/tags/v1"}, "no branch"),
        ("HMAC", {}, {"after": "0" * 40}, "deleted"),
    ],
)
def test_what_is_right_but_does_not_matter(
    sender: Sender, headers: dict[str, str], changes: dict[str, Any], says: str
) -> None:
    found = read(sender, body(**changes), **headers)
    assert isinstance(found, str)
    assert says in found


HIDDEN = "hidden-in-the-body"


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    ("sender", "content", "headers", "says", "status"),
    [
        ("GitHub", b"payload=" + HIDDEN.encode(), {}, "application/json", 400),
        ("GitHub", b"\xff\xfe", {}, "no JSON", 400),
        ("GitHub", b"[" * 100_000, {}, "no JSON", 400),
        ("GitHub", json.dumps([HIDDEN]).encode(), {}, "no JSON object", 400),
        ("GitHub", body(ref=None), {}, "`ref` and `after`", 400),
        ("GitHub", body(ref=7), {}, "`ref` and `after`", 400),
        ("GitHub", body(after=HIDDEN), {}, "`ref` and `after`", 400),
        ("GitHub", body(after=COMMIT + "\n"), {}, "`ref` and `after`", 400),
        ("GitHub", body(), {"X-GitHub-Event": ""}, "names the event", 400),
        ("GitHub", body(), {"X-GitHub-Delivery": ""}, "X-GitHub-Delivery", 400),
        ("GitHub", body(), {"X-GitHub-Delivery": "a/b"}, "X-GitHub-Delivery", 400),
        ("GitLab", body(), {"X-Gitlab-Event-UUID": ""}, "X-Gitlab-Event-UUID", 400),
        ("HMAC", body(id=None), {}, "`id`", 400),
        ("HMAC", body(id=["x"]), {}, "`id`", 400),
        ("HMAC", body(timestamp=None), {}, "`timestamp`", 400),
        ("HMAC", body(timestamp=True), {}, "`timestamp`", 400),
        ("HMAC", body(timestamp=NOW - 301), {}, "clocks", 401),
        ("HMAC", body(timestamp=NOW + 301), {}, "clocks", 401),
        ("HMAC", body(timestamp=float("nan")), {}, "clocks", 401),
        ("HMAC", body(timestamp=10**400), {}, "clocks", 401),
        ("GitHub", body(timestamp=NOW - 301), {}, "clocks", 401),
    ],
)
def test_a_shape_that_is_unknown(
    sender: Sender, content: bytes, headers: dict[str, str], says: str, status: int
) -> None:
    with pytest.raises(event.EventError, match=says) as raised:
        read(sender, content, **headers)
    assert raised.value.status == status
    assert HIDDEN not in str(raised.value)
