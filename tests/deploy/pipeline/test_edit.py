"""Freezing and thawing in the file's text."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from deploy.errors import DeployError
from deploy.pipeline.edit import frozen
from deploy.pipeline.load import FILE, load
from deploy.pipeline.record import Freeze

FREEZE = Freeze(why="the fair", who="Ann <ann@example.com>", since="2025-01-31T12:00:00+00:00")
LINE = 'frozen: {why: "the fair", who: "Ann <ann@example.com>", since: "2025-01-31T12:00:00+00:00"}'
TEXT = """\
# The stages.
stages:
  # Builds.
  - stack: dev  # mine
    smoke:
      contains: 'Hello'   # the greeting

  # Takes what dev built.
  -   stack: "prod"
      gate: { soak: 30s }
# The end.
"""
FLOW = "stages: [{stack: dev, smoke: {}}, {stack: prod}]\n"


def test_only_one_line_is_added() -> None:
    after = frozen(TEXT, "dev", FREEZE)
    assert after == TEXT.replace("# mine\n", f"# mine\n    {LINE}\n")
    assert frozen(TEXT, "prod", FREEZE) == TEXT.replace('"prod"\n', f'"prod"\n      {LINE}\n')


@pytest.mark.parametrize("stack", ["dev", "prod"])
@pytest.mark.parametrize(
    "text", [TEXT, FLOW, TEXT.rstrip(), "stages:\n- stack: prod\n# next\n- stack: dev", "\n" + TEXT]
)
def test_thawing_gives_back_the_text_and_freezing_again_changes_the_reason(text: str, stack: str) -> None:
    once = frozen(text, stack, FREEZE)
    assert frozen(once, stack, FREEZE) == once
    assert frozen(frozen(text, stack, msgspec.structs.replace(FREEZE, why="x")), stack, FREEZE) == once
    assert frozen(once, stack, None) == text
    assert frozen(text, stack, None) == text


@pytest.mark.parametrize(
    ("before", "by_hand", "after"),
    [
        ("- stack: dev\n", "  frozen:\n    why: |\n      a\n\n    # b\n    who: c\n", "\n# d\n- stack: e\n"),
        ("- stack: dev\n", "  frozen:  # by none\n", "  gate: {}\n"),
        ("- stack: dev\n  smoke:\n    path: /\n  # c\n", "  frozen:\n    why: >\n      a\n", ""),
        ("- ", "frozen: {why: a}\n  ", "stack: dev\n"),
        ("- {", "frozen: {why: a}, ", "stack: dev}\n"),
        ("- {stack: dev", ", frozen: {why: a}", ", gate: {}}\n"),
    ],
)
def test_what_a_person_wrote_is_thawed(before: str, by_hand: str, after: str) -> None:
    assert frozen(f"stages:\n{before}{by_hand}{after}", "dev", None) == f"stages:\n{before}{after}"


@pytest.mark.parametrize(
    "why", ["yes", "1", "a: b # c", "'\"\\", "{x}", "é 😀", "a\nb", "\x07\x7f\x85\u2028", "x" * 999]
)
def test_any_reason_is_read_back_as_it_was(tmp_path: Path, why: str) -> None:
    freeze = msgspec.structs.replace(FREEZE, why=why)
    for text in (TEXT, FLOW):
        (tmp_path / FILE).write_text(frozen(text, "dev", freeze))
        assert load(tmp_path).stage("dev").frozen == freeze
        assert load(tmp_path).stage("prod").frozen is None


def test_an_unknown_stage_is_a_wrong_command() -> None:
    with pytest.raises(DeployError, match=r"no stage 'live'.*dev, prod") as caught:
        frozen(TEXT, "live", FREEZE)
    assert caught.value.code == os.EX_USAGE


def test_what_cannot_be_edited_is_left_to_a_person() -> None:
    text = f"stages:\n- &a\n  stack: dev\n  frozen: &f {{{LINE[9:-1]}}}\n- stack: prod\n  frozen: *f\n"
    with pytest.raises(DeployError, match="edit it by hand") as caught:
        frozen(text, "prod", None)
    assert caught.value.code == os.EX_CONFIG
