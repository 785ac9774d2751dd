"""A cluster, a copy of the project and a stack that belong to the tests alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import cluster
from tests.integration.project import ROOT, Project, make_project, run_cluster

PROFILE = f"test-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}"
"""One for each checkout, so that two of them can be tested at once."""

LONG = ("test_readme.py", "test_docs.py", "test_promotion.py", "test_promotion_faults.py", "test_faults.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an integration test; where no cluster can run it says so and is skipped.

    The files that take long come first, so that no worker is left alone with one.
    """
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)
            if os.geteuid() != 0:
                item.add_marker(pytest.mark.skip(reason="the embedded cluster needs root"))
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[cluster.Handout]:
    """The embedded cluster of a profile of the tests, made afresh and deleted at the end; all workers share it."""
    base = tmp_path_factory.getbasetemp()
    users = (base if worker_id == "master" else base.parent) / "node-users"
    _count(users, 1)
    try:
        yield run_cluster("up", PROFILE)
    finally:
        _count(users, -1)


def _count(file: Path, change: int) -> None:
    """Changes how many workers use the cluster: before the first one comes and after the last one it is deleted."""
    with file.open("a+") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        users.seek(0)
        before = int(users.read() or 0)
        if 0 in (before, before + change):
            run_cluster("clean", PROFILE)
        if before == 0:
            run_cluster("up", PROFILE)
        users.truncate(0)
        users.write(str(before + change))


@pytest.fixture(scope="module")
def project(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the project in a git repository of its own, with a stack `test` on the tests' cluster."""
    copy = make_project(tmp_path_factory.mktemp("project"), node)
    yield copy
    copy.deploy("destroy", "test", "--yes", timeout=180).ok()
