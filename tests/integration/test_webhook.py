"""A commit travels by git and the project's own jobs alone: pushed, it is deployed to dev, and offered to staging."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import cluster
from deploy.webhook import send
from deploy.webhook.record import Run
from deploy.webhook.signature import SECRET as VARIABLE
from deploy.webhook.spool import Queue
from tests.integration.project import Project, fetch, free_port, until
from tests.integration.stages import PAGE, Stages, make_stages

pytestmark = pytest.mark.timeout(300)

SECRET = "of-the-tests-alone-0123456789"


class Server:
    """`serve-webhook` for the copy."""

    def __init__(self, project: Project, queue: Path) -> None:
        self.queue, self.url = Queue(queue), f"http://127.0.0.1:{free_port()}"
        self.secret = queue.with_name(f"{queue.name}-secret")
        self.secret.write_text(SECRET)
        self.project = project
        self.process = self.start()

    def start(self) -> subprocess.Popen[str]:
        """Starts it, and waits until it serves."""
        listen = self.url.removeprefix("http://")
        process = subprocess.Popen(
            self.project.command("serve-webhook", "--listen", listen, "--queue", str(self.queue.folder)),
            cwd=self.project.folder,
            env={**self.project.env, f"{VARIABLE}_FILE": str(self.secret)},
            text=True,
            start_new_session=True,
        )
        self.process = process
        until(lambda: self.answers("/healthz"), "the server answers", 30)
        return process

    def answers(self, path: str) -> bool:
        try:
            return fetch(self.url + path)[0] == 200
        except OSError:
            return False

    def kill(self) -> None:
        """As the machine would: no process of it is asked."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def run_of(self, commit: str) -> Run:
        """The run that a push led to, once it has ended."""
        found: list[Run] = []

        def ended() -> bool:
            found[:] = [it for it in self.queue.runs() if it.delivery.commit == commit and it.ended]
            return bool(found)

        until(ended, f"the run for {commit} has ended", 200)
        return found[0]

    def log(self, run: Run) -> str:
        return self.queue.log(run.delivery.name).read_text("utf-8")

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        until(self._idle, "the worker has ended", 200)

    def _idle(self) -> bool:
        with self.queue.lock("worker") as lock:
            return lock is not None


