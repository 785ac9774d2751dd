"""The context's digest is the one that the real provider computes; the archive holds the same files."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from engine.docker.context import Context, eval_links, mode_text
from engine.docker.ignore import Filter, IgnoreError, parse
from engine.provider import ProviderError


def write(root: Path, files: dict[str, str]) -> None:
    """Files with mode 0644; a value beginning with `->` is a link."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("->"):
            path.symlink_to(content[2:])
        else:
            path.write_text(content)
            path.chmod(0o644)


TREE = {
    "app/Dockerfile": "FROM scratch\n",
    "app/a.txt": "a",
    "app/a/b.txt": "b",
    "app/a-b.txt": "c",
    "app/z/.hidden": "d",
    "app/z/skip/me.pyc": "e",
    "app/link": "->a/b.txt",
    "app/up": "->../elsewhere",
    "elsewhere": "f",
}

# Made with pulumi-docker's own code (hashContext) and BuildKit's fsutil of 2025-06-05, from the same files.
VECTORS = {
    "": "7a7d88615086b3940d807d9c5dd45455c7a412f49d19279b3c3a42bc19e15cf0",
    "*.txt\n!a.txt\n": "6e6b4d699eae9295c2100727bce0c22f4d0d1d0deef9eab99c34c5d334c92470",
    "**/skip\n": "32a6e819c7f1d1d2fe4be9ee9875079f33086f594a6b23b358c7464eb1b19170",
    "z\n!z/.hidden\n": "20d62a08769f1cc3ed40a004eb0415545aa41a49edd23c8f5f8362bffd592a03",
    "# only these\n*\n!a\n": "12f9ea01219cbe90696fde2613e629c19c59470cd6a8c050b8d239f5552ddf49",
    "/a/\n**/*.pyc\n": "c8343216d39b76b1789fd8aacc21a7a524ae5cfbe47fd2a37e4ab043881d34f1",
}


@pytest.mark.parametrize("ignore", VECTORS)
@pytest.mark.parametrize("root", ["app", "./app"])
def test_the_digest_is_the_providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignore: str, root: str) -> None:
    write(tmp_path, TREE | ({"app/.dockerignore": ignore} if ignore else {}))
    monkeypatch.chdir(tmp_path)
    assert Context(root, "app/Dockerfile").digest() == VECTORS[ignore]


def test_an_ignore_file_of_the_dockerfile_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, TREE | {"app/.dockerignore": "*", "app/Dockerfile.dockerignore": ""})
    monkeypatch.chdir(tmp_path)
    assert (
        Context("app", "app/Dockerfile").digest() == "f2646ba9d349a8ca4ae877ec22c2c20a884c2117cea28a6fdae3b12185f11ca8"
    )


def test_mode_and_name_and_content_count_and_times_do_not(project: Path) -> None:
    context = Context("app", "app/Dockerfile")
    first = context.digest()
    os.utime(project / "app" / "main.py", (1, 1))
    assert context.digest() == first
    (project / "app" / "main.py").chmod(0o755)
    second = context.digest()
    (project / "app" / "main.py").rename(project / "app" / "other.py")
    assert len({first, second, context.digest()}) == 3


def test_the_archive_holds_what_is_not_ignored_and_always_the_dockerfile(project: Path) -> None:
    write(project, {"app/.dockerignore": "*\n!main.py\n", "app/secret.env": "canary", "app/empty/.keep": ""})
    out = io.BytesIO()
    assert Context("app", "app/Dockerfile").pack(out) == "Dockerfile"
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        members = archive.getmembers()
    assert {member.name for member in members} == {"main.py", "Dockerfile", ".dockerignore"}
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, 315_619_200)}


def test_a_dockerfile_outside_of_the_context_is_packed_under_a_name_of_its_own(project: Path) -> None:
    write(project, {"other/My.Dockerfile": "FROM scratch\n"})
    context = Context("app", "other/My.Dockerfile")
    assert context.inside == "../other/My.Dockerfile"
    out = io.BytesIO()
    name = context.pack(out)
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        assert name in archive.getnames()
        assert "Dockerfile" in archive.getnames(), "the context's own one is a file like any other"


def test_two_contexts_with_equal_files_make_equal_archives(project: Path) -> None:
    one, two = io.BytesIO(), io.BytesIO()
    Context("app", "app/Dockerfile").pack(one)
    os.utime(project / "app" / "main.py", (1, 1))
    Context("app", "app/Dockerfile").pack(two)
    assert one.getvalue() == two.getvalue()


def test_an_ignore_file_that_cannot_be_read_is_named(project: Path) -> None:
    write(project, {"app/.dockerignore": "[z-a]\n"})
    with pytest.raises(ProviderError, match=r"app/\.dockerignore: the pattern '\[z-a\]'"):
        Context("app", "app/Dockerfile").digest()


@pytest.mark.parametrize(
    ("pattern", "path", "out"),
    [
        ("foo", "foo", True),
        ("foo", "a/foo", False),
        ("**/foo", "a/b/foo", True),
        ("**/foo", "foo", True),
        ("a/**", "a/b", True),
        ("a/**", "a", False),
        ("*.py", "x.py", True),
        ("*.py", "a/x.py", False),
        ("a?c", "abc", True),
        ("[a-c]x", "bx", True),
        ("\\*", "*", True),
        ("\\*", "x", False),
        ("**", "anything/at/all", True),
    ],
)
def test_a_pattern_matches(pattern: str, path: str, out: bool) -> None:
    assert Filter(parse(pattern)).judge(path, ())[0] is out


def test_a_lone_exclamation_mark_is_refused() -> None:
    with pytest.raises(IgnoreError):
        parse("!\n")


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (0o100644, "-rw-r--r--"),
        (0o120777, "Lrwxrwxrwx"),
        (0o104755, "urwxr-xr-x"),
        (0o102644, "grw-r--r--"),
        (0o101600, "trw-------"),
        (0o010600, "prw-------"),
        (0o020600, "Dcrw-------"),
    ],
)
def test_a_mode_is_printed_as_go_does(mode: int, text: str) -> None:
    assert mode_text(mode) == text


def test_links_are_resolved_and_stay_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a/b/file": "", "a/link": "->b/../b", "far": f"->{tmp_path}/a", "loop": "->loop"})
    monkeypatch.chdir(tmp_path)
    assert eval_links("a/link/file") == "a/b/file"
    assert eval_links("far/b") == f"{tmp_path}/a/b"
    with pytest.raises(NotADirectoryError):
        eval_links("a/b/file/..")
    with pytest.raises(OSError, match="too many links"):
        eval_links("loop")
