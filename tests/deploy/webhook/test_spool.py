"""The queue on disk."""

from __future__ import annotations

import multiprocessing
import os
from datetime import datetime
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.webhook import spool
from deploy.webhook.record import Progress
from deploy.webhook.spool import AGAIN, FullError, Queue
from tests.deploy.webhook.samples import delivery, run


def test_what_was_added_is_there_for_another_process(queue: Queue) -> None:
    first, second = delivery("1" * 64), delivery("2" * 64, id="two")
    queue.add(first)
    queue.add(second)
    assert Queue(queue.folder).waiting() == [first, second]


def test_what_is_not_due_waits(queue: Queue) -> None:
    queue.add(delivery(name=AGAIN, due=1000.0))
    assert queue.due(999.0) == []
    assert [it.name for it in queue.due(1000.0)] == [AGAIN]


def test_a_delivery_goes_when_its_run_is_kept(queue: Queue) -> None:
    first = delivery()
    queue.add(first)
    done = run(delivery=first, state="succeeded", ended="2026-11-21T10:00:09+00:00")
    queue.done(done)
    assert queue.waiting() == []
    assert queue.run(first.name) == done
    queue.done(done)  # by one that was cut off in between


def test_runs_come_newest_first_and_the_oldest_are_forgotten(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "KEPT", 2)
    made = [run(delivery=delivery(f"{number}" * 64), began=f"2026-11-21T10:00:0{number}+00:00") for number in range(4)]
    for it in made:
        queue.write(it)
        queue.log(it.delivery.name).write_text("x")
    queue.prune()
    assert [it.began for it in queue.runs()] == [it.began for it in made[:1:-1]]
    assert len(list((queue.folder / "runs").iterdir())) == 4


def test_the_oldest_logs_go_first_and_leftovers_in_time(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LOGS", 25)
    made = [run(delivery=delivery(f"{number}" * 64)) for number in range(4)]
    for it in made:
        queue.write(it)
        queue.log(it.delivery.name).write_text("ten bytes\n")
    old, fresh = queue.folder / "runs" / ".x.tmp", queue.folder / "waiting" / ".y.tmp"
    old.touch()
    fresh.touch()
    os.utime(old, (1, 1))
    queue.prune()
    assert [queue.log(it.delivery.name).exists() for it in made] == [False, False, True, True]
    assert len(queue.runs()) == 4
    assert (old.exists(), fresh.exists()) == (False, True)


def test_what_is_due_for_too_long_is_late(queue: Queue) -> None:
    received = datetime.fromisoformat("2026-11-21T10:00:00+00:00").timestamp()
    queue.add(delivery())
    assert queue.late(received + spool.LATE) == ""
    assert "not been finished for 2 h" in queue.late(received + spool.LATE + 1)


@pytest.mark.parametrize("name", ["..", "../progress", "x", "again/../x", "20261121T100000000000-abcdefgh"])
def test_only_names_of_runs_are_looked_up(queue: Queue, name: str) -> None:
    assert queue.run(name) is None


def test_a_foreign_or_torn_file_stops_nothing(queue: Queue) -> None:
    first = delivery()
    queue.add(first)
    (queue.folder / "waiting" / "0.json").write_text('{"name": ')
    (queue.folder / "waiting" / ".tmp").write_text("x")
    (queue.folder / "progress.json").write_text("[]")
    assert queue.waiting() == [first]
    assert queue.progress() == {}


def test_progress_is_kept(queue: Queue) -> None:
    queue.write_progress({"dev": Progress(commit="abc", promote=True)})
    assert queue.progress()["dev"].promote


def test_a_queue_has_an_end(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "LONGEST", 1)
    queue.add(delivery("1" * 64))
    assert "full" in queue.problem()
    with pytest.raises(FullError):
        queue.add(delivery("2" * 64))
    queue.add(delivery(name=AGAIN))  # the timer's has a place of its own


def test_a_healthy_queue_has_no_problem(queue: Queue) -> None:
    assert queue.problem() == ""
    assert "cannot be read" in Queue(queue.folder / "gone").problem()


def _held(folder: Path) -> bool:
    with Queue(folder).lock("worker") as lock:
        return lock is not None


def test_a_lock_is_for_one_process(queue: Queue) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        with queue.lock("worker") as lock:
            assert lock is not None
            assert not pool.apply(_held, (queue.folder,))
        assert pool.apply(_held, (queue.folder,))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeployError, match="cannot be made"):
        Queue(tmp_path / "file" / "queue").make()
