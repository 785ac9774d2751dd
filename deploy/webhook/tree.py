"""The worker's own clone: nobody else works in it, so it is put into order by force."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import DeployError
from deploy.git.command import Done, git
from deploy.git.repository import FETCH_TIMEOUT, Repository
from engine.files import write_atomic


@dataclass(frozen=True)
class Tree:
    """A clone with the branch that is deployed checked out."""

    folder: Path
    branch: str
    prefix: str
    """The project's folder in it: empty, or with a slash at the end."""

    @property
    def project(self) -> Path:
        """The folder of Pulumi.yaml."""
        return self.folder / self.prefix

    def make(self, url: str, author: str) -> None:
        """Makes the clone, without asking the remote yet; one that is there gets the remote and the author.

        Args:
            url: of the remote; it may hold credentials, so the folder is for the owner alone.
            author: `Name <mail>` of the commits that promotions and rollbacks make.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if git(self.folder, "rev-parse", "--git-dir").out.strip() != ".git":
            for leftover in self.folder.iterdir():  # of a `git init` that was killed
                shutil.rmtree(leftover) if leftover.is_dir() and not leftover.is_symlink() else leftover.unlink()
            self._must("init", "--quiet", f"--initial-branch={self.branch}")
        name, _, mail = author.rstrip(">").rpartition(" <")
        content = (
            f'[remote "origin"]\nurl = {_quoted(url)}\n'
            f"fetch = +refs/heads/{self.branch}:refs/remotes/origin/{self.branch}\n"
            f'[branch "{self.branch}"]\nremote = origin\nmerge = refs/heads/{self.branch}\n'
            f"[user]\nname = {_quoted(name)}\nemail = {_quoted(mail)}\n"
            "[gc]\nautoDetach = false\n"
        )
        write_atomic(self.folder / ".git" / "webhook", content.encode())  # no word of it on a command line
        self._must("config", "--replace-all", "include.path", "webhook")

    def update(self) -> str:
        """Fetches the branch and checks it out, whatever a killed worker left; returns the commit.

        Raises:
            DeployError: the remote cannot be asked (69), or has no such branch (1).
        """
        for lock in (self.folder / ".git").glob("**/*.lock"):  # their makers are dead: the worker holds its own lock
            lock.unlink(missing_ok=True)
        ref = f"refs/remotes/origin/{self.branch}"
        done = git(
            *(self.folder, "fetch", "--quiet", "--no-tags", "origin", f"+refs/heads/{self.branch}:{ref}"),
            timeout=FETCH_TIMEOUT * 5,  # the first one brings everything
        )
        if "couldn't find remote ref" in done.err:
            raise DeployError(f"The remote has no branch {self.branch!r}; serve another one by --branch.", 1)
        if done.code:
            raise DeployError(f"The remote cannot be fetched from: {done.reason}.", os.EX_UNAVAILABLE)
        self._must("checkout", "--quiet", "--force", "-B", self.branch, ref)
        self._must("clean", "-ffdq")  # what is ignored stays: it may be the stacks' state
        # What Pulumi.yaml names as the program's packages; they are the server's own.
        packages = self.project / ".venv"
        if packages.is_symlink() or not packages.exists():
            packages.unlink(missing_ok=True)  # it may be of a server that was elsewhere
            (self.folder / ".git" / "info").mkdir(exist_ok=True)
            (self.folder / ".git" / "info" / "exclude").write_text(f"/{self.prefix}.venv\n", "utf-8")
            packages.symlink_to(sys.prefix)
        return self._must("rev-parse", "HEAD").out.strip()

    def head(self) -> str:
        """The branch's commit at the remote; empty where it has no such branch.

        Raises:
            DeployError: the remote cannot be asked (69).
        """
        done = git(self.folder, "ls-remote", "origin", f"refs/heads/{self.branch}", timeout=FETCH_TIMEOUT)
        if done.code:
            raise DeployError(f"The remote cannot be asked for its branch: {done.reason}.", os.EX_UNAVAILABLE)
        return done.out.partition("\t")[0]

    def subject(self) -> str:
        """The first line of the commit's message."""
        return self._must("log", "-1", "--format=%s").out.strip()[:200]

    def changed(self, since: str, path: str) -> bool:
        """Whether a file of the project was changed after a commit; True where that cannot be told."""
        return Repository.at(self.project).between(since, "HEAD", path) != [] if since else True

    def _must(self, *args: str) -> Done:
        done = git(self.folder, *args)
        if done.code:
            raise DeployError(f"`git {args[0]}` failed in {self.folder}: {done.reason}.", 1)
        return done


def _quoted(value: str) -> str:
    """The value as git's configuration files have it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def valid_branch(name: str) -> bool:
    """Whether a branch can have that name, as far as it matters for a command line."""
    return bool(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,200}", name)) and ".." not in name
