"""What tests do to repositories, by git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

FILE = "Pulumi.prod.yaml"


def git(folder: Path, *args: str) -> str:
    command = ["git", "-C", str(folder), *args]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


def commit(folder: Path, file: str, content: str, message: str = "change") -> str:
    (folder / file).write_text(content)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def clone(remote: Path, name: str, *options: str) -> Path:
    """The project's folder in a new clone whose user has that name."""
    folder = remote.parent / name
    git(remote.parent, "clone", "--quiet", *options, f"file://{remote}", str(folder))
    git(folder, "config", "user.name", name)
    git(folder, "config", "user.email", f"{name}@example.com")
    (folder / "project").mkdir(exist_ok=True)
    return folder / "project"
