"""What the server looks at before it serves."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from deploy import engines
from deploy.errors import DeployError
from deploy.webhook import command, server, signature
from deploy.webhook.spool import Queue
from deploy.webhook.tree import Tree
from tests.deploy.webhook.samples import SECRET, git


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the server would have been started with."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(server, "run", lambda *words: found.append(words))
    monkeypatch.setenv(signature.SECRET, SECRET)
    return found


def serve(clone: Path, **changes: Any) -> int:
    git(clone, "config", "user.name", "ann")
    git(clone, "config", "user.email", "ann@example.com")
    options = {"listen": "127.0.0.1:8088", "queue": clone.parent / "queue", "repository": None, "branch": None}
    return command.serve(clone, engines.Embedded(clone), argparse.Namespace(**(options | changes)))


def test_the_projects_own_remote_and_branch_are_served(clone: Path, served: list[tuple[Any, ...]]) -> None:
    assert serve(clone) == 0
    ((listen, queue, tree, known),) = served
    assert (listen, known) == ("127.0.0.1:8088", (SECRET,))
    assert isinstance(queue, Queue)
    assert tree == Tree(clone.parent / "queue" / "tree", "main", "")
    assert tree.update() == git(clone, "rev-parse", "HEAD")


def test_another_repository_and_branch(clone: Path, served: list[tuple[Any, ...]]) -> None:
    git(clone, "remote", "remove", "origin")
    assert serve(clone, repository=str(clone.parent / "remote.git"), branch="main") == 0
    assert served[0][2].update() == git(clone, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"listen": "8088"}, 64, "HOST:PORT"),
        ({"listen": "127.0.0.1:99999"}, 64, "HOST:PORT"),
        ({"branch": "--force"}, 78, "--branch"),
        ({"queue": Path("/dev/null/queue")}, 78, "cannot be made"),
        ({"repository": "https://me:very-hidden@example.com/x.git"}, 64, "credential helper"),
    ],
)
def test_options_that_are_wrong(
    clone: Path, served: list[tuple[Any, ...]], changes: dict[str, Any], code: int, says: str
) -> None:
    with pytest.raises(DeployError, match=says) as raised:
        serve(clone, **changes)
    assert raised.value.code == code
    assert "very-hidden" not in str(raised.value)
    assert served == []


@pytest.mark.parametrize(
    ("listen", "warns"),
    [("127.0.0.1:1", 0), ("[::1]:1", 0), ("localhost:1", 0), ("0.0.0.0:1", 1), ("example.com:1", 1)],
)
def test_pages_without_a_sign_in_are_warned_of(
    clone: Path, served: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str], listen: str, warns: int
) -> None:
    serve(clone, listen=listen)
    assert capsys.readouterr().err.count("warning:") == warns


def test_no_secret(clone: Path, served: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(signature.SECRET)
    with pytest.raises(DeployError, match="openssl rand"):
        serve(clone)


def test_no_remote(clone: Path, served: list[tuple[Any, ...]]) -> None:
    git(clone, "remote", "remove", "origin")
    with pytest.raises(DeployError, match="--repository"):
        serve(clone)


def test_a_queue_is_for_one_server(clone: Path, served: list[tuple[Any, ...]]) -> None:
    queue = Queue(clone.parent / "queue")
    queue.make()
    with queue.lock("server"), pytest.raises(DeployError, match="Another server") as raised:
        serve(clone)
    assert raised.value.code == 75