@pytest.fixture(scope="module")
def stages(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = make_stages(tmp_path_factory.mktemp("webhook"), node)
    yield made
    made.discard()


@pytest.fixture(scope="module")
def server(stages: Stages) -> Iterator[Server]:
    """The server, told of every push by a hook of the bare repository."""
    made = Server(stages.project, stages.project.folder.with_name(f"{stages.project.folder.name}-queue"))
    hook = stages.remote / "hooks" / "post-receive"
    hook.write_text(f"#!/bin/sh\nexec {sys.executable} {send.__file__} {made.url}/hook {made.secret}\n")
    hook.chmod(0o755)
    try:
        yield made
    finally:
        made.end()


def test_a_push_is_deployed_to_dev_and_offered_to_staging(stages: Stages, server: Server) -> None:
    commit = _push(stages, "Hello to all\n", "Greet all")
    run = server.run_of(commit)
    assert run.state == "succeeded", server.log(run)
    assert run.commit == commit
    assert fetch(stages.url("dev"))[1] == "Hello to all\n"
    branch, image = _promotion(stages), stages.image("dev")
    assert image in stages.project.git("show", f"{branch}:Pulumi.staging.yaml")
    message = stages.project.git("log", "-1", "--format=%B", branch)
    assert f"Promoted-from: dev\nImage: {image}\nRevision: {commit}" in message
    assert stages.project.git("rev-parse", f"{branch}~1") == commit
    page = fetch(f"{server.url}/runs/{run.delivery.name}")[1]
    assert "Greet all" in page
    assert "promote dev staging --pr --yes" in page
    for secret in (SECRET, stages.project.passphrase):
        assert secret not in page + server.log(run)


def test_its_merge_is_deployed_to_staging_and_offered_to_prod(stages: Stages, server: Server) -> None:
    stages.project.git("merge", "--quiet", "--ff-only", _promotion(stages))
    stages.project.git("push", "--quiet")
    run = server.run_of(stages.project.git("rev-parse", "HEAD"))
    assert run.state == "succeeded", server.log(run)
    assert stages.image("staging") == stages.image("dev")
    branches = stages.project.git("ls-remote", "--heads", "origin", "promote/prod-*").splitlines()
    assert len(branches) == 1


def test_killed_in_mid_deployment_it_goes_on_where_it_was(stages: Stages, server: Server) -> None:
    commit = _push(stages, "Hello again\n", "Greet again")
    until(lambda: _deploys(server.queue), "it deploys")
    server.kill()
    for pid in _workers(server.queue):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.start()
    run = server.run_of(commit)
    assert run.state == "succeeded", server.log(run)
    assert run.attempt == 2
    assert fetch(stages.url("dev"))[1] == "Hello again\n"
    assert not server.queue.waiting()


def test_a_branch_that_moves_in_mid_run_is_deployed_anew_and_only_then_offered(stages: Stages, server: Server) -> None:
    first = _push(stages, "Hello too early\n", "Greet too early")
    until(lambda: _deploys(server.queue), "it deploys")
    held = _workers(server.queue)
    try:
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        second = _push(stages, "Hello in time\n", "Greet in time")
    finally:
        for pid in held:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    early, late = server.run_of(first), server.run_of(second)
    assert [step.state for step in early.steps if step.command.startswith("promote dev")] == ["held back"]
    assert (early.state, late.state) == ("held back", "succeeded"), server.log(early) + server.log(late)
    assert (early.commit, late.commit) == (first, second)
    assert fetch(stages.url("dev"))[1] == "Hello in time\n"
    assert stages.project.git("rev-parse", f"{_promotion(stages)}~1") == second


def test_the_disk_is_full_or_read_only(stages: Stages, server: Server, tmp_path: Path) -> None:
    """On a real file system of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk)], check=True)
    small: Server | None = None
    try:
        small = Server(stages.project, disk / "queue")
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(bytes(5 * 2**20))
        assert _post(small, "1" * 40).startswith("not taken: 507 the queue's disk is full")
        assert not small.answers("/healthz")
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert _post(small, "2" * 40).startswith("not taken: 503 the queue cannot be written: Read-only file system")
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        until(lambda: bool(small and small.answers("/healthz")), "it is well again")
    finally:
        if small:
            small.end()
        subprocess.run(["umount", str(disk)], check=True)


def _push(stages: Stages, page: str, message: str) -> str:
    """A commit with another front page; the commit, once git and its hook are done."""
    (stages.project.folder / PAGE).write_text(page, encoding="utf-8")
    commit = stages.project.commit(message)
    stages.project.git("push", "--quiet")
    return commit


def _promotion(stages: Stages) -> str:
    """The newest promotion that waits for staging."""
    stages.project.git("fetch", "--quiet", "origin", "+refs/heads/promote/*:refs/remotes/origin/promote/*")
    found = stages.project.git(
        "for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/remotes/origin/promote/staging-*"
    ).splitlines()
    assert found, "a promotion for staging was pushed"
    return found[0]


def _post(server: Server, commit: str) -> str:
    """What the server says to an event that comes by no hook."""
    return send.send(f"{server.url}/hook", SECRET, f"{'0' * 40} {commit} refs/heads/main\n")


def _deploys(queue: Queue) -> bool:
    """Whether dev is being deployed just now."""
    steps = [step for run in queue.runs() for step in run.steps]
    return any(step.command.startswith("up dev") and step.state == "running" for step in steps)


def _workers(queue: Queue) -> list[int]:
    """The worker, and what it started: by the queue that they name, or the clone that they are in."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            inside = (process / "cwd").readlink().is_relative_to(queue.tree)
            if inside or str(queue.folder).encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found
