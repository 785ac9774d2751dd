"""A cluster, a copy of the project and a stack that belong to the tests alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import cluster
from tests.integration.project import ROOT, Project, make_project, run_cluster

PROFILE = f"test-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}"
"""One for each checkout, so that two of them can be tested at once."""

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
"""The run of pytest that this process is part of, alone or as one of its workers."""

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
def node() -> Iterator[cluster.Handout]:
    """The embedded cluster of a profile of the tests, made afresh and deleted at the end; all workers share it."""
    while not _joined():
        print(f"another run of these tests uses the cluster {PROFILE}; waiting for its end", file=sys.stderr)
        time.sleep(5)
    try:
        yield run_cluster("up", PROFILE)
    finally:
        with _users() as users:
            users.remove((os.getpid(), RUN))
            if not users:
                run_cluster("clean", PROFILE)


def _joined() -> bool:
    """Takes part in the use of the cluster, which the first one makes; False while another run has it."""
    with _users() as users:
        if any(run != RUN for _, run in users):
            return False
        if not users:
            run_cluster("clean", PROFILE)
            run_cluster("up", PROFILE)
        users.append((os.getpid(), RUN))
    return True


@contextmanager
def _users() -> Iterator[list[tuple[int, str]]]:
    """Who uses the cluster: process (twice, if for two folders) and run. Nobody else changes them meanwhile."""
    with (Path(tempfile.gettempdir()) / f"flask-k8s-{PROFILE}.users").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        found = (line.split() for line in file.read().splitlines())
        users = [(int(pid), run) for pid, run in found if Path(f"/proc/{pid}").exists()]
        yield users
        file.truncate(0)
        file.writelines(f"{pid} {run}\n" for pid, run in users)


@pytest.fixture(scope="module")
def project(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the project in a git repository of its own, with a stack `test` on the tests' cluster."""
    copy = make_project(tmp_path_factory.mktemp("project"), node)
    yield copy
    copy.discard()
