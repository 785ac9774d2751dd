from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster import processes

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); signal.pause()"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def record(path: Path, process: subprocess.Popen[bytes], **changes: Any) -> Path:
    stat = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    entry = {"pid": process.pid, "start": int(stat[19]), "boot": processes.BOOT.read_text().strip()}
    path.write_text(json.dumps(entry | changes))
    return path


def test_a_recorded_process_is_found_and_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    file = record(tmp_path / "record", sleeper)
    assert processes.pid(file) == sleeper.pid
    processes.end(file, grace=5)
    assert sleeper.wait(5) == -15
    assert processes.pid(file) is None
    processes.end(file, grace=5)  # once more is no error


def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        start = time.monotonic()
        processes.end(record(tmp_path / "record", process), grace=0.3)
        assert process.wait(5) == -9
        assert time.monotonic() - start > 0.25


@pytest.mark.parametrize("change", [{"start": 1}, {"boot": "another"}])
def test_another_process_with_the_same_id_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes], change: dict[str, Any]
) -> None:
    file = record(tmp_path / "record", sleeper, **change)
    assert processes.pid(file) is None
    processes.end(file, grace=1)
    assert sleeper.poll() is None


@pytest.mark.parametrize("content", [None, "", "{", "{}", '{"pid": 999999999, "start": 1, "boot": "x"}'])
def test_a_record_that_is_missing_or_broken_is_no_process(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "record"
    if content is not None:
        file.write_text(content)
    assert processes.pid(file) is None
    processes.end(file, grace=1)


def test_a_process_that_has_ended_but_is_not_waited_for_does_not_run(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    file = record(tmp_path / "record", sleeper)
    sleeper.kill()
    deadline = time.monotonic() + 5
    while processes.pid(file) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
