"""The project's git repository: kept in step with its remote, and changed as a whole or not at all."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from deploy.errors import DeployError
from deploy.git.worktree import CONFIGURED, FAILED, WorkTree

FETCH_TIMEOUT: Final = 60.0
"""Seconds."""
PUSH_TIMEOUT: Final = 120.0
"""Seconds; a pre-push hook may take its time."""


class BehindError(DeployError):
    """The branch's upstream has commits that the branch lacks, and the branch has none of its own."""


class Repository(WorkTree):
    """A work tree that can be committed to, moved forward and pushed."""

    def require_clean(self) -> None:
        """Refuses a work tree with changes.

        Raises:
            DeployError: names up to five of them (1).
        """
        if found := self.dirty():
            more = f" and {len(found) - 5} more" if len(found) > 5 else ""
            raise DeployError(
                f"The work tree has changes that are in no commit: {', '.join(found[:5])}{more}. What is promoted "
                "must be in git: commit them, or put them away with `git stash --include-untracked`.",
                FAILED,
            )

    def require_in_step(self) -> None:
        """Fetches the upstream, if there is one, and refuses a branch that lacks some of its commits.

        Raises:
            BehindError: the branch is behind (1).
            DeployError: it has diverged (1), or the remote cannot be asked (69).
        """
        ref, remote, remote_ref = self._upstream()
        if not ref or (remote != "." and not self._fetch(remote, remote_ref, ref)):
            return
        ahead, behind = self._must("rev-list", "--left-right", "--count", f"HEAD...{ref}", "--").out.split()
        if behind != "0":
            state, pull = ("has diverged from", "--rebase") if ahead != "0" else ("is behind", "--ff-only")
            raise (DeployError if ahead != "0" else BehindError)(
                f"The branch {self.branch()!r} {state} {ref.removeprefix('refs/remotes/')!r} (own commits: {ahead}, "
                f"missing: {behind}). Run `git pull {pull}`, and look again at what you are about to do.",
                FAILED,
            )

    def fetched(self, branch: str) -> str:
        """The commit that a branch of the remote is at; empty where there is no remote, or no such branch.

        Raises:
            DeployError: the remote cannot be asked (69).
        """
        remote = self.remote()
        ref = f"refs/remotes/{remote}/{branch}"
        if not remote or not self._fetch(remote, f"refs/heads/{branch}", ref):
            return ""
        return self._must("rev-parse", ref).out.strip()

    def commit_files(self, files: Mapping[str, str | None], message: str, parent: str = "") -> str:
        """Makes a commit on top of `parent` (default: HEAD) that differs in these files; returns its id.

        `advance` makes it the branch's, and refuses where HEAD has moved on from the parent.

        Nothing else changes: no branch, no index, no file. The files keep their modes.

        Args:
            files: their contents by path; None for one that goes.
            message: of the commit.
            parent: a commit.

        Raises:
            DeployError: git does not know who commits (78), or cannot make it (1).
        """
        self.author()
        head, entries, gone = parent or self.head(), list[str](), list[str]()
        for path, content in files.items():
            full = self._path(path)
            if content is None:
                gone.append(full)
                continue
            mode = self._must("ls-tree", head, "--", full).out.partition(" ")[0] or "100644"
            if not mode.startswith("100"):
                raise DeployError(f"{full} is no regular file in git (mode {mode}). Make it one.", FAILED)
            blob = self._must("hash-object", "-w", "--stdin", f"--path={full}", stdin=content).out.strip()
            entries += ["--cacheinfo", f"{mode},{blob},{full}"]
        with tempfile.TemporaryDirectory(prefix="flask-k8s-") as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._must("read-tree", head, env=env)
            self._must("update-index", "--add", *entries, "--force-remove", "--", *gone, env=env)
            tree = self._must("write-tree", env=env).out.strip()
        # Only `git commit` itself obeys commit.gpgSign.
        signs = self._git("config", "--type=bool", "--get", "commit.gpgSign").out.strip() == "true"
        arguments = ("commit-tree", *(["-S"] if signs else ()), "-p", head, "-F", "-", tree)
        return self._must(*CONFIGURED, *arguments, stdin=message.rstrip() + "\n").out.strip()

    def advance(self, commit: str) -> None:
        """Moves branch, index and work tree forward to the commit; already there is fine.

        Raises:
            DeployError: it is no fast-forward, or would overwrite a changed file (1); git is busy (75).
        """
        done = self._git("merge", "--ff-only", "--no-autostash", "--quiet", commit)
        if "index.lock" in done.err:
            raise DeployError(f"Another git command is at work in {self.root}: {done.reason}.", os.EX_TEMPFAIL)
        if done.code:
            files = " ".join(re.findall(r"^\t(.+)$", done.err, re.MULTILINE))
            raise DeployError(
                f"The work tree cannot be moved to the commit {commit[:12]}: {done.reason} {files}".rstrip()
                + ". Commit or stash the changes, or bring the branch up to date, and run it again.",
                FAILED,
            )

    def push(self, commit: str, branch: str, remote: str = "") -> None:
        """Pushes the commit to a branch of the remote (default: `remote()`).

        Raises:
            DeployError: there is no remote (78), it says no (1), or it cannot be reached (69).
        """
        remote = remote or self.remote()
        if not remote:
            raise DeployError("There is no remote to push to. Name one: `git remote add origin URL`.")
        target = f"{commit}:refs/heads/{branch}"
        done = self._git("push", "--porcelain", "--no-follow-tags", remote, target, timeout=PUSH_TIMEOUT)
        if not done.code:
            return
        status = re.search(r"^!\t\S+\t(.*)$", done.out, re.MULTILINE)
        if status or done.code == FAILED:
            said = "; ".join(re.findall(r"^remote: *(.*\S)", done.err, re.MULTILINE)) or done.reason
            raise DeployError(
                f"The push to {branch!r} of {remote!r} was refused: {status[1] if status else 'by a hook'}: {said}. "
                "Fetch and look what is there, or mend what it complains about.",
                FAILED,
            )
        raise DeployError(
            f"The remote {remote!r} cannot be pushed to: {done.reason}. Try again when it can be reached.",
            os.EX_UNAVAILABLE,
        )

    def push_upstream(self, commit: str) -> None:
        """Pushes the commit to the branch's upstream, else to the branch's own name.

        Raises:
            DeployError: as `push`, and where HEAD is detached (78).
        """
        branch = self.remote_branch()
        if not branch:
            raise DeployError("HEAD is detached, so there is no branch to push to. Check out the branch first.")
        self.push(commit, branch)

    def remote(self) -> str:
        """The upstream's remote, else `origin`, else an empty string."""
        found = self._upstream()[1].removeprefix(".")
        return found or ("origin" if "origin" in self._must("remote").out.split() else "")

    def remote_url(self) -> str:
        """The remote's URL, which may hold credentials; empty without a remote."""
        remote = self.remote()
        return self._must("remote", "get-url", remote).out.strip() if remote else ""

    def remote_branch(self) -> str:
        """The name that the branch has at its upstream, else its own; empty where HEAD is detached."""
        return self._upstream()[2].removeprefix("refs/heads/") or self.branch()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the repository's lock; it goes with the process, however that ends. It cannot be taken twice.

        Raises:
            DeployError: another process holds it (75).
        """
        file = self.common / "flask-k8s.lock"
        try:
            handle = file.open("a+")
        except OSError as err:
            raise DeployError(f"{file} cannot be opened: {err.strerror}. It must be writable.", FAILED) from err
        with handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as err:
                handle.seek(0)
                raise DeployError(
                    f"Process {handle.read().strip() or 'unknown'} is updating or promoting in this repository "
                    f"({file}). Wait until it is done.",
                    os.EX_TEMPFAIL,
                ) from err
            handle.truncate(0)
            handle.write(f"{os.getpid()}\n")
            handle.flush()
            yield

    def _fetch(self, remote: str, remote_ref: str, ref: str) -> bool:
        """Whether the remote has the ref; then it is fetched."""
        options = ("--quiet", "--no-tags", "--no-write-fetch-head")
        done = self._git("fetch", *options, remote, f"+{remote_ref}:{ref}", timeout=FETCH_TIMEOUT)
        if done.code and "couldn't find remote ref" not in done.err:
            raise DeployError(
                f"The remote {remote!r} cannot be fetched from: {done.reason}. What its branches are at is not known; "
                "try again when it can.",
                os.EX_UNAVAILABLE,
            )
        return not done.code

    def _upstream(self) -> tuple[str, str, str]:
        """The branch's upstream: its ref here, its remote, its ref there; all empty without one."""
        branch = self.branch()
        form = "--format=%(upstream)%00%(upstream:remotename)%00%(upstream:remoteref)"
        done = self._git("for-each-ref", form, f"refs/heads/{branch}") if branch else None
        ref, remote, there = done.out.strip().split("\0") if done and done.out else ("", "", "")
        return ref, remote, there
