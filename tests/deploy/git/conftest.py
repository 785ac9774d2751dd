"""A project in a subfolder of a repository, whose remote is a bare repository; nothing of the user's git is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.git import Repository
from tests.deploy.git.scratch import FILE, clone, commit, git


@pytest.fixture(autouse=True)
def _own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_") or name == "EMAIL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    return tmp_path / "remote.git"


@pytest.fixture
def project(remote: Path) -> Path:
    """The project's folder; its one commit is pushed."""
    folder = clone(remote, "ann")
    commit(folder, FILE, "config: {}\n", "first")
    git(folder, "push", "--quiet", "--set-upstream", "origin", "main")
    return folder


@pytest.fixture
def repository(project: Path) -> Repository:
    return Repository.at(project)
