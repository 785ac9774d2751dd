"""A project, a state folder and a fake cloud in a temporary folder, and the engine run on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import warm

_CLOUD = """
import pulumi

class Thing(pulumi.CustomResource):
    name: pulumi.Output[str]
    token: pulumi.Output[str]

    def __init__(self, label, opts=None, **props):
        super().__init__("fake:index:Thing", label, {"name": None, "token": None, **props}, opts)

class Cloud(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("fake", name, props, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("demo:index:Group", name, None, opts)

Opts = pulumi.ResourceOptions
"""
_PROJECT = """\
name: demo
runtime: python
config:
  size: {type: integer, default: 1}
"""


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All it printed."""
        return self.out + self.err


@dataclass
class World:
    """Everything a command needs; the stack is `dev`."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    module: str = "tests.engine.launcher"
    """What is run by each command."""

    def __post_init__(self) -> None:
        for name in ("project", "cloud", "state", "home"):
            (self.folder / name).mkdir()
        self.write("Pulumi.yaml", _PROJECT)
        self.write("cloud.py", _CLOUD)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "PYTHONPATH": str(warm.ROOT),
            "PYTHONWARNINGS": "error",
            "PULUMI_BACKEND_URL": f"file://{self.folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "open sesame",
            "PULUMI_STACK": "dev",
            "FAKE_CLOUD": str(self.cloud),
        }

    @property
    def project(self) -> Path:
        """The folder of Pulumi.yaml."""
        return self.folder / "project"

    @property
    def cloud(self) -> Path:
        """Where the fake objects are."""
        return self.folder / "cloud"

    @property
    def checkpoint(self) -> Path:
        """The stack's checkpoint file."""
        return self.folder / "state/.pulumi/stacks/demo/dev.json"

    def write(self, name: str, text: str) -> None:
        """Writes a file of the project."""
        (self.project / name).write_text(textwrap.dedent(text))

    def program(self, text: str) -> None:
        """Sets the program; what `cloud.py` defines is imported."""
        self.write("__main__.py", "from cloud import *\n" + textwrap.dedent(text))

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            [sys.executable, "-m", self.module, *arguments],
            cwd=self.project, env=self.environment, text=True, stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, **environment: str) -> Ended:
        """Runs a command to its end."""
        done = warm.run(self.module, arguments, self.project, {**self.environment, **environment}, timeout=40)
        return Ended(done.returncode, done.stdout, done.stderr)

    def up(self, *arguments: str) -> Ended:
        """An update that must go well."""
        ended = self.run("up", "--skip-preview", *arguments)
        assert (ended.code, ended.err) == (0, ""), ended.text
        return ended

    def init(self) -> None:
        """Makes the stack."""
        ended = self.run("stack", "init")
        assert ended.code == 0, ended.text

    def latest(self) -> dict[str, Any]:
        """The deployment in the checkpoint."""
        latest: dict[str, Any] = json.loads(self.checkpoint.read_text())["checkpoint"].get("latest", {})
        return latest

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources in the checkpoint that are not to be deleted, by name."""
        return {raw["urn"].split("::")[3]: raw for raw in self.latest().get("resources", ()) if not raw.get("delete")}

    def calls(self) -> list[str]:
        """What the provider was asked to do since the last time, such as `create a`."""
        log = self.cloud / "calls.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def objects(self) -> list[str]:
        """The names of what exists in the fake cloud."""
        return sorted(path.stem for path in self.cloud.glob("*.json"))


def end(process: subprocess.Popen[str], timeout: float = 40) -> Ended:
    """Waits for a command."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the command hangs:\n{out}{err}") from None
    return Ended(process.returncode, out, err)


def until(condition: Callable[[], object], what: str, timeout: float = 20) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.02)
