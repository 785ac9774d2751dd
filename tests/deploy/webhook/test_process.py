"""One command, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.webhook import process, signature
from deploy.webhook.spool import Queue
from deploy.webhook.tree import Tree
from tests.deploy.webhook.samples import IMAGE, SECRET, calls


def ask(tree: Tree, queue: Queue, *words: str, timeout: float = 30) -> tuple[int, str]:
    with queue.lock("worker") as lock:
        assert lock is not None
        return process.run(words, tree.project, queue.folder / "log", lock, timeout)


def test_the_folders_own_deploy_is_run_and_no_secret_logged(
    tree: Tree, queue: Queue, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(signature.SECRET, SECRET)
    tree.update()
    code, text = ask(tree, queue, "build", "dev")
    assert (code, process.image(text), calls(place)) == (0, IMAGE, ["build dev"])
    assert "it says [secret] None" in text
    assert text == (queue.folder / "log").read_text()


def test_a_failure_has_a_reason(tree: Tree, queue: Queue, place: Path) -> None:
    tree.update()
    (place / "code-up").write_text("1")
    code, text = ask(tree, queue, "up", "dev")
    assert (code, process.last_line(text)) == (1, "the reason")


def test_what_takes_too_long_is_ended(tree: Tree, queue: Queue, place: Path) -> None:
    tree.update()
    (place / "hold-up").touch()
    code, _ = ask(tree, queue, "up", "dev", timeout=0.5)
    assert code not in (0, None)
    assert calls(place, "ends") == []


def test_lines() -> None:
    assert process.last_line("") == ""
    assert process.last_line("error: why\nsee --help\n") == "why"
    assert process.last_line("one\ntwo\n\n") == "two"
    assert process.image(f"pushed {IMAGE}\n{IMAGE}\ndone\n") == IMAGE
    assert process.image(f"pushed {IMAGE}\n") == ""
