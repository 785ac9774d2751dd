"""Smoke tests against real servers on loopback: good ones, bad ones, and those that never come to an end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import Any

import pytest

from deploy.observe import smoke as smokes
from deploy.observe.recorded import Recorded
from deploy.observe.smoke import Result, run
from deploy.pipeline.record import Smoke
from deploy.stack import Stack
from tests.engine.kubernetes.fake_api import FakeApi, status

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Gives the server's answers one after the other, the last one again and again."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        with self.server.turn:
            answer = next(self.server.answers)
        answer(self)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """On a port of its own; `ending` is set when the test is over."""

    daemon_threads = True
    answers: Iterator[Answer]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.peers: set[Any] = set()
        self.turn = threading.Lock()
        self.ending = threading.Event()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.peers.add(client_address)
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away

    def give(self, *answers: Answer) -> None:
        """Sets what it answers."""
        self.answers = chain(answers, repeat(answers[-1]))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def text(code: int, body: str = "", **headers: str) -> Answer:
    """An ordinary answer."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(body.encode())))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return answer


def hang(handler: Handler) -> None:
    """Takes the request and says nothing."""
    handler.server.ending.wait()


def drip_headers(handler: Handler) -> None:
    """A header that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.ending.wait(0.01):
        handler.wfile.write(b"x")


def drip_body(handler: Handler) -> None:
    """A body that never ends, slowly."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nHello")
    while not handler.server.ending.wait(0.01):
        handler.wfile.write(b"x")


def flood(handler: Handler) -> None:
    """A body that never ends, fast."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nHello")
    while not handler.server.ending.is_set():
        handler.wfile.write(b"x" * 65536)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smokes, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that says hello."""
    made = Server()
    made.give(text(200, "Hello from here"))
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.ending.set()
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture
def test(stack: Stack, server: Server) -> Callable[..., Result]:
    """Runs a smoke test of the server; what it says is kept in `said`."""

    def run_it(of_stack: str = "", said: list[str] | None = None, **fields: Any) -> Result:
        recorded = Recorded(outputs={"url": of_stack or server.url})
        return run(stack, recorded, Smoke(**fields), (said if said is not None else []).append)

    return run_it


def test_a_pass_takes_three_answers_on_three_connections(test: Callable[..., Result], server: Server) -> None:
    result = test(path="/health", contains="Hello")
    assert result.passed
    assert result.detail == f"GET {server.url}/health: 200, 3 times in a row"
    assert server.asked == ["/health"] * 3
    assert len(server.peers) == 3, "each may meet another pod"


def test_old_and_new_mixed(test: Callable[..., Result], server: Server) -> None:
    old, new = text(200, "v1"), text(200, "v2")
    server.give(new, new, old, new, old, new)
    said: list[str] = []
    assert test(contains="v2", said=said).passed
    assert len(server.asked) == 8, "three in a row"
    assert said == ["smoke test: wanted the text 'v2', got 'v1'; trying for 60s"], "each reason once"


@pytest.mark.parametrize(
    ("answer", "wanted", "problem"),
    [
        (text(500), {}, "500, wanted 200"),
        (text(302, Location="/elsewhere"), {}, "302, wanted 200"),
        (text(200), {"status": 204}, "200, wanted 204"),
        (text(200, "<p>" + "y" * 100), {"contains": "Hello"}, f"wanted the text 'Hello', got {'<p>' + 'y' * 77!r}"),
        (hang, {}, "no answer within 1s"),
        (drip_headers, {}, "no answer within 1s"),
        (drip_body, {}, "no answer within 1s"),
    ],
    ids=["500", "redirect", "status", "text", "hangs", "drips headers", "drips its body"],
)
def test_a_failure_ends_in_time(
    test: Callable[..., Result], server: Server, answer: Answer, wanted: dict[str, Any], problem: str
) -> None:
    server.give(answer)
    result = test(timeout="1s", **wanted)
    assert not result.passed
    assert result.detail == f"GET {server.url}/: {problem}"
    assert 1 <= result.seconds < 5
    assert set(server.asked) == {"/"}, "a redirect is not followed"


