"""A program, a state folder and a namespace, in which the steps are run by one engine or the other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

import cluster
from engine.backend.passphrase import SecretsManager
from engine.resource import wire
from tests import warm
from tests.conformance import objects, results, scrub
from tests.conformance.objects import Objects
from tests.conformance.programs import STACK, Program, Step

PASSPHRASE: Final = "conformance"
SALT: Final = "v1:QVZFqH5POzE=:v1:XITQeg/NXov+dsVq:8kO9ZrwLDYp7ydn7yvrWhFowrTsQ6w=="
FOLDER: Final = "/conformance"
"""Where a world is, in the recordings."""
EMBEDDED: Final = "engine"
CLI: Final = "pulumi"
Engine = str
"""One of both."""


@cache
def vault() -> SecretsManager:
    """What encrypts the secrets of every stack here."""
    return SecretsManager(SALT, PASSPHRASE)


@dataclass
class World:
    """Where a program is run."""

    program: Program
    folder: Path
    objects: Objects
    names: scrub.Names = field(default_factory=scrub.Names)

    @classmethod
    def make(cls, program: Program, node: cluster.Handout, folder: Path) -> World:
        """A new one: nothing deployed yet."""
        shutil.copytree(program.folder, folder / "program")
        (folder / "state/.pulumi").mkdir(parents=True)
        (folder / "state/.pulumi/meta.yaml").write_text("version: 1\n")
        own = Objects.prepare(node.bin / "kubectl", node.kubeconfig, f"conformance-{program.name}", folder)
        return cls(program, folder, own)

    def step(self, engine: Engine, step: Step, *, planned: bool = True) -> dict[str, Any]:
        """Runs a step; what it came to, as it is recorded. `planned`: with a preview beforehand."""
        for words, given in step.kubectl:
            self.objects.call(words.split(), given)
        found: dict[str, Any] = {"run": step.run}
        if planned and step.run.startswith("up"):
            found["plan"] = self.plan(engine, step)
        done = self.call(engine, step, f"{step.run} --yes --skip-preview --json")
        found["code"] = done.returncode
        found |= {"events": results.events(done.stdout), "changes": results.changes(done.stdout)}
        if done.returncode:
            found["errors"] = results.errors(done.stdout) or done.stderr.splitlines()
        latest = self.read(step.stack)
        self.names.learn(latest["resources"])
        found["checkpoint"] = [scrub.resource(it) for it in latest["resources"]]
        if pending := latest.get("pending_operations"):
            found["pending"] = [{**it, "resource": scrub.resource(it["resource"])} for it in pending]
        found["objects"] = []
        for each in self.objects.found():
            each["metadata"]["writers"] = scrub.writers(each)
            found["objects"].append(scrub.live(each))
        kept: dict[str, Any] = self.names.apply(_replaced(found, str(self.folder), FOLDER))
        return kept

    def plan(self, engine: Engine, step: Step) -> dict[str, Any]:
        """What a preview says of a step."""
        done = self.call(engine, step, f"preview{step.run.removeprefix('up')} --json")
        return results.plan(done.stdout) if done.stdout.startswith("{") else {"code": done.returncode}

    def call(self, engine: Engine, step: Step, words: str) -> subprocess.CompletedProcess[str]:
        """Runs an engine's command with the program as it is in the step."""
        self._configure(step)
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_") or engine == CLI}
        stack = () if "--stack" in words else ("--stack", STACK)
        arguments = [*words.split(), *stack, "-C", str(self.folder / "program")]
        environment = kept | {
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "KUBECONFIG": str(self.objects.kubeconfig),
            "PULUMI_BACKEND_URL": f"file://{self.folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "NO_COLOR": "1",
        }
        if engine == EMBEDDED:
            return warm.run("engine", arguments, warm.ROOT, environment)
        return subprocess.run(
            [engine, *arguments], cwd=warm.ROOT, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def _configure(self, step: Step) -> None:
        """Writes the stack's file: the program's own values and `edit`."""
        given = self.program.folder / f"Pulumi.{step.stack}.yaml"
        content = yaml.safe_load(given.read_text("utf-8")) if given.exists() else {"config": {}}
        content["encryptionsalt"] = SALT
        content["config"][f"{self.program.name}:edit"] = str(step.edit)
        (self.folder / "program" / given.name).write_text(yaml.safe_dump(content), encoding="utf-8")
        if not self._file(step.stack).exists():
            self.write(step.stack, [])

    def _file(self, stack: str) -> Path:
        return self.folder / "state/.pulumi/stacks" / self.program.name / f"{stack}.json"

    def read(self, stack: str) -> dict[str, Any]:
        """The stack's state, its secrets in plain text."""
        found: dict[str, Any] = _revealed(json.loads(self._file(stack).read_bytes())["checkpoint"]["latest"] or {})
        return {"resources": [], **found}

    def write(self, stack: str, resources: list[dict[str, Any]]) -> None:
        """Makes it the stack's state."""
        latest = {
            "manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""},
            "secrets_providers": {"type": "passphrase", "state": {"salt": SALT}},
            "resources": _hidden(resources),
        }
        checkpoint = {"stack": f"organization/{self.program.name}/{stack}", "latest": latest}
        self._file(stack).parent.mkdir(parents=True, exist_ok=True)
        self._file(stack).write_text(json.dumps({"version": 3, "checkpoint": checkpoint}))

    def restore(self, stacks: dict[str, list[dict[str, Any]]], recorded: list[dict[str, Any]]) -> None:
        """Takes what was recorded for the start of a step: the objects are made, then the states say so."""
        stacks = _replaced(stacks, FOLDER, str(self.folder))
        self.names = scrub.Names()
        found = self.objects.restore([it for states in stacks.values() for it in states], recorded)
        made = {objects.identity(it): it for it in found}
        for stack, states in stacks.items():
            for state in states:
                outputs = state.get("outputs") or {}
                if "kind" in outputs and (live := made.get(objects.identity(outputs))):
                    state["outputs"] = objects.fill(outputs, live)
            self.names.learn(states)
            self.write(stack, states)


def _replaced(value: Any, old: str, new: str) -> Any:
    return json.loads(json.dumps(value).replace(old, new))


def _revealed(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(wire.SIGNATURE) == wire.SECRET:
            return {wire.SIGNATURE: wire.SECRET, "plaintext": vault().decrypt(value["ciphertext"])}
        return {key: _revealed(item) for key, item in value.items()}
    return [_revealed(item) for item in value] if isinstance(value, list) else value


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(wire.SIGNATURE) == wire.SECRET:
            return {wire.SIGNATURE: wire.SECRET, "ciphertext": vault().encrypt(value["plaintext"])}
        return {key: _hidden(item) for key, item in value.items()}
    return [_hidden(item) for item in value] if isinstance(value, list) else value
