"""Pull requests at a GitHub and a GitLab which answer over HTTP and remember what they were asked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.git import open_pull_request
from deploy.git.forge import closed_pull_request, require_token
from tests.deploy.git.fake_forge import TOKEN, Forge


@pytest.fixture(params=["GitHub", "GitLab"])
def forge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Forge(request.param).serving() as made:
        yield made


def test_opens_one_then_updates_it(forge: Forge) -> None:
    assert forge.pull("first") == f"http://{forge.host}/pull/7"
    assert forge.pull("second") == f"http://{forge.host}/pull/7"
    assert [entry["title"] for entry in forge.open] == ["second"]
    assert forge.slept == []
    if forge.kind == "GitHub":
        pulls, find = "/api/repos/group/app/pulls", "?state=all&head=group%3Apromote%2Fprod&base=main"
        create = {"title": "first", "body": "body", "head": "promote/prod", "base": "main"}
        change = ("PATCH", f"{pulls}/7", {"title": "second", "body": "body"})
        assert forge.headers["Authorization"] == f"Bearer {TOKEN}"
    else:
        pulls = "/api/projects/group%2Fapp/merge_requests"
        find = "?state=all&source_branch=promote%2Fprod&target_branch=main"
        create = {"title": "first", "description": "body", "source_branch": "promote/prod", "target_branch": "main"}
        change = ("PUT", f"{pulls}/7", {"title": "second", "description": "body"})
        assert forge.headers["PRIVATE-TOKEN"] == TOKEN
    look = ("GET", pulls + find, None)
    assert forge.asked == [look, ("POST", pulls, create), look, change]


@pytest.mark.parametrize(
    "form", ["ssh://git@127.0.0.1:22/group/app.git", "git@127.0.0.1:group/app", "http://127.0.0.1/group/app/"]
)
def test_any_form_of_url_is_understood(forge: Forge, form: str) -> None:
    assert forge.pull(url=form)


@pytest.mark.parametrize("url", ["/srv/app.git", "../app", "file:///srv/app.git", "https://git.example.com/a/b", ""])
def test_plain_git_has_no_pull_requests(forge: Forge, url: str) -> None:
    assert open_pull_request(url, "b", "main", "t", "b", env=forge.env) is None
    assert forge.asked == []


def test_token_is_asked_for_beforehand(forge: Forge) -> None:
    remote = f"http://{forge.host}/group/app.git"
    require_token(remote, forge.env)
    del forge.env[forge.variable]
    with pytest.raises(DeployError, match=f"{forge.variable} is not set; a pull request at {forge.kind}") as raised:
        require_token(remote, forge.env)
    assert raised.value.code == os.EX_CONFIG
    assert "leave `--pr` out" in str(raised.value)
    for plain in ("/srv/app.git", ""):
        require_token(plain, forge.env)
    assert forge.asked == []


def test_netrc_does_not_replace_the_token(forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    forge.pull()
    assert forge.headers.get("Authorization") == (f"Bearer {TOKEN}" if forge.kind == "GitHub" else None)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"message": "Bad credentials"}, ["401", "Bad credentials", "_TOKEN needs"]),
        (403, {"error": "insufficient_scope", "error_description": "more"}, ["more; insufficient_scope", "needs"]),
        (404, {"message": "404 Project Not Found"}, ["404 Project Not Found", "needs"]),
        (409, {"message": ["Another open merge request\nalready exists"]}, ["Another open merge request already"]),
        (422, {"message": "Validation Failed", "errors": [{"field": "base", "code": "invalid"}]}, ["base; code: inv"]),
        (422, {"message": "Validation Failed", "errors": [{"message": "No commits"}]}, ["Failed; No commits)", "Mend"]),
        (400, {"message": {"base": ["is absent"]}}, ["base: is absent"]),
        (418, "<html>", ["418 ", "I'm a Teapot). Mend that"]),
        (301, {"message": "Moved Permanently"}, ["`git remote set-url`"]),
    ],
)
def test_is_refused(forge: Forge, status: int, body: Any, words: list[str]) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    forge.faults = [(200, {}, "[]"), (status, {}, text)]
    error = forge.refused()
    assert error.code == 1
    assert forge.slept == []
    for word in [forge.kind, *words]:
        assert word in str(error)


def test_answer_that_is_lost_opens_no_second_one(forge: Forge) -> None:
    forge.lost = True
    assert forge.pull()
    assert [method for method, _, _ in forge.asked] == [
        "GET",
        "POST",
        "GET",
        "PATCH" if forge.kind == "GitHub" else "PUT",
    ]
    assert len(forge.open) == 1


UNAVAILABLE: tuple[int, dict[str, str], str] = (503, {}, json.dumps({"message": "maintenance"}))
SECONDARY = (403, {"X-RateLimit-Remaining": "4000"}, '{"message": "You have exceeded a secondary rate limit."}')
SOON = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
LATER = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(10**10)}


@pytest.mark.parametrize(
    ("faults", "slept", "says"),
    [
        ([(502, {}, "<html>"), (200, {}, "[]"), (500, {}, "")], [1.0, 2.0], None),
        ([UNAVAILABLE] * 3, [1.0, 2.0], "503 Service Unavailable: maintenance. Try again in 4 s"),
        ([(429, {"Retry-After": "7"}, ""), (403, {"Retry-After": "8"}, "")], [7.0, 8.0], None),
        ([(429, {}, ""), (429, SOON, "")], [1.0, 0.0], None),
        ([(403, SOON, "")], [0.0], None),
        ([(429, {"Retry-After": "600"}, "")], [], "429 Too Many Requests. Try again in 600 s"),
        ([(403, LATER, "")], [], "403 Forbidden. Try again in "),
        ([SECONDARY], [60.0], None),
        ([SECONDARY] * 3, [60.0, 60.0], "403 Forbidden: You have exceeded a secondary rate limit. Try again in 60 s"),
        ([(0, {}, "")] * 3, [1.0, 2.0], "no answer within 0.2 s"),
    ],
    ids=str,
)
def test_rate_limits_and_faults(forge: Forge, faults: list[Any], slept: list[float], says: str | None) -> None:
    forge.faults = [*faults]
    if says is None:
        assert forge.pull()
    else:
        error = forge.refused(timeout=0.2 if "0.2" in says else 10)
        assert error.code == os.EX_UNAVAILABLE
        assert f"{forge.kind} cannot take the pull request for 'promote/prod' now: {says}" in str(error)
        assert "open it from 'promote/prod' to 'main' by hand" in str(error)
    assert forge.slept == slept


def test_is_away(forge: Forge) -> None:
    root = next(iter(forge.env))
    forge.env[root] = "http://127.0.0.1:1/api"
    error = forge.refused()
    assert (error.code, len(forge.slept)) == (os.EX_UNAVAILABLE, 2)
    assert "127.0.0.1:1 cannot be reached (ConnectionError)" in str(error)


@pytest.mark.parametrize("state", ["closed", "merged"])
def test_one_that_was_closed_is_found(forge: Forge, state: str) -> None:
    def closed() -> str:
        url = f"http://{forge.host}/group/app"
        return closed_pull_request(url, "promote/prod", "main", env=forge.env, sleep=forge.slept.append)

    assert closed() == ""
    page = forge.pull()
    assert closed() == ""
    forge.open[0]["state"] = state
    assert closed() == page
    forge.open[0] |= {"source_project_id": 1, "target_project_id": 2}
    assert closed() == "", "it is a fork's"
    assert closed_pull_request("/srv/app.git", "b", "main", env=forge.env) == ""


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("text", ["<html>", "{}", '[{"id": 1}]', '"x"', "[1]", "[" * 100_000])
def test_is_something_else(forge: Forge, text: str) -> None:
    forge.faults = [(200, {}, text)] * 2
    error = forge.refused()
    assert error.code == os.EX_UNAVAILABLE
    assert f"does not answer as {forge.kind}'s API does" in str(error)
