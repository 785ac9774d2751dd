"""Which change and which job, by the variables of the service."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.ci import place
from deploy.ci.forges import GitHub, GitLab
from deploy.ci.place import Change, Job
from deploy.errors import DeployError

SHA = "a" * 40
PULL = {"number": 7, "pull_request": {"number": 7, "head": {"sha": SHA}}}


def github(folder: Path, event: Any, name: str = "pull_request") -> dict[str, str]:
    (folder / "event.json").write_text(event if isinstance(event, str) else json.dumps(event))
    return {
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
    }


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", ""])
def test_pull_request(tmp_path: Path, name: str) -> None:
    assert place.change(github(tmp_path, PULL, name)) == Change(7, SHA)


@pytest.mark.parametrize("name", ["push", "schedule", "workflow_dispatch"])
def test_other_event_has_no_change(tmp_path: Path, name: str) -> None:
    assert place.change(github(tmp_path, {"ref": "refs/heads/main"}, name)) is None


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("{", "it is no JSON"),
        ("", "it is no JSON"),
        ([], "`pull_request` with `number` and `head.sha`"),
        ({}, "none of a pull request"),
        ({"pull_request": None}, "none of a pull request"),
        ({"pull_request": {"number": "7", "head": {"sha": SHA}}}, "none of a pull request"),
        ({"pull_request": {"number": 0, "head": {"sha": SHA}}}, "none of a pull request"),
        ({"pull_request": {"number": 7, "head": {"sha": ""}}}, "none of a pull request"),
        ({"pull_request": {"number": 7, "head": []}}, "none of a pull request"),
    ],
)
def test_event_of_unknown_shape(tmp_path: Path, event: Any, words: str) -> None:
    with pytest.raises(DeployError, match=words) as raised:
        place.change(github(tmp_path, event))
    assert raised.value.code == os.EX_CONFIG
    assert "event.json (GITHUB_EVENT_PATH)" in str(raised.value)


@pytest.mark.parametrize("path", ["", "/nonexistent/event.json"])
def test_event_that_is_not_there(tmp_path: Path, path: str) -> None:
    with pytest.raises(DeployError, match=r"GITHUB_EVENT_PATH is not set|cannot be read: No such file"):
        place.change(github(tmp_path, PULL) | {"GITHUB_EVENT_PATH": path})


@pytest.mark.parametrize(
    ("more", "commit"),
    [({}, SHA), ({"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "b" * 40}, "b" * 40)],
    ids=["of the branch", "of merged results"],
)
def test_merge_request(more: dict[str, str], commit: str) -> None:
    env = {"CI_PROJECT_ID": "55", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": SHA, **more}
    assert place.change(env) == Change(7, commit)


@pytest.mark.parametrize("wrong", [{"CI_MERGE_REQUEST_IID": "x"}, {"CI_COMMIT_SHA": ""}])
def test_merge_request_of_unknown_shape(wrong: dict[str, str]) -> None:
    env = {"CI_PROJECT_ID": "55", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": SHA, **wrong}
    with pytest.raises(DeployError, match="they must be a number and a commit"):
        place.change(env)


def test_laptop() -> None:
    assert place.change({}) is None
    assert place.forge({"GITHUB_TOKEN": "x", "GITLAB_TOKEN": "y"}, "issues: write", "it", "wait") is None
    assert place.job({}) == Job()


def test_branch_pipeline_has_no_change() -> None:
    assert place.change({"CI_PROJECT_ID": "55", "CI_COMMIT_SHA": SHA}) is None


def test_forge_is_known_by_its_variables() -> None:
    env = {"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "x"}
    found = place.forge(env, "issues: write", "it", "wait")
    assert isinstance(found, GitHub)
    assert found.api.url == "https://api.github.com/repos/o/r"
    env = {"CI_PROJECT_ID": "55", "CI_API_V4_URL": "https://git.test/api/v4/", "GITLAB_TOKEN": "x"}
    other = place.forge(env, "issues: write", "it", "wait")
    assert isinstance(other, GitLab)
    assert other.api.url == "https://git.test/api/v4/projects/55"


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"GITHUB_REPOSITORY": "o/r"}, "GITHUB_TOKEN is not set; it at GitHub needs .*`issues: write`"),
        ({"CI_PROJECT_ID": "5", "CI_API_V4_URL": "https://git.test"}, "GITLAB_TOKEN is not set; .*scope `api`"),
    ],
)
def test_missing_token_says_which_permission(env: dict[str, str], words: str) -> None:
    with pytest.raises(DeployError, match=words) as raised:
        place.forge(env, "issues: write", "it", "wait")
    assert raised.value.code == os.EX_CONFIG


def test_job() -> None:
    env = {"GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "31", "GITHUB_SERVER_URL": "https://ghe.test/"}
    assert place.job(env) == Job(31, "https://ghe.test/o/r/actions/runs/31")
    assert place.job({"CI_PIPELINE_ID": "31", "CI_JOB_URL": "https://git.test/j/9"}) == Job(31, "https://git.test/j/9")
