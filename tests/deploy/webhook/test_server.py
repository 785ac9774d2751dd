"""The server itself: a process that is killed, and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.webhook import send, server, work
from deploy.webhook.signature import SECRET as VARIABLE
from deploy.webhook.spool import Queue
from tests.deploy.webhook.samples import SECRET, calls, environment, git, push, until
from tests.integration.project import free_port

ROOT = Path(__file__).resolve().parents[3]
LAUNCH = """\
import argparse, sys
from pathlib import Path
from deploy import engines
from deploy.webhook.command import serve
project, queue, listen = sys.argv[1:]
options = argparse.Namespace(listen=listen, queue=Path(queue), repository=None, branch=None)
sys.exit(serve(Path(project), engines.Embedded(Path(project)), options))
"""


class Server:
    """`serve-webhook`, for the stub."""

    def __init__(self, clone: Path, place: Path) -> None:
        self.clone, self.place = clone, place
        self.queue = Queue(clone.parent / "queue")
        self.listen = f"127.0.0.1:{free_port()}"
        self.process: subprocess.Popen[bytes] | None = None
        for key, value in (("user.name", "ann"), ("user.email", "ann@example.com")):
            git(clone, "config", key, value)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(self.clone), str(self.queue.folder), self.listen],
            cwd=ROOT,
            env={**environment(self.place), VARIABLE: SECRET},
            start_new_session=True,
        )
        until(self.healthy)

    def end(self, number: int) -> None:
        """The server with its own processes; the worker is none of them."""
        assert self.process
        os.killpg(self.process.pid, number)
        self.process.wait(20)

    def push(self, message: str) -> str:
        """A commit, and the event of the hook; what the server says."""
        commit = push(self.clone, message)
        return send.send(f"http://{self.listen}/hook", SECRET, f"{'0' * 40} {commit} refs/heads/main\n")

    def states(self) -> list[str]:
        return [run.state for run in self.queue.runs()]

    def idle(self) -> bool:
        """Whether no worker is there any more."""
        with self.queue.lock("worker") as lock:
            return lock is not None

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.listen}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture
def served(clone: Path, place: Path) -> Iterator[Server]:
    made = Server(clone, place)
    try:
        made.start()
        yield made
    finally:
        for file in place.glob("hold-*"):
            file.unlink()
        if made.process and made.process.poll() is None:
            made.end(signal.SIGTERM)
    until(made.idle)


def test_a_push_is_run_and_an_end_is_orderly(served: Server) -> None:
    assert served.push("second").startswith("taken")
    until(lambda: served.states() == ["succeeded"])
    assert served.process
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(20) == 0
    served.start()


def test_killed_in_mid_run_nothing_is_lost_and_nothing_runs_twice_at_once(served: Server) -> None:
    (served.place / "hold-up").touch()
    served.push("second")
    until(lambda: "up dev" in " ".join(calls(served.place)))
    assert served.push("third").startswith("taken")
    served.end(signal.SIGKILL)
    _kill_worker(served.queue)
    served.start()
    assert served.push("fourth").startswith("taken")
    # The command that was left still runs, and holds the lock: no worker comes past it, whenever it is started.
    assert work.main([str(served.queue.folder), "main"]) == 75
    assert sum(call.startswith("up dev") for call in calls(served.place)) == 1
    (served.place / "hold-up").unlink()
    until(lambda: not served.queue.waiting())
    assert sorted(served.states()) == ["succeeded", "superseded", "superseded"]
    ends = [call.split()[0] for call in calls(served.place, "ends")]
    assert ends == ["up", "up", "promote"], "the one that was left ended, and said so"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_deployment_outlives_the_server(served: Server, number: int) -> None:
    (served.place / "hold-up").touch()
    served.push("second")
    until(lambda: "up dev" in " ".join(calls(served.place)))
    served.end(number)
    assert served.states() == ["running"]
    (served.place / "hold-up").unlink()
    until(lambda: served.states() == ["succeeded"])
    assert [call.split()[0] for call in calls(served.place)] == ["up", "promote"]
    served.start()


def test_a_push_in_an_outage_is_run_with_the_next_start(served: Server) -> None:
    served.push("second")
    until(lambda: served.states() == ["succeeded"])
    served.end(signal.SIGTERM)
    push(served.clone, "third")
    served.start()
    until(lambda: served.states() == ["succeeded"] * 2)
    assert served.queue.runs()[0].subject == "third"


def test_signals_of_a_terminal_end_nothing(served: Server) -> None:
    assert served.process
    for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
        served.process.send_signal(number)
    assert served.push("second").startswith("taken")


def test_slow_senders_hold_up_nobody(served: Server) -> None:
    host, port = served.listen.split(":")
    slow = [socket.create_connection((host, int(port)), timeout=20) for _ in range(64)]
    for number, connection in enumerate(slow):
        start = b"POST /hook HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(start + (b"Content-Length: 9\r\n\r\n" if number % 2 else b""))
    assert served.push("second").startswith("taken")
    for connection in slow:
        connection.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("HIDDEN HIDDEN HIDDEN\r\n\r\n", 400),
        ("POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: HIDDEN\r\n\r\n", 400),
        ("POST /hook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nHIDDEN\r\nHIDDEN", 400),
        (f"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: {2**20 + 1}\r\n\r\nHIDDEN", 413),
        ("POST /hook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 6\r\n\r\nHIDDEN", 401),
    ],
)
def test_nothing_of_what_is_refused_is_logged(
    served: Server, capfd: pytest.CaptureFixture[str], sent: str, status: int
) -> None:
    assert _raw(served.listen, sent.encode()) == status
    assert "HIDDEN" not in "".join(capfd.readouterr())


def test_a_connection_has_an_end_however_little_by_little_it_sends() -> None:
    listen = f"127.0.0.1:{free_port()}"
    slow = server.make(listen, lambda *_: [], patience=0)
    try:
        with socket.create_connection(("127.0.0.1", int(listen.split(":")[1])), timeout=30) as connection:
            until(lambda: _gone(slow, connection))
    finally:
        slow.task_dispatcher.shutdown()
        slow.close()


def test_an_address_that_is_taken_is_said(served: Server) -> None:
    for listen, says in ((served.listen, "Address already in use"), ("nothing.invalid:1", "Name or service not known")):
        with pytest.raises(DeployError, match=says) as raised:
            server.make(listen, None)
        assert raised.value.code == 69


def test_a_secret_may_have_spaces(served: Server, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"\n {SECRET} \nof-old\n")
    done = subprocess.run(
        [sys.executable, send.__file__, f"http://{served.listen}/hook", str(file)],
        input=f"{'0' * 40} {'1' * 40} refs/heads/other\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "refs/heads/other: ignored: main is what is deployed here\n"


def test_a_sender_whose_server_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    said = send.send(f"http://127.0.0.1:{free_port()}/hook", SECRET, f"{'0' * 40} {'1' * 40} refs/heads/main\n")
    assert said.startswith("not taken:")
    assert "refused" in said


def _raw(listen: str, sent: bytes) -> int:
    """The status of the answer to whatever is sent."""
    host, port = listen.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(sent)
        return int(connection.recv(4096).split()[1])


def _gone(slow: Any, connection: socket.socket) -> bool:
    """Sends one more byte, and lets the server look at it; whether it takes no more."""
    slow.asyncore.loop(timeout=0, map=slow._map, count=1)
    try:
        connection.sendall(b"G")
    except OSError:
        return True
    return False


def _kill_worker(queue: Queue) -> None:
    """The worker alone: the command that it runs is left behind."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"deploy.webhook.work" in words and str(queue.folder).encode() in words:
            os.kill(int(folder.name), signal.SIGKILL)
