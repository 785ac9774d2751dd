"""A GitHub and a GitLab which answer over HTTP, an environment that is no CI service's, and a project."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.observe.live import Live
from tests.deploy.ci.fake import HEAD, CiForge
from tests.deploy.ci.samples import DIGEST

ROOT = Path(__file__).resolve().parents[3]
PREFIXES = ("GITHUB_", "GITLAB_", "CI_", "KUBECONFORM_", "PULUMI_")
NAMES = ("dev", "staging", "prod")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run in a CI service themselves."""
    for key in [key for key in os.environ if key.startswith(PREFIXES)]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(params=["GitHub", "GitLab"])
def server(request: pytest.FixtureRequest) -> Iterator[CiForge]:
    with CiForge(request.param).serving() as made:
        yield made


@pytest.fixture
def at(server: CiForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CiForge:
    """The job runs at a forge, for the change 7."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD}}}))
    more = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event), "GITHUB_RUN_ID": "31"}
    if server.kind == "GitLab":
        more = {"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": HEAD, "CI_PIPELINE_ID": "31"}
    for key, value in (server.env | more).items():
        monkeypatch.setenv(key, value)
    return server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three stacks with a pinned image, none of which runs yet."""
    folder = tmp_path / "project"
    folder.mkdir()
    for part in ("components", "config"):
        (folder / part).symlink_to(ROOT / part)
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, folder)
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"name": "far", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "far", "context": {"cluster": "far", "user": "me"}}
    kubeconfig.write_text(
        json.dumps({"clusters": [cluster], "contexts": [context], "users": [{"name": "me", "user": {"token": "t"}}]})
    )
    for name in NAMES:
        settle(folder, name, image=DIGEST)
    (folder / "pipeline.yaml").write_text(json.dumps({"stages": [{"stack": name} for name in NAMES]}))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://elsewhere")
    monkeypatch.setattr("deploy.promotion.checks.objects", lambda stack: [])
    monkeypatch.setattr("deploy.promotion.checks.live", lambda stack, recorded: Live())
    return folder


def settle(folder: Path, name: str, **values: object) -> None:
    """Writes a stack's file."""
    sealed = {"secure": "v1:AAAA:canary"}
    where = {"context": "far", "kubeconfig": str(folder.parent / "kubeconfig")}
    config = {"secretKey": sealed, "hashKey": sealed, **where, **values}
    file = folder / f"Pulumi.{name}.yaml"
    file.write_text(json.dumps({"config": {f"flask-k8s:{key}": value for key, value in config.items()}}))


class FakeEngine:
    """Prints what it is told to, as the CLI (from a process of its own) or as the embedded engine (from this one)."""

    def __init__(self, name: str = "pulumi", text: str = "", code: int = 0) -> None:
        self.name = name
        self.text = text
        self.code = code
        self.ran: list[tuple[str, ...]] = []
        self.passphrases: list[str | None] = []
        self.states: dict[str, str] = {}
        """What `stack export` prints, by stack; else nothing is deployed."""

    def run(self, *words: str, stdin: str | None = None) -> int:
        self.ran.append(words)
        self.passphrases.append(os.environ.get("PULUMI_CONFIG_PASSPHRASE"))
        if self.name == "pulumi":
            os.write(1, self.text.encode())
        else:
            print(self.text)
        return self.code

    def read(self, *words: str) -> str:
        return self.states.get(words[-1], json.dumps({"deployment": None}))
