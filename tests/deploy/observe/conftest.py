"""A stack whose cluster is a small API server, with its state in a folder, and an engine that is scripted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy import stack as stacks
from deploy.stack import Stack
from tests.engine.kubernetes.fake_api import FakeApi


@dataclass
class Engine:
    """Answers by the command's first two words, and writes down what it was asked."""

    answers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    name: str = "fake"

    def run(self, *words: str, stdin: str | None = None) -> int:
        raise AssertionError(f"only to be read from: {words}")

    def read(self, *words: str) -> str:
        self.asked.append(words)
        return self.answers[" ".join(words[:2])]


@pytest.fixture
def engine() -> Engine:
    """An engine without answers."""
    return Engine()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API server without objects."""
    with FakeApi() as started:
        yield started


@pytest.fixture
def stack(folder: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack `prod`, made in the file backend, on that server."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(json.dumps(api.kubeconfig()))
    (folder / "Pulumi.prod.yaml").write_text(
        f"config:\n  flask-k8s:context: fake\n  flask-k8s:kubeconfig: {kubeconfig}\n"
    )
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}/state")
    checkpoint = folder / "state/.pulumi/stacks/flask-k8s/prod.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text('{"version": 3, "checkpoint": {}}')
    return stacks.load(folder, "prod")
