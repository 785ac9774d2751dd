"""How the server behaves: logs, start, and above all its end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.app.server import ROOT, Server


def test_every_line_of_the_log_is_json_and_none_shows_a_query(serve: Callable[..., Server]) -> None:
    server = serve(GREETING="Hi")
    assert server.get("/?token=canary-4711")[2].splitlines()[0] == "Hi"
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"NONSENSE\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400")
    server.term()
    assert server.wait(15) == 0
    assert [line["path"] for line in server.requests() if line["path"] != "/readyz"] == ["/"]
    assert "canary" not in server.output()
    assert {line["logger"] for line in server.lines()} == {"app.request", "gunicorn.error"}


def test_listens_on_every_address_of_the_pod(serve: Callable[..., Server]) -> None:
    server = serve()
    assert f"http://0.0.0.0:{server.port}" in server.output()


@pytest.mark.parametrize("variable", ["PORT", "WORKERS", "THREADS", "GRACEFUL_TIMEOUT"])
def test_a_variable_that_is_no_number_ends_the_start(variable: str, tmp_path: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "app/gunicorn.conf.py"), "app:create_app()"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PROMETHEUS_MULTIPROC_DIR": f"{tmp_path}/m",
            variable: "many",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode != 0
    assert f"{variable} 'many': must be a whole number, 1 or more" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_kept_alive_connection_is_answered_and_told_to_close(serve: Callable[..., Server]) -> None:
    server = serve(WORKERS="1")
    connection = server.connect()
    connection.request("GET", "/")
    response = connection.getresponse()
    assert response.read()
    assert response.getheader("Connection") == "keep-alive"
    server.term()
    time.sleep(0.3)
    connection.request("GET", "/readyz")
    response = connection.getresponse()
    assert (response.status, response.getheader("Connection")) == (503, "close")
    assert response.read() == b"draining\n"
    assert server.wait(15) == 0


def test_a_connection_that_comes_late_is_still_answered(serve: Callable[..., Server]) -> None:
    """A proxy may not have learnt yet that this pod is leaving."""
    server = serve()
    server.term()
    time.sleep(0.5)
    status, headers, _ = server.get("/")
    assert (status, headers["Connection"]) == (200, "close")
    assert server.get("/readyz")[0] == 503
    assert server.get("/healthz")[0] == 200


def test_what_is_in_flight_is_finished(serve: Callable[..., Server]) -> None:
    server = serve(TARGET="tests.app.slow:create()")
    with ThreadPoolExecutor(4) as pool:
        pending = [pool.submit(server.get, "/slow?seconds=4") for _ in range(4)]
        time.sleep(0.5)
        server.term()
        assert [one.result(20)[0] for one in pending] == [200] * 4
    assert server.wait(15) == 0


def test_what_takes_longer_than_the_graceful_timeout_is_given_up(serve: Callable[..., Server]) -> None:
    server = serve(TARGET="tests.app.slow:create()", GRACEFUL_TIMEOUT="3")
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(server.get, "/slow?seconds=20")
        time.sleep(0.5)
        server.term()
        server.wait(10)
        with pytest.raises(OSError, match=r"closed|reset"):
            pending.result(10)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_worker_that_is_only_starting_hears_that_it_must_go(
    serve: Callable[..., Server], tmp_path: Path, sig: signal.Signals
) -> None:
    hold = tmp_path / "hold"
    hold.touch()
    server = serve(
        WORKERS="2",
        GRACEFUL_TIMEOUT="40",
        HOLD=str(hold),
        GUNICORN_CMD_ARGS="--worker-class tests.app.held.HeldWorker",
    )
    server.wait_for_workers(2)
    server.term(sig)
    server.wait_for_workers(1)  # The other is gone: by now both have been told.
    hold.unlink()
    assert server.wait(20) == 0


@pytest.mark.parametrize("keep_alive", [True, False])
def test_a_replacement_under_load_fails_no_request(serve: Callable[..., Server], keep_alive: bool) -> None:
    """The old server is told to go while clients send; each moves over when its connection is closed or refused.

    As in a rollout, nothing new is sent to the old one after its preStop sleep; what is open is served to its end.
    """
    old, new = serve(NAME="old"), serve(NAME="new")
    switched = time.monotonic() + 1.0
    ends = switched + 5.0

    def client(_number: int) -> list[str]:
        answers: list[str] = []
        connection = None
        while time.monotonic() < ends:
            if connection is None:
                connection = (old if time.monotonic() < switched else new).connect()
            connection.request("GET", "/", headers={} if keep_alive else {"Connection": "close"})
            response = connection.getresponse()
            assert response.status == 200
            answers.append(response.read().decode().splitlines()[1].split()[0])
            if response.getheader("Connection") == "close":
                connection.close()
                connection = None
            time.sleep(0.05)
        if connection is not None:
            connection.close()
        return answers

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(client, number) for number in range(6)]
        time.sleep(max(switched - time.monotonic(), 0))
        old.term()
        answers = [answer for one in running for answer in one.result(30)]
    assert old.wait(15) == 0
    assert len(answers) >= 6 * 50
    assert set(answers) == {"old", "new"}
