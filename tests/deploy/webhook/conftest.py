"""A queue, and a repository with a stub for `deploy`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.webhook.spool import Queue
from deploy.webhook.tree import Tree
from tests.deploy.webhook.samples import environment, repository


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    made = Queue(tmp_path / "queue")
    made.make()
    return made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stub writes; the environment of this process is that of the jobs."""
    found = tmp_path / "stub"
    found.mkdir()
    for key in [key for key in os.environ if key.startswith("GIT_")]:
        monkeypatch.delenv(key)
    for key, value in environment(found).items():
        monkeypatch.setenv(key, value)
    return found


@pytest.fixture
def clone(place: Path, tmp_path: Path) -> Path:
    """A user's clone."""
    return repository(tmp_path)


@pytest.fixture
def tree(clone: Path, queue: Queue) -> Tree:
    """The worker's."""
    made = Tree(queue.tree, "main", "")
    made.make(str(clone.parent / "remote.git"), "Bot <bot@example.com>")
    return made
