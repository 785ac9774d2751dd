"""Which forge a remote's URL means, and where its API is."""

from __future__ import annotations

import pytest

from deploy.git.dialect import dialect


@pytest.mark.parametrize(
    ("remote", "env", "url"),
    [
        ("https://github.com/o/r.git", {}, "https://api.github.com/repos/o/r/pulls"),
        ("https://x:t@GitHub.com/o/r", {"GITHUB_API_URL": ""}, "https://api.github.com/repos/o/r/pulls"),
        ("ssh://git@ssh.github.com:443/o/r.git", {}, "https://api.github.com/repos/o/r/pulls"),
        ("git@github.com:o/r", {"GITHUB_API_URL": "https://ghe.org/api/v3"}, "https://api.github.com/repos/o/r/pulls"),
        ("git@ghe.org:o/r", {"GITHUB_API_URL": "https://ghe.org/api/v3/"}, "https://ghe.org/api/v3/repos/o/r/pulls"),
        ("git@o.ghe.com:o/r", {"GITHUB_API_URL": "https://api.o.ghe.com"}, "https://api.o.ghe.com/repos/o/r/pulls"),
        ("git@gitlab.com:g/s/r.git", {}, "https://gitlab.com/api/v4/projects/g%2Fs%2Fr/merge_requests"),
        (
            "https://git.org/g/r.git",
            {"CI_API_V4_URL": "https://git.org/api/v4", "GITHUB_API_URL": "https://api.github.com"},
            "https://git.org/api/v4/projects/g%2Fr/merge_requests",
        ),
    ],
)
def test_forge_is_known_by_the_host(remote: str, env: dict[str, str], url: str) -> None:
    found = dialect(remote, env, branch="b", base="main", text=("t", "b"))
    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    "remote", ["git@github.com.evil.org:o/r", "https://evil.org/github.com/o/r", "C:o/r", "https://[x/y"]
)
def test_no_token_goes_to_another_host(remote: str) -> None:
    env = {"GITHUB_API_URL": "https://api.github.com", "CI_API_V4_URL": "https://gitlab.com/api/v4"}
    assert dialect(remote, env, branch="b", base="main", text=("t", "b")) is None


def test_token_is_not_shown() -> None:
    found = dialect("git@github.com:o/r", {"GITHUB_TOKEN": "hidden"}, branch="b", base="main", text=("t", "b"))
    assert found
    assert "hidden" not in repr(found)
