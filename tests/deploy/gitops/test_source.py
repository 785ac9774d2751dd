"""Where the repository is: said, remembered, or git's remote; and never with a password."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.gitops.source import RECORD, source


def repository(folder: Path, remote: str = "") -> Path:
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    if remote:
        subprocess.run(["git", "remote", "add", "origin", remote], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("HTTPS://[::1]:8443/app~1/%20", "https://[::1]:8443/app~1/%20"),
        ("https://git.example.com/team/app.git", "https://git.example.com/team/app.git"),
        ("https://user:hunter2@git.example.com:8443/app", "https://git.example.com:8443/app"),
        ("https://token@git.example.com/app?x=hunter2#y", "https://git.example.com/app"),
        ("git@git.example.com:team/app.git", "ssh://git@git.example.com/team/app.git"),
        ("git.example.com:team/app.git", "ssh://git@git.example.com/team/app.git"),
        ("ssh://me:hunter2@git.example.com:22/app", "ssh://me@git.example.com:22/app"),
        ("http://127.0.0.1:8080/app.git", "http://127.0.0.1:8080/app.git"),
    ],
)
def test_a_remote_is_taken_as_the_tools_take_it(tmp_path: Path, given: str, taken: str) -> None:
    assert source(repository(tmp_path, given), {}, None, None).url == taken
    assert source(tmp_path, {}, given, None).url == taken


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/srv/app.git",
        "file:///srv/app.git",
        "ftp://u:hunter2@host/app",
        "https://[x",
        "https:///app?token=hunter2",
        "https://x y/app",
        "https://host/{{z}}",
        "https://host:port/app",
        "ssh://a{{b}}@host/app",
        'https://host/a"b',
        "https://host/app\nspec: 1",
    ],
)
def test_what_no_cluster_can_read_is_refused_with_the_mend(tmp_path: Path, remote: str) -> None:
    with pytest.raises(DeployError, match="--repository https://HOST/PATH") as raised:
        source(repository(tmp_path, remote), {}, None, None)
    assert raised.value.code == 78
    assert "hunter2" not in str(raised.value)


def test_what_was_said_once_is_kept(tmp_path: Path) -> None:
    before = {RECORD: "spec: {url: 'https://git.example.com/one', ref: {branch: live}}"}
    repository(tmp_path, "https://git.example.com/other")
    kept = source(tmp_path, before, None, None)
    assert (kept.url, kept.branch) == ("https://git.example.com/one", "live")
    said = source(tmp_path, before, "https://git.example.com/two", "next")
    assert (said.url, said.branch) == ("https://git.example.com/two", "next")


@pytest.mark.parametrize("text", ["", "{", "- 1", "spec: 1", "spec: {ref: 1, url: }"])
def test_a_spoilt_record_is_as_none(tmp_path: Path, text: str) -> None:
    repository(tmp_path, "https://git.example.com/other")
    assert source(tmp_path, {RECORD: text}, None, None).url == "https://git.example.com/other"


@pytest.mark.parametrize(
    "branch", ["-x", "a b", "main\nspec: 1", "a..b", "a/", "/a", "a//b", "a.lock", "a/.b", "a.", "a{{b}}"]
)
def test_a_branch_is_a_name(tmp_path: Path, branch: str) -> None:
    with pytest.raises(DeployError, match="--branch"):
        source(repository(tmp_path), {}, "https://git.example.com/app", branch)


def test_a_project_in_a_subfolder_is_said_so(tmp_path: Path) -> None:
    project = repository(tmp_path, "https://git.example.com/app") / "apps" / "web"
    project.mkdir(parents=True)
    found = source(project, {}, None, None)
    assert found.prefix == "apps/web/"


def test_without_git_the_url_must_be_given(tmp_path: Path) -> None:
    assert source(tmp_path, {}, "https://git.example.com/app", None).prefix == ""
    with pytest.raises(DeployError):
        source(tmp_path, {}, None, None)
