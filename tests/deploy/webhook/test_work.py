"""The worker, with a git remote and commands that only write down what they were asked."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from deploy import say
from deploy.webhook import work
from deploy.webhook.record import Progress, Run
from deploy.webhook.spool import AGAIN, Queue
from deploy.webhook.tree import Tree
from tests.deploy.webhook.samples import calls, delivery, git, push, run


def drain(queue: Queue, tree: Tree) -> list[Run]:
    """The worker's whole life; the runs after it."""
    with queue.lock("worker") as lock:
        assert lock is not None
        work.drain(queue, tree, lock, sleep=lambda _: None)
    return queue.runs()


def test_a_delivery_becomes_a_run(queue: Queue, tree: Tree, clone: Path, place: Path) -> None:
    commit = push(clone, "Say <more>")
    queue.add(delivery())
    (found,) = drain(queue, tree)
    assert (found.state, found.commit, found.subject) == ("succeeded", commit, "Say <more>")
    assert [step.command.split()[0] for step in found.steps] == ["fetch", "up", "promote", "up", "up"]
    assert calls(place)[0] == "up dev --yes"
    log = queue.log(found.delivery.name).read_text()
    assert "$ python -m deploy up dev --yes\n" in log
    assert "tok-12345" not in log
    assert queue.waiting() == []
    assert queue.progress()["dev"] == Progress(commit=commit)


def test_the_newest_stands_for_all_that_wait(queue: Queue, tree: Tree, place: Path) -> None:
    for number in "123":
        queue.add(delivery(number * 64, id=number))
    found = drain(queue, tree)
    assert sorted(it.state for it in found) == ["succeeded", "superseded", "superseded"]
    assert calls(place).count("up dev --yes") == 1
    assert queue.waiting() == []


def test_a_run_that_was_cut_off_is_begun_again_three_times_at_most(queue: Queue, tree: Tree, place: Path) -> None:
    first = delivery()
    for attempt in (1, 2):
        queue.add(first)
        queue.write(run(delivery=first, attempt=attempt))
        (found,) = drain(queue, tree)
        assert (found.state, found.attempt) == ("succeeded", attempt + 1)
    queue.add(first)
    queue.write(run(delivery=first, attempt=3))
    (found,) = drain(queue, tree)
    assert found.state == "failed"
    assert "cut off 3 times" in found.detail
    assert calls(place).count("up dev --yes") == 2
    assert queue.waiting() == []


def test_a_run_that_had_ended_is_not_run_again(queue: Queue, tree: Tree, place: Path) -> None:
    first = delivery()
    queue.add(first)
    queue.write(run(delivery=first, state="succeeded", ended="2026-11-21T10:00:09+00:00"))
    drain(queue, tree)
    assert calls(place) == []
    assert queue.waiting() == []


def test_a_promotion_that_is_held_back_is_tried_again(
    queue: Queue, tree: Tree, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "code-promote").write_text("1")
    queue.add(delivery())
    (found,) = drain(queue, tree)
    assert found.state == "held back"
    (timer,) = queue.waiting()
    assert (timer.name, timer.due > 0) == (AGAIN, True)
    assert len(drain(queue, tree)) == 1, "not before it is due"
    monkeypatch.setattr(time, "time", lambda: timer.due)
    newest, _ = drain(queue, tree)
    assert (newest.delivery.name, newest.state) == (AGAIN, "succeeded")
    assert calls(place)[-1] == "promote dev staging --pr --yes"
    assert calls(place).count("up dev --yes") == 1
    assert queue.waiting() == []


def test_a_held_promotion_is_not_forgotten_when_its_timer_was_not_set(queue: Queue, tree: Tree) -> None:
    queue.write_progress({"dev": Progress(promote=True)})
    drain(queue, tree)
    assert [it.name for it in queue.waiting()] == [AGAIN]
    queue.write_progress({"dev": Progress()})
    drain(queue, tree)
    assert queue.waiting() == []


def test_a_remote_that_is_away_fails_the_run_with_the_reason(queue: Queue, tree: Tree, clone: Path) -> None:
    (clone.parent / "remote.git").rename(clone.parent / "away.git")
    queue.add(delivery())
    (found,) = drain(queue, tree)
    assert found.state == found.steps[0].state == "failed"
    assert "cannot be fetched" in found.detail
    assert queue.waiting() == []
    assert len(drain(queue, tree)) == 1, "it is looked for, but still away"
    (clone.parent / "away.git").rename(clone.parent / "remote.git")
    newest, _ = drain(queue, tree)
    assert (newest.state, newest.delivery.sender) == ("succeeded", "remote")


def test_a_push_that_nobody_told_of_is_found_once(queue: Queue, tree: Tree, clone: Path, place: Path) -> None:
    assert drain(queue, tree) == [], "before the first run there is nothing to go by"
    queue.add(delivery())
    drain(queue, tree)
    commit = push(clone, "in an outage")
    for _ in range(2):
        newest, _ = drain(queue, tree)
        assert (newest.state, newest.commit, newest.delivery.sender) == ("succeeded", commit, "remote")
    assert calls(place).count("up dev --yes") == 2


def test_a_run_that_was_given_up_is_not_found_again(queue: Queue, tree: Tree, clone: Path) -> None:
    first = delivery(commit=git(clone, "rev-parse", "HEAD"))
    queue.add(first)
    queue.write(run(delivery=first, attempt=3))
    assert [it.state for it in drain(queue, tree)] == ["failed"]
    assert [it.state for it in drain(queue, tree)] == ["failed"]


def test_a_worker_that_nobody_listens_to_ends_its_work(
    queue: Queue, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: str) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(say, "say", broken)
    queue.add(delivery())
    assert work.main([str(queue.folder), "main"]) == 0
    assert [it.state for it in queue.runs()] == ["succeeded"]
    assert queue.waiting() == []


def test_a_pipeline_that_is_broken_fails_the_run_with_the_reason(queue: Queue, tree: Tree, clone: Path) -> None:
    (clone / "pipeline.yaml").write_text("stages: []\n")
    push(clone, "break it")
    queue.add(delivery())
    (found,) = drain(queue, tree)
    assert found.state == "failed"
    assert "pipeline.yaml" in found.detail


def test_a_second_worker_ends_at_once(queue: Queue, tree: Tree) -> None:
    queue.add(delivery())
    with queue.lock("worker"):
        assert work.main([str(queue.folder), "main"]) == 75
    assert len(queue.waiting()) == 1


def test_a_disk_that_is_full_ends_the_worker_and_loses_nothing(
    queue: Queue, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.add(delivery())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Queue, "write", full)
        assert work.main([str(queue.folder), "main"]) == 74
    assert len(queue.waiting()) == 1
    queue.write(run(delivery=queue.waiting()[0], attempt=3))
    assert work.main([str(queue.folder), "main", "--spare"]) == 0
    assert queue.waiting() == []
    assert [(it.state, it.attempt) for it in queue.runs()] == [("succeeded", 3)]
