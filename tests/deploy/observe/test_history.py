"""A stack's updates: from what an engine prints, and what the file backend keeps beside it."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy import stack as stacks
from deploy.observe.history import Update, deployed_since, history
from deploy.stack import Stack
from tests.deploy.observe.conftest import Engine
from tests.deploy.observe.test_recorded import ROOT

PINNED = "r/x@sha256:2"


def entry(**changes: Any) -> dict[str, Any]:
    """An update as `stack history --json` prints it."""
    return {
        "version": 0,
        "kind": "update",
        "startTime": "2026-01-02T03:04:05.000Z",
        "message": "feat: more",
        "environment": {
            "git.head": "abc", "git.author": "A Person", "git.author.email": "a@example.com", "git.dirty": "true"
        },
        "config": {"flask-k8s:replicas": {"value": "3", "secret": False}, "flask-k8s:key": {"secret": True}},
        "result": "succeeded",
        "endTime": "2026-01-02T03:05:05.000Z",
        "resourceChanges": {"same": 9},
        **changes,
    }  # fmt: skip


def pinned(**changes: Any) -> dict[str, Any]:
    """An update with a pinned image."""
    return entry(config={"flask-k8s:image": {"value": PINNED, "secret": False}}, **changes)


def keep(stack: Stack, stamp: int, *, checkpoint: str | None) -> None:
    """Writes what the file backend keeps of one update."""
    folder = stack.project / "state/.pulumi/history/flask-k8s/prod"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"prod-{stamp}.history.json").write_text("{}")
    if checkpoint is not None:
        (folder / f"prod-{stamp}.checkpoint.json").write_text(checkpoint)


def test_an_update(stack: Stack, engine: Engine) -> None:
    engine.answers["stack history"] = json.dumps([entry()])
    assert history(stack, engine) == [
        Update(
            number=1,
            kind="update",
            result="succeeded",
            began=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            ended=datetime(2026, 1, 2, 3, 5, 5, tzinfo=UTC),
            image="",
            revision="abc",
            who="A Person <a@example.com>",
            message="feat: more",
            config={"flask-k8s:replicas": "3"},
            dirty=True,
            changes={"same": 9},
        )
    ]
    assert engine.asked == [("stack", "history", "--json", "--page-size", "0", "--stack", "prod")]


def test_numbers_and_images(stack: Stack, engine: Engine) -> None:
    engine.answers["stack history"] = json.dumps(
        [
            pinned(kind="destroy"),
            entry(),
            entry(environment=None, result="in-progress", endTime=None),
            pinned(),
            entry(),
        ]
    )
    built = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [ROOT]}}})
    for stamp, checkpoint in enumerate((built, built, None, "{", built)):
        keep(stack, stamp, checkpoint=checkpoint)
    found = history(stack, engine)
    assert [update.number for update in found] == [5, 4, 3, 2, 1], "the oldest is 1"
    assert [update.image for update in found] == ["", "", "", PINNED, "r/x@sha256:1"]
    running = found[2]
    assert (running.revision, running.who, running.dirty) == ("", "", False)
    assert running.ended == running.began


def test_compressed_copies(stack: Stack, engine: Engine) -> None:
    engine.answers["stack history"] = json.dumps([entry(), entry(), entry()])
    built = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [ROOT]}}})
    folder = stack.project / "state/.pulumi/history/flask-k8s/prod"
    folder.mkdir(parents=True)
    for stamp, content in ((98, gzip.compress(built.encode())), (99, gzip.compress(built.encode())[:-9])):
        (folder / f"prod-{stamp}.history.json.gz").touch()
        (folder / f"prod-{stamp}.history.json.gz.attrs").touch()
        (folder / f"prod-{stamp}.checkpoint.json.gz").write_bytes(content)
    keep(stack, 100, checkpoint=built)
    assert [update.image for update in history(stack, engine)] == ["r/x@sha256:1", "", "r/x@sha256:1"]


def test_another_backend_gives_numbers_and_previews(
    stack: Stack, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://pulumi.example.com")
    engine.answers["stack history"] = json.dumps([entry(version=9), entry(version=8, kind="preview")])
    assert [update.number for update in history(stack, engine)] == [9]


def test_a_stack_that_was_never_made_has_none(stack: Stack, engine: Engine) -> None:
    assert history(stacks.load(stack.project, "staging"), engine) == []
    assert not engine.asked


@pytest.mark.parametrize(
    ("updates", "hour"),
    [
        ([], None),
        (["a+"], 0),
        (["a+", "a+"], 0),
        (["b+", "a+", "a+"], 1),
        (["a-", "a+", "a+"], 1),
        (["a+", "b+", "a+"], 2),
        (["a+", "a-"], None),
        (["a+", "b+"], None),
    ],
)
def test_deployed_since(stack: Stack, engine: Engine, updates: list[str], hour: int | None) -> None:
    engine.answers["stack history"] = json.dumps([entry()])
    (sample,) = history(stack, engine)
    made = [
        replace(
            sample,
            image=text[0],
            result="succeeded" if text[1] == "+" else "failed",
            ended=datetime(2026, 1, 1, index, tzinfo=UTC),
        )
        for index, text in enumerate(updates)
    ]
    assert deployed_since(made[::-1], "a") == (None if hour is None else datetime(2026, 1, 1, hour, tzinfo=UTC))
    assert deployed_since(made[::-1], "") is None
