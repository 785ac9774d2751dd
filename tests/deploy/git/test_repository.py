"""The ways in which a repository is changed, and those in which it is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.git import Repository
from tests.deploy.git.scratch import FILE, commit, git


def _state(project: Path) -> tuple[str, str, str]:
    return git(project, "rev-parse", "HEAD"), git(project, "status", "--porcelain"), (project / FILE).read_text()


def test_clean(repository: Repository) -> None:
    repository.require_clean()


def test_not_clean(project: Path, repository: Repository) -> None:
    for number in range(7):
        (project / f"new{number}").touch()
    with pytest.raises(DeployError, match=r"project/new0, .*project/new4 and 2 more.*git stash") as raised:
        repository.require_clean()
    assert raised.value.code == 1


class TestCommitFiles:
    """An object, and nothing else."""

    def test_moves_nothing(self, project: Path, repository: Repository) -> None:
        (project / FILE).write_text("mine\n")
        git(project, "add", FILE)
        before = _state(project)
        made = repository.commit_files({FILE: "ü: 2\n"}, "chore: promote\n\nImage: x")
        assert _state(project) == before
        assert git(project, "rev-parse", f"{made}^") == before[0]
        assert git(project, "show", f"{made}:./{FILE}") == "ü: 2"
        assert git(project, "show", "--format=", "--name-status", made) == f"M\tproject/{FILE}"
        assert git(project, "show", "--no-patch", "--format=%an <%ae>%n%B", made) == (
            "ann <ann@example.com>\nchore: promote\n\nImage: x"
        )

    def test_new_file_and_kept_mode(self, project: Path, repository: Repository) -> None:
        (project / "run").touch(0o755)
        commit(project, "run", "old\n")
        for file, mode in (("run", "100755"), ("new", "100644")):
            made = repository.commit_files({file: "new\n"}, "m")
            assert git(project, "ls-tree", made, file).startswith(mode)

    def test_clean_filters_apply(self, project: Path, repository: Repository) -> None:
        commit(project, ".gitattributes", f"{FILE} text eol=crlf\n")
        made = repository.commit_files({FILE: "a: 1\r\n"}, "m")
        assert git(project, "cat-file", "-s", f"{made}:project/{FILE}") == "5"
        assert repository.show(made, FILE) == "a: 1\r\n"

    def test_files_come_and_go_in_one_commit(self, project: Path, repository: Repository) -> None:
        (project / "render").mkdir()
        commit(project, "render/old", "x\n")
        commit(project, "render/kept", "x\n")
        before = _state(project)
        files = {FILE: "b\n", "render/a, b": "y\n", "render/old": None, "render/never": None}
        made = repository.commit_files(files, "m")
        assert _state(project) == before
        assert git(project, "diff", "--name-status", before[0], made).splitlines() == [
            f"M\tproject/{FILE}", "A\tproject/render/a, b", "D\tproject/render/old"
        ]  # fmt: skip
        repository.advance(made)
        assert _state(project) == (made, "", "b\n")
        assert sorted(file.name for file in (project / "render").iterdir()) == ["a, b", "kept"]

    def test_a_file_is_no_folder(self, project: Path, repository: Repository) -> None:
        before = _state(project)
        with pytest.raises(DeployError, match="`git update-index` failed"):
            repository.commit_files({f"{FILE}/new": "x"}, "m")
        assert _state(project) == before

    def test_link_is_refused(self, project: Path, repository: Repository) -> None:
        (project / "link").symlink_to(FILE)
        git(project, "add", ".")
        git(project, "commit", "--quiet", "--message", "link")
        with pytest.raises(DeployError, match="no regular file in git"):
            repository.commit_files({"link": "x"}, "m")

    def test_nobody_commits(self, project: Path, repository: Repository) -> None:
        git(project, "config", "--unset", "user.name")
        with pytest.raises(DeployError, match="git does not know who commits") as raised:
            repository.commit_files({FILE: "x"}, "m")
        assert raised.value.code == os.EX_CONFIG

    def test_signs_where_git_commit_would(self, project: Path, repository: Repository, tmp_path: Path) -> None:
        program = tmp_path / "gpg"
        program.write_text('#!/bin/sh\ncat > /dev/null; echo "[GNUPG:] SIG_CREATED " >&2; echo signed by $4\n')
        program.chmod(0o755)
        git(project, "config", "gpg.program", str(program))
        git(project, "config", "commit.gpgSign", "yes")
        made = repository.commit_files({FILE: "x"}, "m")
        assert "gpgsig signed" in git(project, "cat-file", "commit", made)
        program.write_text("#!/bin/sh\nexit 2\n")
        with pytest.raises(DeployError, match=r"`git commit-tree` failed.*gpg failed to sign") as raised:
            repository.commit_files({FILE: "x"}, "m")
        assert raised.value.code == 1


class TestAdvance:
    """All of it, or nothing."""

    @pytest.mark.parametrize("detached", [False, True])
    def test_moves_everything(self, project: Path, repository: Repository, detached: bool) -> None:
        if detached:
            git(project, "checkout", "--quiet", "--detach")
        (project / "elsewhere").touch()
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        for _ in range(2):
            repository.advance(made)
            assert _state(project) == (made, "?? project/elsewhere", "a: 1\n")
        assert repository.branch() == ("" if detached else "main")

    def test_finishes_what_was_killed_halfway(self, project: Path, repository: Repository) -> None:
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        git(project, "checkout", made, "--", FILE)
        repository.advance(made)
        assert _state(project) == (made, "", "a: 1\n")

    def test_changed_file_is_kept(self, project: Path, repository: Repository) -> None:
        git(project, "config", "merge.autoStash", "true")
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        (project / FILE).write_text("mine\n")
        before = _state(project)
        with pytest.raises(DeployError, match=rf"would be overwritten by merge: project/{FILE}\. Commit or") as raised:
            repository.advance(made)
        assert raised.value.code == 1
        assert _state(project) == before

    def test_no_fast_forward(self, project: Path, repository: Repository) -> None:
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        commit(project, "other", "x")
        before = _state(project)
        with pytest.raises(DeployError, match="Not possible to fast-forward"):
            repository.advance(made)
        assert _state(project) == before

    def test_head_has_moved_on_from_the_parent(self, project: Path, repository: Repository) -> None:
        parent = repository.head()
        commit(project, "other", "x")
        made = repository.commit_files({FILE: "a: 1\n"}, "m", parent)
        assert git(project, "rev-parse", f"{made}^") == parent
        with pytest.raises(DeployError, match="Not possible to fast-forward") as raised:
            repository.advance(made)
        assert raised.value.code == 1

    def test_git_is_busy(self, project: Path, repository: Repository) -> None:
        made = repository.commit_files({FILE: "a: 1\n"}, "m")
        (repository.common / "index.lock").touch()
        with pytest.raises(DeployError, match="Another git command") as raised:
            repository.advance(made)
        assert raised.value.code == os.EX_TEMPFAIL

    def test_linked_work_tree(self, project: Path, repository: Repository) -> None:
        git(project, "worktree", "add", "--quiet", "-b", "side", "../../side")
        side = Repository.at(project.parents[1] / "side" / "project")
        made = side.commit_files({FILE: "a: 1\n"}, "m")
        side.advance(made)
        assert (side.head(), repository.head() == made) == (made, False)
        assert side.common == repository.common


class TestLock:
    """One at a time, in all work trees of a repository."""

    HOLD = (
        "import sys, pathlib; from deploy.git import Repository\n"
        "with Repository.at(pathlib.Path(sys.argv[1])).lock(): print('held', flush=True); sys.stdin.read()"
    )

    def test_held_by_another_process_until_it_dies(self, project: Path, repository: Repository) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", self.HOLD, project], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout
            assert other.stdout.readline() == b"held\n"
            with pytest.raises(DeployError, match=rf"Process {other.pid} is updating") as raised, repository.lock():
                pytest.fail("held twice")
            assert raised.value.code == os.EX_TEMPFAIL
            other.kill()
            other.wait()
            with repository.lock():
                assert (repository.common / "flask-k8s.lock").read_text() == f"{os.getpid()}\n"
        assert repository.dirty() == []

    def test_let_go_after_an_error(self, repository: Repository) -> None:
        with pytest.raises(KeyError), repository.lock():
            raise KeyError
        with repository.lock():
            pass

    def test_file_cannot_be_opened(self, repository: Repository) -> None:
        (repository.common / "flask-k8s.lock").mkdir()
        with pytest.raises(DeployError, match="cannot be opened: Is a directory"), repository.lock():
            pytest.fail("not locked")
