"""The project's work tree and the commits behind it, only looked at."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from deploy.errors import DeployError
from deploy.git import commit as commits
from deploy.git.command import Done, git
from deploy.git.commit import Commit

FAILED: Final = 1
"""Exit status: git, or the other side, says no."""
CONFIGURED: Final = ("-c", "user.useConfigOnly=true")
"""Options of git: no name that it would make up from the host's."""


@dataclass(frozen=True)
class WorkTree:
    """A work tree. Paths given to it are relative to the project's folder, which may be a subfolder of it."""

    root: Path
    """The work tree's uppermost folder."""
    prefix: str
    """The project's folder below it: empty, or with a slash at the end."""
    common: Path
    """git's own folder, the same for all work trees of the repository."""

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The repository that holds the folder.

        Raises:
            DeployError: there is none, or git refuses to use it (69).
        """
        done = git(folder, "rev-parse", "--path-format=absolute", "--show-toplevel", "--git-common-dir")
        if done.code:
            raise DeployError(
                f"{folder} is in no git work tree that can be used: {done.reason}. Promotions are commits: run "
                "`git init` and commit the project, or work in a clone.",
                os.EX_UNAVAILABLE,
            )
        root, common = map(Path, done.out.splitlines())
        below = folder.resolve().relative_to(root.resolve()).as_posix()
        return cls(root, "" if below == "." else f"{below}/", common)

    @property
    def shallow(self) -> bool:
        """Whether the clone lacks older commits; `git fetch --unshallow` brings them."""
        return (self.common / "shallow").is_file()

    def head(self) -> str:
        """The commit that is checked out."""
        found = self._known("HEAD")
        if found is None:
            raise DeployError(f"The repository {self.root} has no commit yet. Commit the project first.", FAILED)
        return found

    def branch(self) -> str:
        """The branch that is checked out; empty when HEAD is detached."""
        return self._git("symbolic-ref", "--quiet", "--short", "HEAD").out.strip()

    def author(self) -> str:
        """Who commits here, `Name <mail>`.

        Raises:
            DeployError: nobody told git (78).
        """
        done = self._git(*CONFIGURED, "var", "GIT_AUTHOR_IDENT")
        if done.code:
            raise DeployError(
                "git does not know who commits. Tell it: `git config user.name NAME` and `git config user.email MAIL`."
            )
        return done.out.rsplit(" ", 2)[0]

    def dirty(self, paths: Sequence[str] = ()) -> list[str]:
        """What is changed or not tracked, of the paths or of the whole work tree; relative to `root`."""
        options = ("--porcelain", "--no-renames", "--untracked-files=normal", "-z")
        done = self._must("status", *options, "--", *map(self._path, paths))
        return [entry[3:] for entry in done.out.split("\0") if entry]

    def show(self, commit: str, path: str) -> str | None:
        """The file's content at a commit; None when it, or the commit, is not there."""
        known = self._known(commit)
        done = self._git("cat-file", "--filters", f"{known}:{self._path(path)}") if known else None
        return done.out if done and done.code == 0 else None

    def commits(self, path: str, limit: int = 100) -> list[Commit]:
        """The newest commits up to HEAD that touched the path, newest first."""
        # A merge that took one side of a file must not hide the commits of the other.
        found = self._log("--full-history", f"--max-count={limit}", "HEAD", "--", self._path(path))
        # The oldest commit of a shallow clone seems to have made every file in it.
        cut = (self.common / "shallow").read_text().split() if self.shallow else ()
        return [commit for commit in found if commit.sha not in cut]

    def between(self, old: str, new: str, path: str = "") -> list[Commit] | None:
        """The commits after `old` up to `new`, newest first, of the path or of the whole repository.

        None when one of them is not known here, as in a shallow clone, or `new` does not build on `old`.
        """
        known_old, known_new = self._known(old), self._known(new)
        if not known_old or not known_new or self._git("merge-base", "--is-ancestor", known_old, known_new).code:
            return None
        return self._log(f"{known_old}..{known_new}", "--", *([self._path(path)] if path else ()))

    def missing(self, commit: str, path: str) -> bool:
        """Whether HEAD lacks commits up to that one which touched the path."""
        return bool(self._log(f"HEAD..{commit}", "--", self._path(path)))

    def _path(self, path: str) -> str:
        return posixpath.normpath(self.prefix + path)

    def _known(self, revision: str) -> str | None:
        """The commit's id, if it is here."""
        done = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        return done.out.strip() if done.code == 0 else None

    def _log(self, *args: str) -> list[Commit]:
        options = ("-z", "--topo-order", "--no-show-signature", f"--format={commits.FORMAT}")
        return commits.parse(self._must("log", *options, *args).out)

    def _git(self, *args: str, stdin: str = "", timeout: float = 30.0) -> Done:
        return git(self.root, *args, stdin=stdin, timeout=timeout)

    def _must(self, *args: str, stdin: str = "", env: dict[str, str] | None = None) -> Done:
        done = git(self.root, *args, stdin=stdin, env=env)
        if done.code:
            verb = next(word for word in args if not word.startswith("-") and "=" not in word)
            raise DeployError(f"`git {verb}` failed in {self.root}: {done.reason}.", FAILED)
        return done
