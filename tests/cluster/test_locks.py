from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cluster import locks
from cluster.errors import ClusterError

HOLD = (
    "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); input()"
)


@pytest.mark.timeout(20)
def test_a_second_holder_waits_and_says_for_whom(tmp_path: Path) -> None:
    said: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with locks.hold(tmp_path / "lock", "painting", said.append):
            entered.set()

    with locks.hold(tmp_path / "lock", "painting", print):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.3)
    thread.join()
    assert entered.is_set()
    assert said == ["waiting for another flask-k8s, which is painting"]


@pytest.mark.timeout(20)
def test_waiting_for_a_holder_ends(tmp_path: Path) -> None:
    with (
        locks.hold(tmp_path / "lock", "painting", print),
        pytest.raises(ClusterError, match=r"painting.*try again") as error,
        locks.hold(tmp_path / "lock", "painting", print, patience=0.2),
    ):
        pass
    assert error.value.code == os.EX_UNAVAILABLE


@pytest.mark.timeout(20)
def test_another_program_is_named_and_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    said: list[str] = []
    with subprocess.Popen([sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(ClusterError, match=rf"\(pid {holder.pid}\) has been installing"):
            locks.wait_free([lock], "installing", said.append, patience=0.3)
        assert f"(pid {holder.pid})" in said[0]
        threading.Timer(0.3, holder.stdin.close).start()
        start = time.monotonic()
        locks.wait_free([tmp_path / "missing", lock], "installing", said.append, patience=10)
        assert 0.2 < time.monotonic() - start < 5


def test_nobody_holds_a_lock_that_is_free(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert locks.holder([tmp_path / "lock", tmp_path / "missing"]) == ""
