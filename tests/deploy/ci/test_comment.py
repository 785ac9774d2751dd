"""One comment, whatever happens; and never an older commit's over a newer one's."""

from __future__ import annotations

import os

import pytest

from deploy.ci import comment
from deploy.ci.comment import MARKER, Stamp
from deploy.ci.forges import Text
from deploy.ci.place import Change
from deploy.errors import DeployError
from tests.deploy.ci.fake import HEAD, OTHER, CiForge

OLD, NEW = "1" * 40, "2" * 40


def write(server: CiForge, text: str = "text", commit: str = HEAD, run: int = 5) -> str | None:
    return comment.write(server.forge(), Change(7, commit), run, lambda moved: f"{text} {moved}".rstrip())


def body(text: str, commit: str = HEAD, run: int = 5) -> str:
    return f"{MARKER}\n<!-- commit={commit} run={run} -->\n{text}"


def test_is_written_then_updated(server: CiForge) -> None:
    server.say("Looks good!")
    page = write(server, "first")
    assert write(server, "second", run=6) == page
    assert page == f"http://{server.host}/" + ("2" if server.kind == "GitHub" else "mr/7#note_2")
    assert server.texts == ["Looks good!", body("second", run=6)]


def test_is_found_on_a_later_page(server: CiForge) -> None:
    for number in range(250):
        server.say(f"chat {number}")
    server.say(body("old"))
    write(server, "new")
    assert server.texts[250:] == [body("new")]


def test_line_ends_of_a_browser_do_not_hide_the_stamp(server: CiForge) -> None:
    server.say(body("newer", HEAD, 9).replace("\n", "\r\n"))
    assert write(server) is None


@pytest.mark.parametrize("more", [{}, {"user": None}])
def test_text_of_a_stranger_is_not_taken_for_the_comment(server: CiForge, more: dict[str, None]) -> None:
    server.say(body("no changes at all, trust me"), author=OTHER, **more)
    write(server, "ours")
    assert server.texts == [body("no changes at all, trust me"), body("ours")]


def test_colleagues_token_may_have_written_it() -> None:
    with CiForge("GitHub").serving() as server:
        server.say(body("old"), author=OTHER, author_association="MEMBER")
        write(server, "new")
        assert server.texts == [body("new")]


def test_note_of_the_system_is_none() -> None:
    with CiForge("GitLab").serving() as server:
        server.say(body("changed the description"), system=True)
        write(server, "new")
        assert len(server.comments) == 2


@pytest.mark.parametrize(
    ("known", "own", "written"),
    [
        ((OLD, 4), (HEAD, 5), True),
        ((OLD, 9), (HEAD, 5), True),  # pushed back to an older commit, whose run began earlier
        ((HEAD, 4), (OLD, 5), False),
        ((NEW, 6), (OLD, 5), False),
        ((OLD, 5), (NEW, 6), True),
        ((HEAD, 6), (HEAD, 5), False),
        ((HEAD, 5), (HEAD, 5), True),  # run again
        ((OLD, 0), (NEW, 0), True),
        (None, (OLD, 5), True),
    ],
)
def test_branch_that_moved(server: CiForge, known: tuple[str, int] | None, own: tuple[str, int], written: bool) -> None:
    if known:
        server.say(body("theirs", *known))
    page = write(server, "ours", *own)
    moved = "" if own[0] == HEAD else f" {HEAD}"
    assert server.texts == [body(f"ours{moved}", *own) if written else body("theirs", *(known or own))]
    assert (page is not None) == written


def test_answer_that_is_lost_makes_no_second_one(server: CiForge) -> None:
    server.lost = True
    assert write(server)
    assert len(server.comments) == 1
    assert server.slept == [1.0]


def test_token_that_may_not(server: CiForge) -> None:
    server.faults = [(403, {}, '{"message": "Resource not accessible by integration"}')]
    with pytest.raises(DeployError, match=f"{server.variable} needs the .*(`issues: write`|`api`)") as raised:
        write(server)
    assert raised.value.code == 1


@pytest.mark.parametrize("answers", [["{}"], ["[]"], ['{"head": {"sha": "x"}, "sha": "x"}', '{"message": "hm"}']])
def test_forge_that_is_none(server: CiForge, answers: list[str]) -> None:
    server.faults = [(200, {}, text) for text in answers]
    with pytest.raises(DeployError, match="does not answer as") as raised:
        write(server)
    assert raised.value.code == os.EX_UNAVAILABLE


def test_stamp_is_read_as_it_is_written() -> None:
    stamp = Stamp("abc", 3)
    assert Stamp.of(Text(1, f"{MARKER}\n{stamp}\n<!-- commit=other run=9 -->")) == stamp
    assert Stamp.of(Text(1, "nothing")) == Stamp("", 0)
