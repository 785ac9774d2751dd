"""The gates of a promotion, each by what it lets through and by what it says."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, timezone

import pytest

from deploy.errors import DeployError
from deploy.pipeline import gates
from deploy.pipeline.gates import Check
from deploy.pipeline.record import Approval, Day, Freeze, Gate, Pipeline, Stage, Window

PIPELINE = Pipeline(stages=tuple(Stage(stack=name) for name in ("dev", "staging", "prod")))
NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)  # a Friday
OFFICE = Window(timezone="Europe/Berlin")


def prod(gate: Gate) -> Stage:
    return Stage(stack="prod", gate=gate)


def seen(check: Check, passed: bool, *says: str) -> None:
    assert check.passed is passed, check
    assert "\n" not in check.detail
    assert [text for text in says if text not in check.detail] == [], check


@pytest.mark.parametrize(
    ("source", "target", "skip", "passed", "says"),
    [
        ("dev", "staging", False, True, "staging comes next after dev"),
        ("dev", "prod", False, False, "staging lies between dev and prod; promote there first, or add --skip-stage"),
        ("dev", "prod", True, True, "staging was skipped by --skip-stage"),
        ("dev", "staging", True, True, "next"),
        ("prod", "staging", True, False, "staging does not come after prod"),
        ("prod", "dev", False, False, "rollback dev"),
        ("dev", "dev", True, False, "dev does not come after dev"),
    ],
)
def test_versions_go_forwards_stage_by_stage(source: str, target: str, skip: bool, passed: bool, says: str) -> None:
    seen(gates.order(PIPELINE, source, target, skip), passed, says)


@pytest.mark.parametrize(("source", "target"), [("dev", "live"), ("live", "prod")])
def test_an_unknown_stage_is_a_wrong_command(source: str, target: str) -> None:
    with pytest.raises(DeployError, match="'live'") as caught:
        gates.order(PIPELINE, source, target, skip_stage=False)
    assert caught.value.code == os.EX_USAGE


def test_a_frozen_stage_says_why_and_by_whom() -> None:
    freeze = Freeze(why="the fair\nis on", who="Ann <ann@example.com>", since="2025-01-30T08:00:00+00:00")
    seen(
        gates.frozen(Stage(stack="prod", frozen=freeze)), False, "the fair is on", "Ann", "2025-01-30", "unfreeze prod"
    )
    seen(gates.frozen(Stage(stack="prod")), True)


@pytest.mark.parametrize(
    ("seconds", "passed", "says"),
    [
        (None, False, "not known to be running"),
        (7200, True, "running for 2h, 2h asked"),
        (7199.5, False, "try again in 1s"),
        (30, False, "running for 30s, 2h asked; try again in 1h 59m"),
        (-60, False, "running for 0s"),  # the clocks differ
    ],
)
def test_a_version_soaks_in_the_stage_before(seconds: float | None, passed: bool, says: str) -> None:
    since = None if seconds is None else NOW - timedelta(seconds=seconds)
    seen(gates.soak(prod(Gate(soak="2h")), since, NOW), passed, says)


def test_no_soak_time_asks_nothing() -> None:
    seen(gates.soak(prod(Gate()), None, NOW), True)


@pytest.mark.parametrize(
    ("window", "now", "passed", "says"),
    [
        (None, NOW, True, "at any time"),
        (OFFICE, NOW, True, "fri 2025-01-31 13:00 Europe/Berlin is within the window, which closes at 17:00"),
        (OFFICE, NOW.replace(hour=8), True, "09:00"),
        (OFFICE, NOW.replace(hour=7, minute=59), False, "again from fri 2025-01-31 09:00"),
        (OFFICE, NOW.replace(hour=16), False, "fri 2025-01-31 17:00 Europe/Berlin is outside"),
        (OFFICE, NOW.replace(hour=16), False, "again from mon 2025-02-03 09:00"),
        (OFFICE, NOW.astimezone(timezone(timedelta(hours=-8))), True, "13:00"),
        (OFFICE, datetime(2025, 7, 4, 7, tzinfo=UTC), True, "09:00"),  # summer time
        (Window(days=("fri",)), NOW.replace(hour=18), False, "again from fri 2025-02-07 09:00 "),
        (Window(days=("fri",), start="00:00", end="24:00"), NOW.replace(hour=23, minute=59), True, "24:00"),
    ],
)
def test_a_window_is_in_its_own_time_zone(window: Window | None, now: datetime, passed: bool, says: str) -> None:
    seen(gates.window(prod(Gate(window=window)), now), passed, says.rstrip())


@pytest.mark.parametrize("day", ["mon", "sun"])
def test_a_window_lists_its_days(day: Day) -> None:
    monday = datetime(2025, 2, 3, 12, tzinfo=UTC)
    seen(gates.window(prod(Gate(window=Window(days=(day,)))), monday), day == "mon")


@pytest.mark.parametrize(
    ("approvers", "approved_by", "passed", "says"),
    [
        (("ann@example.com",), "ann@example.com", True, "approved by ann@example.com"),
        (("ann@example.com",), "Ann <Ann@Example.com>", True, "approved by Ann"),
        (("ann@example.com",), "bob@example.com", False, "no approver of prod; name ann@example.com by --approved-by"),
        (("ann@example.com",), None, False, "nobody has approved"),
        (("ann@example.com", "eve@example.com"), "eve@example.com", False, "is the author"),
        ((), "bob@example.com", True, "approved by bob@example.com"),
        ((), "Eve@example.com", False, "is the author; name anybody but the author"),
        ((), "", False, "nobody has approved"),
    ],
)
def test_another_person_than_the_author_approves(
    approvers: tuple[str, ...], approved_by: str | None, passed: bool, says: str
) -> None:
    stage = prod(Gate(approval=Approval(approvers=approvers)))
    seen(gates.approval(stage, approved_by, "Eve Adams <eve@example.com>"), passed, says)


def test_no_approval_asks_nobody() -> None:
    seen(gates.approval(prod(Gate()), None, "eve@example.com"), True)
