"""The server itself: a process that is killed, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.webhook import send, server
from deploy.webhook.signature import SECRET as VARIABLE
from deploy.webhook.spool import Queue
from tests.deploy.webhook.samples import SECRET, calls, environment, git, push
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


def until(check: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


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
    # The command that was left still runs, and holds the lock: no worker comes past it.
    with served.queue.lock("worker") as lock:
        assert lock is None
    assert sum(call.startswith("up dev") for call in calls(served.place)) == 1
    (served.place / "hold-up").unlink()
    until(lambda: not served.queue.waiting())
    assert sorted(served.states()) == ["succeeded", "superseded", "superseded"]
    ends = [call.split()[0] for call in calls(served.place, "ends")]
    assert ends == ["build", "up", "build", "up", "promote"], "the one that was left ended, and said so"


def test_a_deployment_outlives_the_server(served: Server) -> None:
    (served.place / "hold-up").touch()
    served.push("second")
    until(lambda: "up dev" in " ".join(calls(served.place)))
    served.end(signal.SIGKILL)
    (served.place / "hold-up").unlink()
    until(lambda: served.states() == ["succeeded"])
    assert [call.split()[0] for call in calls(served.place)] == ["build", "up", "promote"]
    served.start()


def test_an_address_that_is_taken_is_said(served: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE", 0.1)
    with pytest.raises(DeployError, match="Address already in use") as raised:
        server._wait_for(served.listen)
    assert raised.value.code == 69


def test_a_sender_whose_server_is_away_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    said = send.send(f"http://127.0.0.1:{free_port()}/hook", SECRET, f"{'0' * 40} {'1' * 40} refs/heads/main\n")
    assert said.startswith("not taken:")
    assert "refused" in said


def _kill_worker(queue: Queue) -> None:
    """The worker alone: the command that it runs is left behind."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"deploy.webhook.work" in words and str(queue.folder).encode() in words:
            os.kill(int(folder.name), signal.SIGKILL)
