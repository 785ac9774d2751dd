"""One issue while there is drift, none open when there is none."""

from __future__ import annotations

from deploy.ci import issue
from deploy.ci.issue import MARKER, TITLE
from tests.deploy.ci.fake import OTHER, CiForge


def bodies(server: CiForge) -> list[tuple[str, str]]:
    """State and text of each."""
    key = "body" if server.kind == "GitHub" else "description"
    return [(it["state"].removesuffix("ed") if it["state"] != "closed" else "closed", it[key]) for it in server.issues]


def test_is_opened_updated_and_closed(server: CiForge) -> None:
    page = issue.keep(server.forge(), "one")
    assert issue.keep(server.forge(), "two") == page
    assert bodies(server) == [("open", f"{MARKER}\ntwo")]
    assert issue.close(server.forge(), "none left") == [page]
    assert bodies(server) == [("closed", f"{MARKER}\nnone left")]
    assert issue.close(server.forge(), "none left") == []
    assert issue.keep(server.forge(), "again") != page
    assert [state for state, _ in bodies(server)] == ["closed", "open"]


def test_other_issues_stay_as_they_are(server: CiForge) -> None:
    server.report(TITLE, "The drift command is slow")
    server.report("Drift of the clock", MARKER)
    server.report(TITLE, f"{MARKER}\nfake", author=OTHER)
    if server.kind == "GitHub":
        server.report(TITLE, f"{MARKER}\na pull request", pull_request={})
    before = bodies(server)
    assert issue.close(server.forge(), "clean") == []
    issue.keep(server.forge(), "ours")
    assert bodies(server) == [*before, ("open", f"{MARKER}\nours")]


def test_answer_that_is_lost_opens_no_second_one(server: CiForge) -> None:
    server.lost = True
    issue.keep(server.forge(), "one")
    assert len(server.issues) == 1


def test_two_that_were_opened_at_once_are_both_closed(server: CiForge) -> None:
    for text in "ab":
        server.report(TITLE, f"{MARKER}\n{text}")
    assert len(issue.close(server.forge(), "clean")) == 2
    assert [state for state, _ in bodies(server)] == ["closed", "closed"]
