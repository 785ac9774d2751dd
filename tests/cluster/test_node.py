"""The node as its profile sees it: found again, never mistaken, and what is said when it isn't ready."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import node, parts, pki, status
from cluster.errors import ClusterError
from cluster.profile import Profile


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Profile:
    """A profile whose every folder is in tmp_path, cgroups as well."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Profile, "run", tmp_path / "run")
    monkeypatch.setattr(parts, "cgroup_mounts", lambda: [tmp_path / "cgroup"])
    place = Profile("test")
    for folder in (place.run, place.config, place.logs, place.pki, tmp_path / "cgroup"):
        folder.mkdir(parents=True)
    return place


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Something that lives, in place of a supervisor."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def record(profile: Profile, process: subprocess.Popen[bytes], later: int = 0, **some: dict[str, Any]) -> None:
    stat = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    empty = {"pid": 1, "ready": True, "starts": 1, "since": time.time(), "said": ""}
    entry = {
        "pid": process.pid,
        "start": int(stat[19]) + later,
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "parts": {name: empty | part for name, part in some.items()},
    }
    profile.state.write_text(json.dumps(entry))


def test_a_process_that_only_has_the_same_id_is_no_node_and_is_not_ended(
    profile: Profile, process: subprocess.Popen[bytes]
) -> None:
    record(profile, process, later=1)
    assert node.state(profile) == {}
    assert not node.stop(profile)
    assert process.poll() is None


def test_stop_ends_it_and_removes_its_traces_but_no_data(
    profile: Profile, process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    record(profile, process)
    (profile.data / "precious").touch()
    (tmp_path / "cgroup" / profile.context / "kubepods" / "pod1").mkdir(parents=True)
    (tmp_path / "cgroup" / "others").mkdir()
    ended = threading.Thread(target=process.wait)  # as init does for a process whose parent is gone
    ended.start()
    assert node.stop(profile)
    ended.join(5)
    assert process.returncode is not None
    assert not profile.state.exists()
    assert [path.name for path in (tmp_path / "cgroup").iterdir()] == ["others"]
    assert (profile.data / "precious").exists()


def test_a_node_that_has_not_yet_said_who_it_is_is_waited_for(
    profile: Profile, process: subprocess.Popen[bytes]
) -> None:
    with (profile.data / "node.lock").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        threading.Timer(0.3, lambda: record(profile, process)).start()
        threading.Thread(target=process.wait).start()
        assert node.stop(profile)
    assert process.wait(5) is not None


def test_runs_only_as_wanted(profile: Profile, process: subprocess.Popen[bytes]) -> None:
    (profile.config / "node.json").write_text("wanted")
    assert not node.runs(profile, "wanted")
    record(profile, process)
    assert node.runs(profile, "wanted")
    assert not node.runs(profile, "something else")


def test_wait_names_the_part_its_reason_and_its_log(profile: Profile, process: subprocess.Popen[bytes]) -> None:
    record(profile, process, etcd={"ready": False, "starts": 7, "said": "ended with 1 after 0 s"}, registry={})
    pki.ensure(profile.pki, profile.context)
    with (profile.data / "node.lock").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        with pytest.raises(ClusterError) as caught:
            node.wait(profile, seconds=5)
    assert f"etcd: ended with 1 after 0 s ({profile.logs}/etcd.log)" in str(caught.value)
    assert "registry" not in str(caught.value)
    assert caught.value.code == os.EX_UNAVAILABLE


def test_wait_says_what_a_node_said_that_ended_at_once(profile: Profile) -> None:
    pki.ensure(profile.pki, profile.context)
    (profile.logs / "supervisor.log").write_text("unshare: Operation not permitted\n")
    with pytest.raises(ClusterError, match=r"the node ended: unshare: Operation not permitted"):
        node.wait(profile, started=True)


def test_status_has_a_line_for_each_part_and_port(profile: Profile, process: subprocess.Popen[bytes]) -> None:
    record(profile, process, etcd={}, kubelet={"ready": False, "said": "no answer"})
    taken = "port 8080 on localhost is taken by nginx (pid 7)"
    profile.routes.write_text(
        json.dumps(
            [
                {"port": 8080, "target": "10.96.0.5:8080", "for": "a/web", "problem": taken},
                {"port": 5001, "target": "127.0.0.1:5001", "for": "registry"},
            ]
        )
    )
    text = "\n".join(status.lines(profile))
    assert f"cluster test runs: pid {process.pid}" in text
    assert f"{profile.logs}/etcd.log" in text
    assert "no answer" in text
    assert f"pending    a/web: {taken}" in text
    assert "localhost:5001" in text


def test_status_of_one_that_does_not_run(profile: Profile) -> None:
    assert "is not running" in "\n".join(status.lines(profile))


def test_no_two_nodes_for_the_same_data(profile: Profile) -> None:
    with (profile.data / "node.lock").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        with pytest.raises(ClusterError, match="can't be ended"):
            node.start(profile, "{}")
