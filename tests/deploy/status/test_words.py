"""The words that the terminal and the page share."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deploy.status import words
from deploy.status.record import Waiting
from tests.deploy.status.samples import NOW


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (7200, "2 h"), (86400 * 40, "40 d")],
)
def test_a_time_is_told_in_its_largest_unit(seconds: int, says: str) -> None:
    assert words.ago(NOW - timedelta(seconds=seconds), NOW) == says


@pytest.mark.parametrize(
    ("commits", "says"),
    [(None, "another version waits"), (0, "another version waits"), (1, "1 commit waits"), (2, "2 commits wait")],
)
def test_what_waits(commits: int | None, says: str) -> None:
    assert words.waits(Waiting("dev", "an image", commits=commits)) == says