def test_a_try_that_hangs_is_given_up(
    test: Callable[..., Result], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smokes, "TRY_SECONDS", 0.2)
    server.give(hang, drip_headers, text(200))
    said: list[str] = []
    assert test(said=said).passed
    assert said == ["smoke test: no answer within 0.2 s; trying for 60s"]


def test_only_so_much_of_a_body_is_read(test: Callable[..., Result], server: Server) -> None:
    server.give(flood)
    assert test(contains="Hello").passed


def test_nobody_answers(test: Callable[..., Result], server: Server) -> None:
    server.server_close()
    result = test(timeout="1s")
    assert not result.passed
    assert "onnection" in result.detail


def test_a_url_of_its_own(test: Callable[..., Result], server: Server) -> None:
    assert test("http://nowhere.invalid", url=f"{server.url}/a?b=c").passed
    assert server.asked == ["/a?b=c"] * 3


@pytest.mark.parametrize("url", ["", "[secret]", "ftp://x", "http://", "http://web.ns.svc:port"])
def test_no_url(stack: Stack, url: str) -> None:
    result = run(stack, Recorded(outputs={"url": url}), Smoke(), print)
    assert not result.passed
    assert "give the stage's `smoke` a `url`" in result.detail


@pytest.mark.parametrize(
    ("url", "service"),
    [
        ("http://web.ns.svc.cluster.local", "http:web:80"),
        ("http://web.ns.svc:8080", "http:web:8080"),
        ("https://web.ns.svc", "https:web:443"),
    ],
)
def test_a_service_in_the_cluster(test: Callable[..., Result], api: FakeApi, url: str, service: str) -> None:
    path = f"/api/v1/namespaces/ns/services/{service}/proxy/health"
    api.texts[path] = "Hello"
    result = test(url, path="/health", contains="Hello")
    assert result.detail == f"GET {url}/health: 200, 3 times in a row"
    assert [call.path for call in api.calls] == [path] * 3


def test_a_plugin_that_does_not_sign_in_is_tried_again(test: Callable[..., Result], stack: Stack, api: FakeApi) -> None:
    config = api.kubeconfig()
    version = "client.authentication.k8s.io/v1beta1"
    config["users"][0]["user"] = {"exec": {"apiVersion": version, "command": "echo", "args": ["{}"]}}
    (stack.project / "kubeconfig").write_text(json.dumps(config))
    assert "KeyError: 'status'" in test("http://web.ns.svc", timeout="1s").detail


def test_a_proxy_that_is_no_url_is_not_quoted(test: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://me:hush#hush@proxy:1")
    result = test("http://nowhere.invalid")
    assert "a proxy in the environment" in result.detail
    assert "hush" not in result.detail


def test_a_message_of_the_cluster_commands_no_terminal(test: Callable[..., Result], api: FakeApi) -> None:
    path = "/api/v1/namespaces/ns/services/http:web:80/proxy/"
    api.refuse["GET", path] = [status(503, "ServiceUnavailable", "no\x1b[2J\nendpoints")]
    api.texts[path] = "unused until the refusal is used up"
    said: list[str] = []
    assert test("http://web.ns.svc", said=said).passed
    assert "(no [2J endpoints)" in said[0]


def test_what_the_cluster_itself_says(test: Callable[..., Result], api: FakeApi) -> None:
    path = "/api/v1/namespaces/ns/services/http:web:80/proxy/"
    api.refuse["GET", path] = [status(503, "ServiceUnavailable", "no endpoints available")]
    api.texts[path] = "unused until the refusal is used up"
    said: list[str] = []
    assert test("http://web.ns.svc", said=said).passed
    assert said == ["smoke test: 503, wanted 200 (no endpoints available); trying for 60s"]
