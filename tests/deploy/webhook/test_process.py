"""One command, in a process of its own."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from deploy.webhook import process, signature
from deploy.webhook.jobs import BUSY
from deploy.webhook.spool import Queue
from deploy.webhook.tree import Tree
from tests.deploy.webhook.samples import SECRET, calls, until


def ask(tree: Tree, queue: Queue, *words: str, timeout: float = 30) -> process.Ended:
    with queue.lock("worker") as lock:
        assert lock is not None
        return process.run(words, tree.project, queue.folder / "log", lock, timeout)


def test_the_folders_own_deploy_is_run_and_no_secret_logged(
    tree: Tree, queue: Queue, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(signature.SECRET, SECRET)
    tree.update()
    assert ask(tree, queue, "up", "dev").code == 0
    assert calls(place) == ["up dev"]
    assert "it says [secret] None" in (queue.folder / "log").read_text()


def test_a_failure_has_a_reason(tree: Tree, queue: Queue, place: Path) -> None:
    tree.update()
    (place / "code-up").write_text("1")
    assert ask(tree, queue, "up", "dev") == (1, "the reason")


def test_what_takes_too_long_is_ended(tree: Tree, queue: Queue, place: Path) -> None:
    tree.update()
    (place / "hold-up").touch()
    ended = ask(tree, queue, "up", "dev", timeout=0.5)
    assert (ended.code, "may take" in ended.reason) == (process.TOO_LONG, True)
    assert process.TOO_LONG not in BUSY
    assert calls(place, "ends") == []


def test_what_takes_too_long_is_ended_also_when_its_worker_is_dead(tree: Tree, queue: Queue, place: Path) -> None:
    tree.update()
    (place / "hold-up").touch()
    worker = multiprocessing.get_context("spawn").Process(
        target=ask, args=(tree, queue, "up", "dev"), kwargs={"timeout": 5}
    )
    worker.start()
    until(lambda: calls(place) == ["up dev"])
    worker.kill()
    worker.join()
    until(lambda: _free(queue))
    assert calls(place, "ends") == []


def test_lines() -> None:
    assert process.last_line("") == ""
    assert process.last_line("error: why\nsee --help\n") == "why"
    assert process.last_line("one\ntwo\n\n") == "two"


def _free(queue: Queue) -> bool:
    with queue.lock("worker") as lock:
        return lock is not None
