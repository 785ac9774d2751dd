"""The report in a terminal, wide and narrow."""

from __future__ import annotations

import re
from dataclasses import replace

from deploy.status.text import render
from tests.deploy.status.samples import HEALTHY, IMAGES, REPORT


def test_where_it_fits_it_is_a_table_with_a_row_for_each_environment() -> None:
    lines = render(REPORT).splitlines()
    assert lines[0].split() == ["ENVIRONMENT", "STATE", "VERSION", "DIGEST", "AGE", "READY", "DRIFT", "LAST", "UPDATE"]
    assert lines[1].split() == [
        *(
            "dev",
            "healthy",
            "333333333333",
            "111111111111",
            "3",
            "h",
            "2/2",
            "none",
            "12",
            "succeeded,",
            "3",
            "h",
            "ago",
        )
    ]
    assert lines[3].startswith("staging      failed, frozen  ")
    assert lines[5] == "prod-eu      not deployed"


def test_under_the_table_it_says_what_waits_and_why_it_cannot_come_yet() -> None:
    shown = render(REPORT)
    assert (
        "test:\n  what drifted: `.venv/bin/python -m deploy drift test`\n  3 commits wait in dev (333333333333)\n"
        in shown
    )
    assert "  another version waits in staging (sha256:777777777777), blocked:\n  - soak: 2h 5m of 1d are over" in shown
    assert "frozen by Bob Example <bob@example.com> since 2026-11-20: Black Friday" in shown
    assert "its file names sha256:777777777777, which is not deployed" in shown
    assert "does not answer" in shown


def test_what_another_tool_applies_from_git_is_told_so() -> None:
    applied = replace(HEALTHY, reconciled=True, updates=(), drift=None, pinned=IMAGES[1])
    shown = render(replace(REPORT, environments=(applied,)))
    assert shown.splitlines()[1].split()[-5:] == ["not", "asked", "applied", "from", "git"]
    assert shown.splitlines()[1].split()[1] == "healthy"
    assert shown.endswith("dev:\n  its file names sha256:aaaaaaaaaaaa, which is not applied yet")


def test_where_the_table_does_not_fit_each_environment_is_a_block_within_the_width() -> None:
    shown = render(REPORT, 60)
    assert max(map(len, shown.splitlines())) <= 60
    assert shown.startswith("dev: healthy\n  version      333333333333\n")
    assert "\n\nprod-eu: not deployed" in shown


def test_colour_adds_nothing_that_the_words_do_not_say() -> None:
    for width in (None, 60):
        painted = render(REPORT, width, colour=True)
        assert "\x1b[31mfailed, frozen" in painted
        assert re.sub(r"\x1b\[\d+m", "", painted) == render(REPORT, width)


def test_no_escape_sequence_of_anyone_else_reaches_the_terminal() -> None:
    assert "\x1b" not in render(REPORT)
    assert "taken" in render(REPORT)
