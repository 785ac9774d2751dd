"""The Go module's own checks; they share the build cache with the build of the parts."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from cluster import build

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("go") is None, reason="go is not on PATH"),
    pytest.mark.timeout(1200),
]


def go(*words: str) -> None:
    environment = os.environ | {"CGO_ENABLED": "0"}
    done = subprocess.run(
        ["go", *words], cwd=build.MODULE, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_vet() -> None:
    # Not the main package: the vet of all that it imports takes minutes, and its few lines are built anyway.
    go("vet", *build.FLAGS, "./forward", "./pause")


def test_forwarder() -> None:
    go("test", *build.FLAGS, "./forward")


def test_format() -> None:
    done = subprocess.run(["gofmt", "-l", build.MODULE], capture_output=True, text=True, check=True)
    assert done.stdout == ""
