"""The files of a build context: their digest, as pulumi-docker computes it, and the archive that Docker gets.

Source: hashContext of pulumi-docker 5.2. Both see the same files, so that the digest says what was built.
"""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.docker.ignore import Filter, IgnoreError, Pattern, parse
from engine.provider import ProviderError

MTIME = 315_619_200
"""Every file's time in the archive (1980-01-02, the earliest that zip files can say): a checkout's times are chance."""
NO_MODE = "-" * 10
MAX_LINKS = 255


@dataclass(frozen=True)
class Entry:
    """One file or folder of the context."""

    name: str
    """Relative to the context, with `/`."""
    path: str
    """Where it is, relative to the working directory or absolute, as the context is."""
    info: os.stat_result

    @property
    def folder(self) -> bool:
        """Whether it is a folder (and no link to one)."""
        return stat.S_ISDIR(self.info.st_mode)


@dataclass(frozen=True)
class Context:
    """A build context, as the program names it: paths relative to the working directory, or absolute."""

    root: str
    dockerfile: str

    @property
    def inside(self) -> str:
        """The Dockerfile relative to the context; begins with `../` where it lies outside."""
        return os.path.relpath(os.path.realpath(self.dockerfile), os.path.realpath(self.root)).replace(os.sep, "/")

    def digest(self) -> str:
        """The contextDigest, in hex. Raises `ProviderError` for what cannot be read."""
        whole = hashlib.sha256()
        try:
            whole.update(_entry("Dockerfile", NO_MODE, _content(self.dockerfile)))
            for entry in self._walk():
                if not entry.folder:
                    whole.update(_entry(entry.name, mode_text(entry.info.st_mode), _hashed(entry)))
        except OSError as err:
            raise ProviderError(
                f"the build context {self.root!r} cannot be read: {err}. "
                "Correct its rights, or leave it out by .dockerignore."
            ) from err
        return whole.hexdigest()

    def pack(self, out: IO[bytes]) -> str:
        """Writes the archive and returns the Dockerfile's name in it."""
        inside = self.inside
        name = inside
        needed = {inside, f"{inside}.dockerignore", ".dockerignore"}
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            packed = set()
            for entry in self._walk():
                packed.add(entry.name)
                _add(archive, entry.path, entry.name)
            for extra in sorted(needed - packed):
                path = posixpath.join(self.root, extra)
                if not extra.startswith("../") and os.path.lexists(path):
                    _add(archive, path, extra)
            if inside.startswith("../"):
                name = ".dockerfile." + _content(self.dockerfile).hex()[:12]
                _add(archive, os.path.realpath(self.dockerfile), name)
        return name

    def _walk(self) -> Iterator[Entry]:
        """All that is not left out, in the order of Go's filepath.WalkDir: by name, a folder before its contents."""
        top = eval_links(self.root)
        return _below(top, self.root, "", Filter(self._patterns()), ())

    def _patterns(self) -> tuple[Pattern, ...]:
        for path in (f"{self.dockerfile}.dockerignore", posixpath.join(self.root, ".dockerignore")):
            try:
                return parse(Path(path).read_text(errors="surrogateescape"))
            except FileNotFoundError:
                continue
            except IgnoreError as err:
                raise ProviderError(f"{path}: {err}. Correct that line.") from err
        return ()


def _below(real: str, shown: str, name: str, rules: Filter, above: tuple[bool, ...]) -> Iterator[Entry]:
    for child in sorted(os.scandir(real), key=lambda found: os.fsencode(found.name)):
        path = f"{name}/{child.name}" if name else child.name
        info = child.stat(follow_symlinks=False)
        folder = stat.S_ISDIR(info.st_mode)
        out, hits = rules.judge(path, above)
        entry = Entry(path, posixpath.join(shown, child.name), info)
        if not out:
            if stat.S_ISLNK(info.st_mode):
                try:
                    eval_links(entry.path)
                except (FileNotFoundError, NotADirectoryError):
                    return  # as the provider's walk: a link to nothing ends its folder
            yield entry
        if folder and (not out or rules.enters(path)):
            yield from _below(child.path, entry.path, path, rules, hits)


def _entry(name: str, mode: str, content: bytes) -> bytes:
    return os.fsencode(name) + mode.encode() + content + b"\0"


def _hashed(entry: Entry) -> bytes:
    if stat.S_ISLNK(entry.info.st_mode):
        return hashlib.sha256(os.fsencode(eval_links(entry.path))).digest()
    if stat.S_ISREG(entry.info.st_mode):
        return _content(entry.path)
    return hashlib.sha256().digest()


def _content(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _add(archive: tarfile.TarFile, path: str, name: str) -> None:
    info = archive.gettarinfo(path, arcname=name)
    if info is None:
        return  # a socket: no archive can hold it
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mtime = MTIME
    if info.islnk():
        info.type, info.linkname = tarfile.REGTYPE, ""  # a second name of one file: as a file of its own
        info.size = os.stat(path).st_size
    if info.isreg():
        with Path(path).open("rb") as file:
            archive.addfile(info, file)
    else:
        archive.addfile(info)


def mode_text(mode: int) -> str:
    """A mode as Go's FileMode.String() prints it: `-rw-r--r--`, `Lrwxrwxrwx`, `urwxr-xr-x`."""
    flags = ""
    kinds = ((stat.S_ISDIR, "d"), (stat.S_ISLNK, "L"), (stat.S_ISBLK, "D"), (stat.S_ISCHR, "D"), (stat.S_ISFIFO, "p"))
    flags += "".join(letter for test, letter in kinds if test(mode))
    flags += "u" if mode & stat.S_ISUID else ""
    flags += "g" if mode & stat.S_ISGID else ""
    flags += "c" if stat.S_ISCHR(mode) else ""
    flags += "t" if mode & stat.S_ISVTX else ""
    rights = "".join(letter if mode & (1 << (8 - index)) else "-" for index, letter in enumerate("rwxrwxrwx"))
    return (flags or "-") + rights


def eval_links(path: str) -> str:
    """The path with every link resolved, relative if it was, as Go's filepath.EvalSymlinks gives it."""
    done = "/" if path.startswith("/") else ""
    todo = [part for part in path.split("/") if part]
    links = 0
    while todo:
        part = todo.pop(0)
        if part == ".":
            continue
        if part == "..":
            head, _, last = done.rpartition("/")
            if done in ("", "/") or last == "..":
                done = done if done == "/" else posixpath.join(done, "..")
            else:
                done = head or ("/" if done.startswith("/") else "")
            continue
        step = posixpath.join(done, part)
        if not os.path.islink(step):
            if not stat.S_ISDIR(os.lstat(step).st_mode) and todo:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), step)
            done = step
            continue
        links += 1
        if links > MAX_LINKS:
            raise OSError(f"too many links at {step}")
        target = os.readlink(step)
        if target.startswith("/"):
            done = "/"
        todo = [piece for piece in target.split("/") if piece] + todo
    return done or "."
