"""git as a program: what it inherits, how long it may take, what of its words is passed on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.git.command import Done, git, without_credentials


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the `git` on PATH."""
    file = tmp_path / "bin" / "git"
    file.parent.mkdir()
    file.touch(0o755)
    monkeypatch.setenv("PATH", str(file.parent), prepend=os.pathsep)
    return file


def test_asks_nobody(tmp_path: Path, program: Path) -> None:
    program.write_text('#!/bin/sh\necho "$GIT_TERMINAL_PROMPT $LC_ALL"; tty < /dev/tty 2>/dev/null || echo none; cat\n')
    assert git(tmp_path, "fetch", stdin="in\r\n").out == "0 C\nnone\nin\r\n"


def test_git_that_takes_too_long_is_ended_with_its_helpers(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.write_text("#!/bin/sh\n(trap 'echo tidy > tidied; exit' TERM; while :; do sleep 0.01; done) &\nwait\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeployError, match=r"`git fetch` took more than 1 s") as raised:
        git(tmp_path, "fetch", timeout=1.0)
    assert raised.value.code == os.EX_UNAVAILABLE
    assert (tmp_path / "tidied").read_text() == "tidy\n"


def test_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match="git is not on PATH") as raised:
        git(tmp_path, "status")
    assert raised.value.code == os.EX_UNAVAILABLE


@pytest.mark.parametrize(
    ("err", "reason"),
    [
        ("hint: x\nfatal: no\nerror: why\n", "fatal: no; error: why"),
        ("remote: frozen\nremote: \nTo there\n", "remote: frozen"),
        ("Host key verification failed.\n", "Host key verification failed"),
        ("", "git ended with 128"),
    ],
)
def test_reason(err: str, reason: str) -> None:
    assert Done(128, "", err).reason == reason


@pytest.mark.parametrize("user", ["token@", "user:p@ss@", "user:@"])
def test_credentials_do_not_pass(user: str) -> None:
    assert without_credentials(f"fatal: 'https://{user}host/x.git/'") == "fatal: 'https://host/x.git/'"
