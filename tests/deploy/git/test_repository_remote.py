"""A repository and its remote: in step with it, and pushed to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.git import Repository
from tests.deploy.git.scratch import FILE, clone, commit, git


def _hook(repository: Path, name: str, script: str) -> None:
    file = repository / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


class TestInStep:
    """Against its upstream, as it is now."""

    def test_same_or_ahead(self, project: Path, repository: Repository) -> None:
        repository.require_in_step()
        commit(project, FILE, "a: 1\n")
        repository.require_in_step()

    def test_behind_then_diverged(self, project: Path, remote: Path, repository: Repository) -> None:
        other = clone(remote, "bob")
        commit(other, "theirs", "x")
        git(other, "push", "--quiet")
        with pytest.raises(DeployError, match=r"'main' is behind 'origin/main'.*missing: 1.*--ff-only") as raised:
            repository.require_in_step()
        assert raised.value.code == 1
        commit(project, "mine", "x")
        with pytest.raises(DeployError, match=r"has diverged from 'origin/main' \(own commits: 1.*--rebase"):
            repository.require_in_step()

    def test_no_upstream(self, project: Path, repository: Repository) -> None:
        git(project, "checkout", "--quiet", "--detach")
        repository.require_in_step()
        git(project, "checkout", "--quiet", "-b", "own")
        repository.require_in_step()

    def test_upstream_that_is_not_there_yet(self, remote: Path) -> None:
        folder = clone(remote, "ann")
        commit(folder, FILE, "a: 1\n")
        Repository.at(folder).require_in_step()

    def test_remote_is_away(self, remote: Path, repository: Repository) -> None:
        remote.rename(remote.with_name("away"))
        with pytest.raises(
            DeployError, match=r"'origin' cannot be fetched from: fatal: .*repository\. What its"
        ) as raised:
            repository.require_in_step()
        assert raised.value.code == os.EX_UNAVAILABLE

    def test_shallow_clone(self, project: Path, remote: Path) -> None:
        folder = clone(remote, "ci", "--depth", "1")
        for content in "123":
            commit(project, FILE, content)
        git(project, "push", "--quiet")
        with pytest.raises(DeployError, match="missing: 3"):
            Repository.at(folder).require_in_step()


class TestPush:
    """To a bare repository."""

    def test_reaches_the_branch(self, project: Path, remote: Path, repository: Repository) -> None:
        git(project, "config", "push.followTags", "true")
        git(project, "tag", "--annotate", "--message", "t", "own")
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        for _ in range(2):
            repository.push(made, "promote/prod")
        repository.advance(made)
        repository.push(made, "main", "origin")
        assert git(remote, "for-each-ref", "--format=%(refname) %(objectname)").splitlines() == [
            f"refs/heads/main {made}",
            f"refs/heads/promote/prod {made}",
        ]
        repository.require_in_step()

    def test_hook_at_the_remote_says_no(self, remote: Path, repository: Repository) -> None:
        _hook(remote, "pre-receive", "echo 'main is protected' >&2; exit 1")
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        with pytest.raises(
            DeployError, match=r"'main' of 'origin' was refused: \[remote rejected\] \(pre-r.* main is protected\."
        ) as raised:
            repository.push(made, "main")
        assert raised.value.code == 1

    def test_own_hook_says_no(self, repository: Repository) -> None:
        _hook(repository.common, "pre-push", "echo 'tests failed' >&2; exit 1")
        with pytest.raises(DeployError, match=r"was refused: by a hook: .*failed to push") as raised:
            repository.push(repository.head(), "new")
        assert raised.value.code == 1

    def test_remote_has_more(self, remote: Path, repository: Repository) -> None:
        other = clone(remote, "bob")
        commit(other, "theirs", "x")
        git(other, "push", "--quiet")
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        with pytest.raises(DeployError, match=r"\[rejected\] \(fetch first\)"):
            repository.push(made, "main")

    def test_remote_is_away(self, project: Path, repository: Repository) -> None:
        git(project, "remote", "set-url", "origin", "http://user:hidden@127.0.0.1:1/x.git")
        with pytest.raises(DeployError, match=r"'origin' cannot be pushed to: .*://127\.0\.0\.1:1/x") as raised:
            repository.push(repository.head(), "main")
        assert raised.value.code == os.EX_UNAVAILABLE
        assert "hidden" not in str(raised.value)

    def test_no_remote(self, project: Path, repository: Repository) -> None:
        git(project, "remote", "remove", "origin")
        assert (repository.remote(), repository.remote_url(), repository.remote_branch()) == ("", "", "main")
        with pytest.raises(DeployError, match="There is no remote"):
            repository.push(repository.head(), "main")


def test_remote(project: Path, remote: Path, repository: Repository) -> None:
    git(project, "remote", "add", "fork", "git@example.com:ann/fork.git")
    assert (repository.remote(), repository.remote_branch()) == ("origin", "main")
    assert repository.remote_url() == f"file://{remote}"
    git(project, "config", "branch.main.remote", "fork")
    git(project, "config", "branch.main.merge", "refs/heads/feature/x")
    assert (repository.remote(), repository.remote_branch()) == ("fork", "feature/x")
    assert repository.remote_url() == "git@example.com:ann/fork.git"
    git(project, "checkout", "--quiet", "-b", "own", "--track", "main")
    assert (repository.remote(), repository.remote_branch()) == ("origin", "main")
    repository.require_in_step()
