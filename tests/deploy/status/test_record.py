"""An environment in a word, and the report as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from deploy.observe.live import Live
from deploy.status.record import Change, Environment, as_json
from tests.deploy.status.samples import ABSENT, AWAY, DRIFTED, FAILED, HEALTHY, REPORT, updates

HALF_WAY = Live("an image", replicas=3, ready=3, updated=1)
ONE_DOWN = Live("an image", replicas=3, ready=2, updated=3)
STUCK = Live("an image", replicas=1, ready=1, updated=1, available=1, total=2)
"""The one pod of the new template is not ready, and the old one serves."""
CHANGE = (Change("config", "replicas", "2", "3"),)


@pytest.mark.parametrize(
    ("environment", "condition"),
    [
        (HEALTHY, "healthy"),
        (DRIFTED, "drifted"),
        (FAILED, "failed"),
        (AWAY, "unknown"),
        (ABSENT, "not deployed"),
        (replace(ABSENT, unread=True, pinned="an image"), "unknown"),
        (replace(ABSENT, problem="it cannot be compared"), "not deployed"),
        (replace(HEALTHY, live=HALF_WAY), "degraded"),
        (replace(HEALTHY, live=ONE_DOWN), "degraded"),
        (replace(HEALTHY, live=ONE_DOWN, drift=CHANGE), "degraded"),
        (replace(HEALTHY, live=ONE_DOWN, updates=updates(1, result="failed")), "failed"),
        (replace(HEALTHY, live=STUCK), "degraded"),
        (replace(HEALTHY, live=Live(), drift=None), "degraded"),
        (replace(HEALTHY, drift=None, problem="no right to ask for drift"), "unknown"),
    ],
)
def test_an_environment_in_a_word(environment: Environment, condition: str) -> None:
    assert environment.condition == condition


def test_a_promoted_image_waits_to_be_deployed_only_where_it_is_pinned_and_another_one() -> None:
    assert FAILED.undeployed
    assert not DRIFTED.undeployed
    assert not HEALTHY.undeployed
    assert not replace(FAILED, unread=True, image="").undeployed


def test_the_json_has_every_field_and_the_condition() -> None:
    found = json.loads(as_json(REPORT))
    assert found["when"] == "2026-11-21T14:30:00Z"
    dev, test, staging, prod, _ = found["environments"]
    assert [it["condition"] for it in found["environments"]] == [
        *("healthy", "drifted", "failed", "unknown", "not deployed")
    ]
    assert dev["live"]["pods"][0]["ready"] is True
    assert dev["waiting"] is None
    assert test["waiting"]["commits"] == 3
    assert test["drift"][0]["new"] == "5"
    assert staging["frozen"]["who"] == "Bob Example <bob@example.com>"
    assert staging["updates"][0]["result"] == "failed"
    assert prod["drift"] is None
