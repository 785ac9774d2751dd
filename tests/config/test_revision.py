import subprocess
from pathlib import Path

import pytest

from config.revision import revision


def git(folder: Path, *args: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *args]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_is_the_last_commit_that_touched_the_folder(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    assert revision(repository / "app") == first
    (repository / "README").write_text("unrelated")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "second")
    assert revision(repository / "app") == first


@pytest.mark.parametrize("file", ["main.py", "new.py"])
def test_a_dirty_folder_is_unknown(repository: Path, file: str) -> None:
    (repository / "app" / file).write_text("2")
    assert revision(repository / "app") == "unknown"


def test_dirt_elsewhere_does_not_matter(repository: Path) -> None:
    (repository / "README").write_text("unrelated")
    assert revision(repository / "app") != "unknown"


def test_no_repository_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert revision(tmp_path) == "unknown"


def test_no_commit_is_unknown(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert revision(tmp_path) == "unknown"


def test_no_git_is_unknown(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert revision(repository / "app") == "unknown"
