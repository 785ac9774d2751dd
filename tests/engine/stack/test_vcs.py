"""What the history says about a commit: as the CLI says it, whatever state the repository is in."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from engine.stack import vcs

GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository on the branch `main`, without a commit."""
    for key in [key for key in os.environ if key.startswith("GIT_")]:
        monkeypatch.delenv(key)
    for key, value in GIT.items():
        monkeypatch.setenv(key, value)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "config", "user.name", "A Person")
    git(tmp_path, "config", "user.email", "a@example.com")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    """Runs git; what it printed."""
    ended = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def commit(folder: Path, message: str) -> str:
    """Makes a commit; its name."""
    git(folder, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def test_a_commit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Another One")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "b@example.com")
    head = commit(folder, "feat: one\n\nmore")
    inner = folder / "inner"
    inner.mkdir()
    expected = {
        "git.head": head,
        "git.headName": "refs/heads/main",
        "git.author": "A Person",
        "git.author.email": "a@example.com",
        "git.committer": "Another One",
        "git.committer.email": "b@example.com",
        "git.dirty": "false",
    }
    assert vcs.describe(inner) == (expected, "feat: one")
    (folder / "new").touch()
    git(folder, "remote", "add", "origin", "/srv/git/x.git")
    assert vcs.describe(inner)[0] == {**expected, "git.dirty": "true", "vcs.root": "inner"}
    assert vcs.describe(folder)[0]["vcs.root"] == "."


def test_a_detached_head_has_no_name(folder: Path) -> None:
    commit(folder, "one")
    git(folder, "checkout", "--quiet", "--detach")
    assert "git.headName" not in vcs.describe(folder)[0]


@pytest.mark.parametrize(
    ("message", "title"), [("one\r\ntwo", "one"), ("one\ntwo", "one"), ("\n  one \n", "one"), ("", "")]
)
def test_titles(folder: Path, message: str, title: str) -> None:
    commit(folder, message)
    assert vcs.describe(folder)[1] == title


def test_no_commit_and_no_repository(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert vcs.describe(folder) == ({}, "")
    assert vcs.describe(tmp_path_factory.mktemp("bare")) == ({}, "")


def test_no_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert vcs.describe(folder) == ({}, "")


def test_a_git_that_fails_to_look_does_not_call_it_clean(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = commit(folder, "one")
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" = status ] && exec sleep 60\nexec {real} "$@"\n')
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(vcs, "TIMEOUT", 3)
    found, title = vcs.describe(folder)
    assert (found["git.head"], title) == (head, "one")
    assert not {"git.dirty", "git.headName"} & found.keys()


def test_all_of_git_has_one_deadline(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho >> asked\nexec sleep 60\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(vcs, "TIMEOUT", 1)
    now = time.monotonic()
    assert vcs.describe(folder) == ({}, "")
    assert time.monotonic() - now < 1.9


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"])
def test_a_hooks_environment_leads_nowhere_else(
    folder: Path, name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = commit(folder, "one")
    (folder / "file").touch()
    git(folder, "add", "file")
    commit(folder, "two")
    expected = vcs.describe(folder)
    assert (expected[0]["git.head"] != head, expected[0]["git.dirty"]) == (True, "false")
    monkeypatch.setenv(name, str(tmp_path_factory.mktemp("elsewhere") / "any"))
    assert vcs.describe(folder) == expected


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("git@github.com:owner/repo.git", ("github.com", "owner", "repo")),
        ("https://user:hush@gitlab.com/group/sub/repo.git", ("gitlab.com", "group", "sub/repo")),
        ("https://git.example.com:8443/owner/repo", ("git.example.com:8443", "owner", "repo")),
        ("https://dev.azure.com/org/project/_git/repo", ("dev.azure.com", "org", "project/_git/repo")),
        ("https://example.com/repo", None),
        ("file:///srv/git/owner/repo.git", None),
    ],
)
def test_hosts(folder: Path, url: str, known: tuple[str, str, str] | None) -> None:
    git(folder, "remote", "add", "origin", url)
    found, _ = vcs.describe(folder)
    assert found.pop("vcs.root") == "."
    keys = ("vcs.kind", "vcs.owner", "vcs.repo")
    assert found == (dict(zip(keys, known, strict=True)) if known else {})
