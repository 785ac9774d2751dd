from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster import docker, docker_api, packages, processes
from cluster.errors import ClusterError
from tests.cluster.fakes import Answer, Programs, serve


@pytest.fixture(scope="module")
def programs() -> None:
    """The programs of a real daemon, installed as `up` does where they are missing."""
    packages.ensure(docker.NEEDS, install=True, say=print)


def real(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that runs a real daemon."""
    test = pytest.mark.usefixtures("programs")(pytest.mark.timeout(60)(pytest.mark.integration(test)))
    marked: Callable[..., None] = pytest.mark.skipif(os.geteuid() != 0, reason="a Docker daemon needs root")(test)
    return marked


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[docker.Daemon]:
    """A daemon of the test's own, ended with it; sockets want short paths."""
    folder = Path(tempfile.mkdtemp(prefix="flask-k8s-"))
    daemon = docker.Daemon(folder.name.lower().replace("_", "-"), tmp_path, folder)
    yield daemon
    processes.end(daemon.record, 5)
    shutil.rmtree(folder, ignore_errors=True)


def namespaces() -> set[str]:
    """Mount and pid namespaces in which something runs."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/ns/[mp][ni][td]"):
        try:
            found.add(os.readlink(link))
        except OSError:
            continue
    return found


def traces(daemon: docker.Daemon) -> list[str]:
    """What speaks of the daemon outside of its own folders: processes, mounts, cgroups."""
    marks = (str(daemon.run), str(daemon.state), daemon.cgroup)
    lines = subprocess.run(["ps", "axwwo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
    lines += Path("/proc/self/mountinfo").read_text().splitlines()
    lines += [str(path) for path in docker.CGROUPS.glob("**/flask-k8s-*")]
    return [line for line in lines if any(mark in line for mark in marks)]


def host() -> list[str]:
    """Links, routes and packet filter rules of the machine's network, and whether it forwards."""
    commands = (["ip", "-o", "link"], ["ip", "route", "show", "table", "all"], ["ip", "netns"])
    outputs = [subprocess.run(words, capture_output=True, text=True, check=True).stdout for words in commands]
    if nft := packages.find("nft"):
        outputs.append(subprocess.run([nft, "list", "ruleset"], capture_output=True, text=True, check=False).stdout)
    return [*outputs, Path("/proc/sys/net/ipv4/ip_forward").read_text()]


def test_the_daemon_named_by_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serve(lambda _: Answer(200, b"OK"), tmp_path / "one") as host,
        serve(lambda _: Answer(), tmp_path / "two") as two,
    ):
        monkeypatch.setattr(docker, "SYSTEM", two)
        monkeypatch.setenv("DOCKER_HOST", host)
        assert docker.find() == host
        monkeypatch.setenv("DOCKER_HOST", "")
        assert docker.find() == two


def test_a_daemon_named_by_the_environment_must_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(ClusterError, match=r"unix:///nowhere\.sock: No such file.*unset DOCKER_HOST") as error:
        docker.find()
    assert error.value.code == os.EX_UNAVAILABLE


def test_an_exported_embedded_daemon_is_not_the_users_own(
    daemon: docker.Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/flask-k8s/dev/docker.sock")
    monkeypatch.setattr(docker, "SYSTEM", f"unix://{tmp_path}/none")
    assert docker.find() is None  # so that it is started again after it was stopped
    assert docker.address(daemon) == daemon.host


def test_the_address_is_known_whether_or_not_the_daemon_runs(
    daemon: docker.Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://build.test:2375")
    assert docker.address(daemon) == "tcp://build.test:2375"
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setattr(docker, "SYSTEM", f"unix://{tmp_path}/sock")
    assert docker.address(daemon) == daemon.host
    with serve(lambda _: Answer(200, b"OK"), tmp_path / "sock") as system:
        assert docker.address(daemon) == system


def test_no_daemon_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(docker, "SYSTEM", f"unix://{tmp_path}/none")
    assert docker.find() is None


def test_a_daemon_that_answers_is_not_started(daemon: docker.Daemon) -> None:
    said: list[str] = []
    with serve(lambda _: Answer(200, b"OK"), daemon.socket):
        assert docker.start(daemon, said.append) == daemon.host
    assert said == []
    assert not daemon.state.joinpath("docker").exists()


def test_only_root_starts_one(daemon: docker.Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="only root can run one here"):
        docker.start(daemon, print)


def test_stopping_what_never_ran_is_nothing(daemon: docker.Daemon) -> None:
    said: list[str] = []
    docker.stop(daemon, said.append)
    assert said == []


def test_the_daemon_gets_nothing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "canary")
    monkeypatch.setenv("https_proxy", "http://proxy.test")
    environment = docker._environment()
    assert environment["https_proxy"] == "http://proxy.test"
    assert "canary" not in environment.values()


@real
def test_a_daemon_runs_apart_and_leaves_nothing(daemon: docker.Daemon) -> None:
    before, outside = host(), namespaces()
    said: list[str] = []
    assert docker.start(daemon, said.append) == f"unix://{daemon.socket}"
    assert host() == before
    assert len(namespaces() - outside) >= 2
    assert len(traces(daemon)) >= 3
    docker_api.ping(daemon.host)
    docker.start(daemon, said.append)
    assert len(said) == 1  # the second start had nothing to do
    inode = daemon.state.joinpath("docker", "data").stat().st_ino
    docker.stop(daemon, said.append)
    assert traces(daemon) == []
    assert host() == before
    assert sorted(path.name for path in daemon.run.iterdir()) == ["docker.lock"]
    assert daemon.state.joinpath("docker", "data").stat().st_ino == inode  # images are kept


@real
def test_a_daemon_that_was_killed_is_started_again(daemon: docker.Daemon) -> None:
    docker.start(daemon, print)
    first = processes.pid(daemon.record)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes.pid(daemon.record) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    docker.start(daemon, print)
    assert processes.pid(daemon.record) not in (None, first)
    docker.stop(daemon, print)
    assert traces(daemon) == []


@real
def test_two_starts_at_once_are_one_daemon(daemon: docker.Daemon) -> None:
    said: list[str] = []
    threads = [threading.Thread(target=docker.start, args=(daemon, said.append)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    daemons = [line for line in traces(daemon) if line.startswith(str(packages.find("dockerd")))]
    assert len(daemons) == 1
    docker.stop(daemon, print)


@real
def test_a_daemon_that_ends_at_once_is_an_error_with_its_reason(
    daemon: docker.Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    Programs(tmp_path / "bin").add("dockerd", "echo no space left on device >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    start = time.monotonic()
    with pytest.raises(ClusterError, match=r"ended at once.*dockerd\.log: .*no space left on device"):
        docker.start(daemon, print)
    assert time.monotonic() - start < 10
    assert not daemon.record.exists()
