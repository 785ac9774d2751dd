"""What is read of a repository."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.git import Repository
from deploy.git.worktree import WorkTree
from tests.deploy.git.scratch import FILE, clone, commit, git


@pytest.mark.parametrize("make", ["nothing", "bare"])
def test_no_work_tree(tmp_path: Path, make: str) -> None:
    if make == "bare":
        git(tmp_path, "init", "--quiet", "--bare")
    with pytest.raises(DeployError, match=r"is in no git work tree.*fatal.*`git init`") as raised:
        WorkTree.at(tmp_path)
    assert raised.value.code == os.EX_UNAVAILABLE


def test_project_is_found_below_the_root(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    for folder in (project, tmp_path / "link"):
        found = WorkTree.at(folder)
        assert (found.root, found.prefix) == (project.parent, "project/")
    assert WorkTree.at(project.parent).prefix == ""


def test_head_and_branch(project: Path, repository: Repository) -> None:
    assert repository.head() == git(project, "rev-parse", "HEAD")
    assert repository.branch() == "main"
    git(project, "checkout", "--quiet", "--detach")
    assert repository.branch() == ""


def test_no_commit_yet(remote: Path) -> None:
    empty = WorkTree.at(clone(remote, "ann"))
    assert empty.branch() == "main"
    with pytest.raises(DeployError, match="has no commit yet"):
        empty.head()


def test_author(repository: Repository) -> None:
    assert repository.author() == "ann <ann@example.com>"


def test_author_is_never_made_up(project: Path, repository: Repository) -> None:
    git(project, "config", "--unset", "user.email")
    with pytest.raises(DeployError, match=r"git config user.email") as raised:
        repository.author()
    assert raised.value.code == os.EX_CONFIG


def test_dirty(project: Path, repository: Repository) -> None:
    commit(project, "moved", "same\n")
    assert repository.dirty() == []
    (project / FILE).write_text("changed")
    (project / "näme with *").touch()
    (project.parent / "outside").touch()
    git(project, "mv", "moved", "to")
    assert repository.dirty() == [
        f"project/{FILE}",
        "project/moved",
        "project/to",
        "outside",
        "project/näme with *",
    ]
    assert repository.dirty([FILE]) == [f"project/{FILE}"]
    assert repository.dirty(["*"]) == []
    assert repository.dirty(["../outside"]) == ["outside"]


def test_show(project: Path, repository: Repository) -> None:
    first = repository.head()
    second = commit(project, FILE, "ü: 1\r\n")
    assert repository.show(first, FILE) == "config: {}\n"
    assert repository.show(second, FILE) == "ü: 1\r\n"
    assert repository.show(second, "absent") is None
    assert repository.show("f" * 40, FILE) is None
    assert repository.show("--batch", FILE) is None


def test_commits(project: Path, repository: Repository) -> None:
    git(project, "config", "log.showSignature", "true")
    message = (
        "feat: more\n\nA: paragraph.\n\nImage: r@sha256:1\nChecks: soak: passed\n  for 1 h\nChecks: smoke\nEmpty: \n"
    )
    second = commit(project, FILE, "a: 1\n", message)
    commit(project, "other", "x")
    newest, oldest = repository.commits(FILE)
    assert (newest.sha, newest.author, newest.subject) == (second, "ann <ann@example.com>", "feat: more")
    assert newest.trailers == {"Image": ["r@sha256:1"], "Checks": ["soak: passed for 1 h", "smoke"], "Empty": [""]}
    assert abs(datetime.now(UTC) - newest.when).total_seconds() < 60
    assert (oldest.subject, oldest.trailers) == ("first", {})
    assert [entry.sha for entry in repository.commits(FILE, limit=1)] == [second]
    assert repository.commits("absent") == []


def test_commits_of_a_side_that_a_merge_did_not_take(project: Path, repository: Repository) -> None:
    git(project, "checkout", "--quiet", "-b", "side")
    side = commit(project, FILE, "a: 1\n")
    git(project, "checkout", "--quiet", "main")
    main = commit(project, FILE, "a: 2\n")
    git(project, "merge", "--quiet", "--strategy", "ours", "--message", "merge", "side")
    assert {side, main} <= {entry.sha for entry in repository.commits(FILE)}


def test_between(project: Path, repository: Repository) -> None:
    first = repository.head()
    second = commit(project, FILE, "a: 1\n")
    third = commit(project.parent, "outside", "x")
    git(project, "checkout", "--quiet", "-b", "side", first)
    side = commit(project, "side", "x")
    found = repository.between(first, third)
    assert found is not None
    assert [entry.sha for entry in found] == [third, second]
    in_project = repository.between(first, third, ".")
    assert in_project is not None
    assert [entry.sha for entry in in_project] == [second]
    assert repository.between(third, third) == []
    for old, new in [(third, first), (side, third), ("f" * 40, third), (first, "unknown"), ("--all", third)]:
        assert repository.between(old, new) is None


def test_shallow_clone(project: Path, remote: Path, repository: Repository) -> None:
    first = repository.head()
    commit(project, "other", "x")
    newest = commit(project, FILE, "a: 1\n")
    git(project, "push", "--quiet")
    shallow = WorkTree.at(clone(remote, "ci", "--depth", "2"))
    assert shallow.shallow
    assert not repository.shallow
    assert [entry.sha for entry in shallow.commits(FILE)] == [newest]
    assert shallow.commits("other") == []
    assert shallow.between(first, newest) is None
    assert shallow.show(newest, FILE) == "a: 1\n"
