"""Deliveries over HTTP, and all that can be wrong with them."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from deploy.webhook import spool, web
from deploy.webhook.limits import ACCEPTED, REFUSED, Limits
from deploy.webhook.spool import Queue
from tests.deploy.webhook.samples import COMMIT, NOW, SECRET, body, delivery, github, gitlab, hmac, run

HIDDEN = "hidden-in-the-body"


class Server:
    """The application, without a socket."""

    def __init__(self, queue: Queue) -> None:
        self.called = 0
        self.alive = True
        self.queue = queue
        self.client: FlaskClient = web.create_app(
            *(queue, "main", (SECRET,)),
            call=self._call,
            alive=lambda: self.alive,
            limits=Limits(lambda: NOW),
            clock=lambda: NOW,
        ).test_client()

    def post(self, content: bytes = body(), headers: dict[str, str] | None = None) -> TestResponse:
        return self.client.post("/hook", data=content, headers=hmac(content) if headers is None else headers)

    def _call(self) -> None:
        self.called += 1


@pytest.fixture
def server(queue: Queue) -> Server:
    return Server(queue)


@pytest.mark.parametrize("headers", [github(body()), gitlab(), hmac(body())])
def test_a_push_is_taken_and_survives(server: Server, headers: dict[str, str]) -> None:
    answer = server.post(headers=headers)
    assert answer.status_code == 202
    kept = Queue(server.queue.folder).waiting()
    assert [it.commit for it in kept] == [COMMIT]
    assert answer.headers["Location"] == f"/runs/{kept[0].name}"
    assert server.called == 1


def _unsigned(**changes: str) -> dict[str, str]:
    return {"Content-Type": "application/json", **changes}


@pytest.mark.parametrize(
    ("content", "headers", "wanted"),
    [
        (body(x=HIDDEN), _unsigned(), (401, "missing")),
        (body(x=HIDDEN), _unsigned(**{"X-Hub-Signature": "sha1=00"}), (401, "missing")),
        (body(x=HIDDEN), github(body()), (401, "wrong")),
        (body(x=HIDDEN), gitlab(**{"X-Gitlab-Token": "not-the-secret-here"}), (401, "wrong")),
        (body(x=HIDDEN), hmac(b""), (401, "wrong")),
        (body(x=HIDDEN, ref=None), hmac(body(x=HIDDEN, ref=None)), (400, "`ref` and `after`")),
        (b"not JSON " + HIDDEN.encode(), hmac(b"not JSON " + HIDDEN.encode()), (400, "no JSON")),
        (body(x=HIDDEN, timestamp=NOW - 900), hmac(body(x=HIDDEN, timestamp=NOW - 900)), (401, "clocks")),
        (b" " * 2**20 + b" ", hmac(b" " * 2**20 + b" "), (413, "exceeds")),
        (body(ref="refs/heads/other"), hmac(body(ref="refs/heads/other")), (202, "ignored: main")),
        (b"{}", github(b"{}", **{"X-GitHub-Event": "ping"}), (202, "ignored: 'ping'")),
    ],
)
def test_what_is_not_taken_leaves_no_trace(
    server: Server, capfd: pytest.CaptureFixture[str], content: bytes, headers: dict[str, str], wanted: tuple[int, str]
) -> None:
    answer = server.post(content, headers)
    assert (answer.status_code, wanted[1] in answer.text) == (wanted[0], True)
    assert server.queue.waiting() == []
    assert server.called == 0
    said = "".join(capfd.readouterr())
    assert HIDDEN not in said + answer.text
    assert SECRET not in said + answer.text


def test_a_delivery_is_taken_once_also_after_a_restart(server: Server) -> None:
    again = {
        "the same": (body(), hmac(body())),
        "another id around the same body": (body(), github(body(), **{"X-GitHub-Delivery": "another"})),
        "another body under the same id": (body(timestamp=NOW + 1), hmac(body(timestamp=NOW + 1))),
    }
    assert server.post().status_code == 202
    for it in (server, Server(server.queue)):
        for what, (content, headers) in again.items():
            answer = it.post(content, headers)
            assert answer.status_code == 409, what
            assert "taken before" in answer.text
    assert len(server.queue.waiting()) == 1


def test_a_branch_of_gitlab_may_go_forth_back_and_forth_again(server: Server) -> None:
    for number in "123":
        answer = server.post(headers=gitlab(**{"X-Gitlab-Event-UUID": f"uuid-{number}"}))
        assert answer.status_code == 202
    assert server.post(headers=gitlab(**{"X-Gitlab-Event-UUID": "uuid-2"})).status_code == 409


def test_a_delivery_that_ran_is_remembered(queue: Queue) -> None:
    Server(queue).post()
    queue.done(run(delivery=queue.waiting()[0], state="succeeded", ended="2026-11-21T10:00:09+00:00"))
    assert Server(queue).post().status_code == 409


@pytest.mark.parametrize(
    ("number", "status", "says"),
    [
        (errno.ENOSPC, 507, "full"),
        (errno.EDQUOT, 507, "full"),
        (errno.EROFS, 503, "Read-only file system"),
        (errno.EACCES, 503, "Permission denied"),
        (errno.EIO, 503, "Input/output error"),
    ],
)
def test_a_disk_that_does_not_take_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, number: int, status: int, says: str
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(spool, "write_atomic", broken)
        answer = server.post()
    assert (answer.status_code, says in answer.text) == (status, True)
    assert server.called == 0
    assert server.post().status_code == 202, "it may come again"


def test_a_full_queue(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LONGEST", 0)
    assert server.post().status_code == 507
    assert server.client.get("/healthz").status_code == 503


def test_too_many_deliveries(server: Server) -> None:
    found = []
    for number in range(ACCEPTED):
        for branch in ("main", "other"):
            content = body(id=f"number-{number}-{branch}", ref=f"refs/heads/{branch}")
            found.append(server.post(content, hmac(content)).status_code)
        assert server.post(content, hmac(content)).status_code == 202
    assert found == [202] * ACCEPTED * 2, "only what is queued takes a turn"
    answer = server.post()
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


def test_too_many_wrong_signatures_and_still_room_for_a_right_one(server: Server) -> None:
    found = [server.post(headers=_unsigned()).status_code for _ in range(REFUSED + 1)]
    assert found == [401] * REFUSED + [429]
    assert server.post().status_code == 202


def test_health(server: Server) -> None:
    assert server.client.get("/healthz").text == "ok\n"
    server.alive = False
    answer = server.client.get("/healthz")
    assert (answer.status_code, answer.text) == (503, "nobody works at the queue\n")
    server.alive = True
    server.queue.add(delivery(received="2026-11-21T10:00:00+00:00"))
    answer = server.client.get("/healthz")
    assert (answer.status_code, "has not been finished" in answer.text) == (503, True)
