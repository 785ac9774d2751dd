"""A copy of the project that a test may edit, and the commands that a user would run in it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

import cluster
from tests import warm

ROOT = Path(__file__).resolve().parents[2]
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
"""Which of the workers that share the cluster this is: their folders have the same names."""


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    def ok(self) -> Ran:
        assert self.code == 0, self.text
        return self


@dataclass
class Project:
    """The copy, its stack `test`, and the cluster it deploys to."""

    folder: Path
    node: cluster.Handout
    passphrase: str
    stack: str = "test"
    extra: dict[str, str] = field(default_factory=dict)
    """Environment of every command, over the defaults."""
    cold: bool = False
    """Whether each command loads all that it needs, as a user's does."""

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "ENGINE": os.environ.get("TEST_ENGINE", "embedded"),
            "PULUMI_BACKEND_URL": f"file://{self.state}",
            "PULUMI_CONFIG_PASSPHRASE": self.passphrase,
            "DOCKER_HOST": self.node.docker_host,
            "NO_COLOR": "1",
            **self.extra,
        }

    @property
    def state(self) -> Path:
        folder = self.folder.parent / f"{self.folder.name}-state"
        folder.mkdir(exist_ok=True)
        return folder

    def deploy(self, *words: str, stdin: str | None = None, timeout: float = 240) -> Ran:
        """`python -m deploy ...` in the copy."""
        given = stdin or ""
        if self.cold:
            done = subprocess.run(
                self.command(*words), cwd=self.folder, env=self.env, input=given, timeout=timeout,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        else:
            done = warm.run("deploy", words, self.folder, self.env, given=given, timeout=timeout)
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The same in the background, in a process group of its own."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "deploy", *words]

    def up(self, timeout: float = 240) -> Ran:
        return self.deploy("up", self.stack, "--yes", timeout=timeout)

    @property
    def outputs(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.deploy("outputs", self.stack, "--json").ok().out)
        return found

    @property
    def config(self) -> dict[str, Any]:
        """The stack's file, to be changed by `configure`."""
        content: dict[str, Any] = yaml.safe_load((self.folder / f"Pulumi.{self.stack}.yaml").read_text("utf-8"))
        return content

    def configure(self, **values: object) -> None:
        """Writes keys into the stack's file; None takes one out."""
        content = self.config
        for key, value in values.items():
            if value is None:
                content["config"].pop(f"flask-k8s:{key}", None)
            else:
                content["config"][f"flask-k8s:{key}"] = value
        (self.folder / f"Pulumi.{self.stack}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    @property
    def namespace(self) -> str:
        return str(self.config["config"]["flask-k8s:namespace"])

    def kubectl(self, *words: str, stdin: str | None = None, timeout: float = 60) -> str:
        """The built kubectl, in the stack's namespace."""
        done = subprocess.run(
            [
                str(self.node.bin / "kubectl"),
                "--kubeconfig",
                str(self.node.kubeconfig),
                "--context",
                self.node.context,
                "--namespace",
                self.namespace,
                *words,
            ],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def discard(self) -> None:
        """Deletes what was deployed, without waiting for the pods' orderly end; the state goes with the test."""
        self.kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false")

    def objects(self, *words: str) -> list[dict[str, Any]]:
        """`kubectl get ... -o json` as a list."""
        items: list[dict[str, Any]] = json.loads(self.kubectl("get", *words, "-o", "json"))["items"]
        return items

    def pods(self) -> list[dict[str, Any]]:
        """The app's pods that are not being deleted."""
        found = self.objects("pods", "-l", "app.kubernetes.io/name=flask-k8s")
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def git(self, *words: str) -> str:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        done = subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commits everything; returns the revision."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")


def make_project(folder: Path, node: cluster.Handout) -> Project:
    """A copy of the working tree as a repository of its own, with a stack `test` on the given cluster."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    copy = Project(folder, node, passphrase=secrets.token_urlsafe(24))
    copy.git("init", "--quiet", "--initial-branch", "main")
    copy.commit("The project as it is under test")
    stack = {
        "context": node.context,
        "kubeconfig": str(node.kubeconfig),
        "registry": node.registry,
        "baseImage": f"{node.registry}/python:3.11",
        "buildNetwork": "host",
        "namespace": f"{node.context}-{WORKER}-{folder.name}",
        "servicePort": free_port(),
        "replicas": 1,
        "rolloutTimeout": 60,
    }
    content = {"config": {f"flask-k8s:{key}": value for key, value in stack.items()}}
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    for key in ("secretKey", "hashKey"):
        copy.deploy("config", "test", "set", key, "--secret", stdin=secrets.token_urlsafe(32)).ok()
    return copy


def run_cluster(verb: str, profile: str) -> cluster.Handout:
    """`python -m cluster VERB`, as a user runs it; what the cluster then hands out (or did, before a `down`)."""
    before = cluster.handout(profile)
    subprocess.run([sys.executable, "-m", "cluster", verb, "--profile", profile], cwd=ROOT, check=True, timeout=1500)
    return cluster.handout(profile) or before  # type: ignore[return-value]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, timeout: float = 5) -> tuple[int, str]:
    """GET by a client of its own; (status, body)."""
    with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310 - loopback only
        return answer.status, answer.read().decode()


def until(check: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Waits for a condition, in short steps; fails with `what` when the time is over."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(0.2)
