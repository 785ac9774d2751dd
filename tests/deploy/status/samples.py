"""A report with an environment of every kind, and with strings that would like to be markup or escape sequences."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from deploy.observe.history import Update
from deploy.observe.live import Live, Pod
from deploy.pipeline.record import Freeze
from deploy.status.record import Change, Environment, Report, Waiting

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
HOSTILE = '<script>document.title = "taken"</script>\x1b[31m & "quoted"'
IMAGES = [f"registry.example.com/team/flask-k8s@sha256:{digit * 64}" for digit in "1a7c"]
REVISIONS = [digit * 40 for digit in "3f9b"]


def pod(name: str, reason: str = "", restarts: int = 0) -> Pod:
    """Ready, unless there is a reason not to be."""
    return Pod(f"flask-k8s-{name}", not reason, "Running", restarts, reason)


def updates(count: int, **newest: object) -> tuple[Update, ...]:
    """One a day, newest first; `newest` changes that one's fields."""
    found = [
        Update(
            number=number,
            kind="update",
            result="succeeded",
            began=NOW - timedelta(days=count - number, hours=3, seconds=20),
            ended=NOW - timedelta(days=count - number, hours=3),
            image=IMAGES[number % 4],
            revision=REVISIONS[number % 4],
            who="Ann Example <ann@example.com>",
            message=f"feat: greet in {number} languages",
            config={"flask-k8s:replicas": "2"},
            dirty=False,
            changes={"update": 1, "same": 8},
        )
        for number in range(count, 0, -1)
    ]
    return (replace(found[0], **newest), *found[1:])  # type: ignore[arg-type]


HEALTHY = Environment(
    "dev",
    image=IMAGES[0],
    revision=REVISIONS[0],
    url="http://localhost:8080",
    since=NOW - timedelta(hours=3),
    live=Live(IMAGES[0], 2, 2, 2, 2, NOW, REVISIONS[0], (pod("7d4b9c6f5-x2x7k"), pod("7d4b9c6f5-p9q4z")), 2),
    drift=(),
    updates=updates(12),
    smoke="GET / is 200",
)
DRIFTED = replace(
    HEALTHY,
    stack="test",
    image=IMAGES[1],
    pinned=IMAGES[1],
    revision=REVISIONS[1],
    url="http://flask-k8s.flask-k8s-test.svc.cluster.local",
    since=NOW - timedelta(days=2),
    drift=(
        Change("Deployment flask-k8s", "spec.replicas", "2", "5", "kubectl-scale, 21 Nov 2026, 11:02 UTC"),
        Change("ConfigMap flask-k8s-config-1f9e", "", "present", "missing"),
    ),
    updates=updates(6),
    waiting=Waiting("dev", IMAGES[0], REVISIONS[0], 3),
    difference=(
        Change("config", "greeting", "Hello from dev", HOSTILE),
        Change("Deployment flask-k8s", "spec.template.spec.containers[app].resources.limits.memory", "128Mi", "256Mi"),
    ),
)
FAILED = replace(
    DRIFTED,
    stack="staging",
    image=IMAGES[1],
    pinned=IMAGES[2],
    live=Live(
        *(IMAGES[1], 3, 2, 1, 2, None, ""),
        (pod("6c8d7b5f4-aaaaa"), pod("6c8d7b5f4-bbbbb"), pod("84f6d9c7b-ccccc", HOSTILE, 7)),
        3,
    ),
    drift=(),
    updates=updates(4, result="failed", message=HOSTILE, who=HOSTILE),
    smoke="GET /health contains 'ok'",
    waiting=None,
    frozen=Freeze(
        why=f"Black Friday; ask {HOSTILE}", who="Bob Example <bob@example.com>", since="2026-11-20T08:00:00+00:00"
    ),
    url="javascript:alert(1)",
)
AWAY = replace(
    FAILED,
    stack="prod",
    live=None,
    drift=None,
    problem="The cluster of context 'eks-prod' does not answer at https://10.1.2.3:6443: timed out. Start it.",
    updates=updates(3),
    url="https://flask.example.com/a-rather-long-path/that-has-no-place-to-break/" + "x" * 80,
    smoke="",
    frozen=None,
    pinned=IMAGES[1],
    waiting=Waiting(
        "staging",
        IMAGES[2],
        "",
        None,
        ("soak: 2h 5m of 1d are over; try again in 21h 55m", "approval: needs --approved-by"),
    ),
)
ABSENT = Environment("prod-eu", smoke="GET / is 200", difference=())

REPORT = Report("flask-k8s", "embedded", NOW, (HEALTHY, DRIFTED, FAILED, AWAY, ABSENT))
CALM = replace(
    REPORT,
    environments=(
        HEALTHY,
        replace(DRIFTED, stack="staging", drift=()),
        replace(DRIFTED, stack="prod", drift=(), waiting=replace(AWAY.waiting or Waiting("", ""), commits=1)),
    ),
)
"""A pipeline as one would have it."""
