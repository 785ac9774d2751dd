"""Commit messages as git reads them."""

from __future__ import annotations

import pytest

from deploy.promotion.message import message, short
from tests.deploy.promotion.world import World

DIGEST = "sha256:0123456789abcdef"


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (f"r.test:5000/a/b@{DIGEST}", "sha256:0123456789ab"),
        ("r.test/app:1", "r.test/app:1"),
        ("", "no image"),
    ],
)
def test_an_image_in_short(image: str, said: str) -> None:
    assert short(image) == said


def test_git_finds_the_trailers(world: World) -> None:
    text = message("chore: x", "", [("Image", "a"), ("Check", "one"), ("Check", "two\n  lines\t"), ("Nobody", "")])
    assert text == "chore: x\n\nImage: a\nCheck: one\nCheck: two lines\n"
    world.repo.advance(world.repo.commit_files({"new": ""}, text))
    commit = world.repo.commits("new")[0]
    assert (commit.subject, commit.trailers) == ("chore: x", {"Image": ["a"], "Check": ["one", "two lines"]})


def test_a_body_stands_between(world: World) -> None:
    assert message("s", "The body.", [("A", "b")]) == "s\n\nThe body.\n\nA: b\n"
    assert message("s", "", []) == "s\n"


def test_a_trailer_commands_no_terminal() -> None:
    assert message("s", "", [("Check", "a\x1b[31mb\x9b")]) == "s\n\nCheck: a [31mb\n"
