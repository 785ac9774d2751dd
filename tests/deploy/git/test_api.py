"""What all errands at a forge share; the waits and the refusals are in test_forge.py."""

from __future__ import annotations

import os

import pytest

from deploy.errors import DeployError
from deploy.git.api import Api, LaterError, github, gitlab


def api(kind: str, **env: str) -> Api:
    if kind == "GitHub":
        url = "https://git.test/api/v3/"
        return github(url, "o/r", env, permission="issues: write", what="the issue", instead="write it down")
    return gitlab("https://git.test/api/v4", "7", env, what="the issue", instead="write it down")


@pytest.mark.parametrize(
    ("token", "state"),
    [
        (None, "is not set"),
        (" \n", "is not set"),
        ("very\nhidden", "holds a line end"),
        ("very hidden", "holds a line end, a space"),
        ("very-hidd\u00e9n", "or a letter that no token has"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "variable", "permission"),
    [("GitHub", "GITHUB_TOKEN", "`issues: write`"), ("GitLab", "GITLAB_TOKEN", "the scope `api`")],
)
def test_missing_token_says_which_permission(
    kind: str, variable: str, permission: str, token: str | None, state: str
) -> None:
    with pytest.raises(DeployError) as raised:
        api(kind).require_token({} if token is None else {variable: token})
    assert raised.value.code == os.EX_CONFIG
    for words in (variable, state, f"the issue at {kind} needs", permission, "or write it down"):
        assert words in str(raised.value)
    assert "very" not in str(raised.value)
    api(kind).require_token({variable: "x\n"})


def test_urls_begin_with_the_project() -> None:
    assert api("GitHub").url == "https://git.test/api/v3/repos/o/r"
    assert api("GitLab").url == "https://git.test/api/v4/projects/7"


@pytest.mark.parametrize("kind", ["GitHub", "GitLab"])
def test_token_is_not_shown(kind: str) -> None:
    made = api(kind, GITHUB_TOKEN="very-hidden", GITLAB_TOKEN="very-hidden")
    assert "very-hidden" in str(made.headers)
    assert "very-hidden" not in repr(made)


@pytest.mark.parametrize(("kind", "setting"), [("GitHub", "GITHUB_API_URL"), ("GitLab", "CI_API_V4_URL")])
def test_answer_of_unknown_shape_names_the_setting(kind: str, setting: str) -> None:
    with pytest.raises(DeployError, match=f"does not answer as {kind}'s API does. Look at {setting}") as raised:
        api(kind).errand(lambda: int("<html>"))
    assert raised.value.code == os.EX_UNAVAILABLE


def test_errand_begins_again_from_its_start() -> None:
    tries: list[int] = []

    def run() -> str:
        tries.append(1)
        if len(tries) < 2:
            raise LaterError("busy", 0.0)
        return "done"

    assert api("GitHub").errand(run) == "done"
