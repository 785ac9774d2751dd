"""The worker's clone, in git itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.git import Repository
from deploy.git.command import Done
from deploy.git.command import git as real
from deploy.webhook import tree as trees
from deploy.webhook.tree import Tree, valid_branch
from tests.deploy.webhook.samples import IMAGE, git, push


def test_it_has_what_was_pushed_and_may_commit(tree: Tree, clone: Path) -> None:
    commit = push(clone, "second", staging=IMAGE)
    assert tree.update() == commit
    assert tree.subject() == "second"
    repo = Repository.at(tree.project)
    repo.require_clean()
    repo.require_in_step()
    assert (repo.branch(), repo.remote_branch(), repo.author()) == ("main", "main", "Bot <bot@example.com>")


def test_whatever_was_left_is_put_into_order(tree: Tree, clone: Path) -> None:
    tree.update()
    (tree.folder / "pipeline.yaml").write_text("broken")
    (tree.folder / "new").mkdir()
    (tree.folder / "new" / "file").touch()
    (tree.folder / ".git" / "index.lock").touch()
    (clone / ".gitignore").write_text("/state/\n")
    (tree.folder / "state").mkdir()
    (tree.folder / "state" / "stack.json").touch()
    commit = push(clone, "second")
    assert tree.update() == commit
    assert git(tree.folder, "status", "--porcelain") == ""
    assert (tree.folder / "state" / "stack.json").exists(), "a backend that the project itself has and git ignores"


def test_commits_of_its_own_that_nobody_took_are_dropped(tree: Tree, clone: Path) -> None:
    tree.update()
    git(tree.folder, "commit", "--quiet", "--allow-empty", "--message", "a rollback whose push was refused")
    git(clone, "commit", "--quiet", "--amend", "--message", "rewritten")
    git(clone, "push", "--quiet", "--force")
    assert tree.update() == git(clone, "rev-parse", "HEAD")


def test_a_clone_that_was_killed_while_it_was_made(tree: Tree, clone: Path) -> None:
    (tree.folder / ".git" / "HEAD").unlink()
    (tree.folder / "leftover").symlink_to("nowhere")
    tree.make(str(clone.parent / "remote.git"), "Bot <bot@example.com>")
    assert tree.update() == git(clone, "rev-parse", "HEAD")


def test_what_changed_since(tree: Tree, clone: Path) -> None:
    before = tree.update()
    push(clone, "second", staging=IMAGE)
    tree.update()
    assert tree.changed(before, "Pulumi.staging.yaml")
    assert not tree.changed(before, "Pulumi.prod.yaml")
    assert tree.changed("", "Pulumi.prod.yaml")
    assert tree.changed("1" * 40, "Pulumi.prod.yaml"), "an unknown commit tells nothing"


def test_packages_are_the_servers_own(tree: Tree) -> None:
    tree.update()
    assert (tree.project / ".venv" / "bin").is_dir()
    (tree.project / ".venv").unlink()
    (tree.project / ".venv").symlink_to("/nonexistent")
    tree.update()
    assert (tree.project / ".venv" / "bin").is_dir()
    Repository.at(tree.project).require_clean()


def test_a_remote_that_is_away(tree: Tree, clone: Path) -> None:
    tree.make("https://me:very-hidden@127.0.0.1:1/x.git", "Bot <bot@example.com>")
    with pytest.raises(DeployError, match="cannot be fetched") as raised:
        tree.update()
    assert raised.value.code == 69
    assert "very-hidden" not in str(raised.value)


def test_no_word_of_the_url_is_on_a_command_line(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[str] = []

    def listed(folder: Path, *args: str) -> Done:
        words.extend(args)
        return real(folder, *args)

    monkeypatch.setattr(trees, "git", listed)
    url = 'https://me:very-hidden@127.0.0.1:1/"x\\y".git'
    tree.make(url, 'A "B" \\ <bot@example.com>')
    assert words
    assert "very-hidden" not in " ".join(words)
    assert git(tree.folder, "config", "--get-all", "remote.origin.url") == url
    assert git(tree.folder, "config", "--file", ".git/webhook", "user.name") == 'A "B" \\'


def test_the_head_of_the_remote(tree: Tree, clone: Path) -> None:
    assert tree.head() == git(clone, "rev-parse", "HEAD")
    other = Tree(tree.folder, "other", "")
    assert other.head() == ""


def test_a_branch_that_is_not_there(tree: Tree, clone: Path) -> None:
    other = Tree(tree.folder, "other", "")
    other.make(str(clone.parent / "remote.git"), "Bot <bot@example.com>")
    with pytest.raises(DeployError, match="no branch 'other'") as raised:
        other.update()
    assert raised.value.code == 1


@pytest.mark.parametrize(
    ("name", "valid"), [("main", True), ("team/x-1", True), ("-f", False), ("a..b", False), ("", False), ("a b", False)]
)
def test_branches(name: str, valid: bool) -> None:
    assert valid_branch(name) is valid
