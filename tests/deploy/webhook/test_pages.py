"""The pages, and who may see them."""

from __future__ import annotations

import pytest

from deploy.webhook import spool, web
from deploy.webhook.record import Step
from deploy.webhook.spool import Queue
from tests.deploy.webhook.samples import COMMIT, NOW, SECRET, body, delivery, hmac, run
from tests.deploy.webhook.test_web import Server, server

__all__ = ["server"]


@pytest.mark.parametrize(
    "path", ["/hook", "/nothing", "/runs/..", "/runs/again", "/runs/20261121T100000000000-00000000"]
)
def test_there_is_no_such_page(server: Server, path: str) -> None:
    assert server.client.get(path).status_code in (404, 405)


def test_the_pages_show_runs_escaped(server: Server) -> None:
    shown = run(
        delivery=delivery(sender="GitHub"),
        state="held back",
        subject="<script>alert(1)</script>",
        commit=COMMIT,
        ended="2026-11-21T10:02:05+00:00",
        attempt=2,
        steps=[
            Step(
                stack="staging",
                command="up staging",
                state="skipped",
                detail="<b>as it was</b>",
                began="2026-11-21T10:00:00+00:00",
                ended="2026-11-21T10:00:00+00:00",
            )
        ],
    )
    server.queue.write(shown)
    server.queue.log(shown.delivery.name).write_bytes(b"<i>line</i> \xff\n")
    server.queue.add(delivery("cd" * 32))
    server.queue.add(delivery(name=spool.AGAIN, sender="timer"))
    first = server.client.get("/")
    second = server.client.get(f"/runs/{shown.delivery.name}")
    for page in (first, second):
        assert page.status_code == 200
        assert "held back" in page.text
        assert "&lt;script&gt;" in page.text
        assert not any(tag in page.text for tag in ("<script", "<b>", "<i>"))
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "2 min 5 s" in first.text
    assert "tried again" in first.text
    assert "&lt;i&gt;line" in second.text
    whole = server.client.get(f"/runs/{shown.delivery.name}/log")
    assert (whole.mimetype, whole.data) == ("text/plain", b"<i>line</i> \xff\n")
    style = server.client.get("/style.css")
    assert (style.mimetype, "--accent" in style.text, ".held-back" in style.text) == ("text/css", True, True)


def test_the_answer_leads_to_a_page_before_the_run_begins(server: Server) -> None:
    page = server.client.get(server.post().headers["Location"])
    assert (page.status_code, "waiting" in page.text, COMMIT[:12] in page.text) == (200, True, True)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8088", 200),
        ("127.0.0.1:8088", 200),
        ("[::1]", 200),
        ("evil.example.com:8088", 421),
        ("10.0.0.1", 421),
    ],
)
def test_on_loopback_a_foreign_name_shows_nothing(queue: Queue, host: str, status: int) -> None:
    client = web.create_app(
        queue, "main", (SECRET,), call=lambda: None, alive=lambda: True, clock=lambda: NOW, local=True
    ).test_client()
    assert client.get("/", headers={"Host": host}).status_code == status
    assert client.post("/hook", data=body(), headers={**hmac(body()), "Host": host}).status_code in (202, 409)


def test_an_empty_page_says_what_to_do(server: Server) -> None:
    assert "A push makes the first one" in server.client.get("/").text


def test_a_run_without_a_log_has_a_page(server: Server) -> None:
    server.queue.write(run())
    assert "Nothing in it" in server.client.get(f"/runs/{server.queue.runs()[0].delivery.name}").text
