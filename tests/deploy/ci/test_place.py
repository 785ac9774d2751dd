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


NO_PULL = r"event.json \(GITHUB_EVENT_PATH\) is none of a pull request: .*`pull_request` with `number` and `head.sha`"
NO_JSON = r"event.json \(GITHUB_EVENT_PATH\) cannot be read: it is no JSON"
NO_MERGE = "they must be a number and a commit"
MERGE = {"CI_PROJECT_ID": "55", "CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": SHA}


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    ("event", "env", "words"),
    [
        ("{", {}, NO_JSON),
        ("", {}, NO_JSON),
        ("[" * 100_000, {}, NO_JSON),
        ([], {}, NO_PULL),
        ({}, {}, NO_PULL),
        ({"pull_request": None}, {}, NO_PULL),
        ({"pull_request": {"number": "7", "head": {"sha": SHA}}}, {}, NO_PULL),
        ({"pull_request": {"number": 0, "head": {"sha": SHA}}}, {}, NO_PULL),
        ({"pull_request": {"number": 7, "head": {"sha": ""}}}, {}, NO_PULL),
        ({"pull_request": {"number": 7, "head": []}}, {}, NO_PULL),
        (PULL, {"GITHUB_EVENT_PATH": ""}, "GITHUB_EVENT_PATH is not set"),
        (PULL, {"GITHUB_EVENT_PATH": "/nonexistent/event.json"}, "cannot be read: No such file"),
        (None, MERGE | {"CI_MERGE_REQUEST_IID": "x"}, NO_MERGE),
        (None, MERGE | {"CI_COMMIT_SHA": ""}, NO_MERGE),
    ],
    ids=lambda it: str(it)[:40],
)
def test_event_of_unknown_shape(tmp_path: Path, event: Any, env: dict[str, str], words: str) -> None:
    with pytest.raises(DeployError, match=words) as raised:
        place.change((github(tmp_path, event) if event is not None else {}) | env)
    assert raised.value.code == os.EX_CONFIG


@pytest.mark.parametrize(
    ("more", "commit"),
    [({}, SHA), ({"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "b" * 40}, "b" * 40)],
    ids=["of the branch", "of merged results"],
)
def test_merge_request(more: dict[str, str], commit: str) -> None:
    assert place.change(MERGE | more) == Change(7, commit)


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


def test_job() -> None:
    env = {"GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "31", "GITHUB_SERVER_URL": "https://ghe.test/"}
    assert place.job(env) == Job(31, "https://ghe.test/o/r/actions/runs/31")
    assert place.job({"CI_PIPELINE_ID": "31", "CI_JOB_URL": "https://git.test/j/9"}) == Job(31, "https://git.test/j/9")
