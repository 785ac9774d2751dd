"""Runs the jobs of CI services on this machine, on a bare repository: GitHub's by act, GitLab's line by line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from deploy.ci.schemas import LOCATION
from tests.integration.project import ROOT, Ran
from tests.integration.schemas import schemas
from tests.integration.stages import NAMES, Stages
from tests.integration.tools import go_tool

WORKFLOWS = Path(".github/workflows")
REPOSITORY = "group/app"
TOKEN = "very-hidden"
MAKE = """\
#!/bin/sh
case "$*" in ".venv/run" | "lint unit") echo "made $*" ;; *) echo "make $*?" >&2; exit 2 ;; esac
"""
"""In place of make: the packages are there, and `make test` is what runs this."""
PROGRAMS = (
    ("cosign", "github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3"),
    ("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform", "v0.8.0"),
    ("syft", "github.com/anchore/syft/cmd/syft", "v1.52.0"),
)
"""What docs/ci.md asks of a self-hosted runner."""


def files() -> list[Path]:
    """The workflows and the action that they share."""
    return [*sorted((ROOT / WORKFLOWS).glob("*.yml")), ROOT / ".github/actions/setup/action.yml"]


def actions() -> set[tuple[str, str, str]]:
    """Every action that the workflows take from elsewhere: its repository, its folder there, the commit."""
    return set(re.findall(r"uses: ([\w-]+/[\w-]+)([\w./-]*)@(\w+)", "".join(it.read_text() for it in files())))


@dataclass
class Runner:
    """A self-hosted runner."""

    stages: Stages
    tools: Path
    """First on PATH; with two key pairs, and an action that fails, since what is for hosted runners is not to run."""
    api: str
    """URL of GitHub's API."""
    folder: Path

    @classmethod
    def make(cls, stages: Stages, tools: Path, api: str, folder: Path) -> Runner:
        """A runner with its programs; `tools` and `folder` are empty folders."""
        (tools / "make").write_text(MAKE)
        (tools / "make").chmod(0o755)
        for name, module, version in PROGRAMS:
            (tools / name).symlink_to(go_tool(name, module, version))
        for name in ("cosign", "other"):
            words = [str(tools / "cosign"), "generate-key-pair", "--output-key-prefix", name]
            subprocess.run(words, cwd=tools, env=os.environ | {"COSIGN_PASSWORD": ""}, check=True)
        for place in {"", *(part for _, part, _ in actions())}:
            action = tools / "action" / place.lstrip("/") / "action.yml"
            action.parent.mkdir(parents=True, exist_ok=True)
            action.write_text("name: none\nruns: {using: composite, steps: [{run: exit 1, shell: bash}]}\n")
        return cls(stages, tools, api, folder)

    @property
    def environment(self) -> dict[str, str]:
        """Of the machine: what a service hands to a job is not in it."""
        env = self.stages.project.env
        machine = {key: value for key, value in env.items() if not key.startswith(("GIT_", "PULUMI_"))}
        own = {"PATH": f"{self.tools}:{env['PATH']}", LOCATION: str(schemas()), "COSIGN_PASSWORD": ""}
        return machine | own

    @property
    def variables(self) -> dict[str, str]:
        """What docs/ci.md tells to set up."""
        return {
            "PULUMI_BACKEND_URL": self.stages.project.env["PULUMI_BACKEND_URL"],
            "COSIGN_OPTIONS": self.signing("cosign"),
        }

    def signing(self, key: str) -> str:
        """cosign's options for one of the key pairs; no service of sigstore's is asked."""
        return f"--key {self.tools}/{key}.key --use-signing-config=false --tlog-upload=false"

    def sign(self, image: str, key: str) -> Ran:
        """`.github/sign` with one of the key pairs."""
        environment = self.environment | {"OPTIONS": self.signing(key)}
        return self._run([str(ROOT / ".github/sign"), image], self.folder, environment)

    def clone(self) -> Path:
        """A fresh clone of the bare repository."""
        folder = self.folder / "clone"
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["git", "clone", "--quiet", str(self.stages.remote), str(folder)], check=True)
        return folder

    def act(self, workflow: str, event: str, payload: dict[str, Any]) -> Ran:
        """A workflow, for an event."""
        clone = self.clone()
        (self.folder / "event.json").write_text(json.dumps(payload))
        secrets = {"GITHUB_TOKEN": TOKEN, "PULUMI_CONFIG_PASSPHRASE": self.stages.project.passphrase}
        command = [
            *(str(go_tool("act", "github.com/nektos/act", "v0.2.89")), event, "--workflows", str(WORKFLOWS / workflow)),
            *("--no-recurse", "--no-cache-server", "--platform", "ubuntu-latest=-self-hosted"),
            *("--eventpath", str(self.folder / "event.json")),
            *("--action-cache-path", str(self.folder / "cache"), "--use-new-action-cache"),
            *("--env", f"GITHUB_REPOSITORY={REPOSITORY}", "--env", f"GITHUB_API_URL={self.api}"),
            *(f"--local-repository={name}@{ref}={self.tools / 'action'}" for name, _, ref in actions()),
            *(f"--var={key}={value}" for key, value in self.variables.items()),
            *(f"--secret={key}" for key in secrets),
        ]
        return self._run(command, clone, self.environment | secrets)

    def gitlab(self, name: str, **more: str) -> Ran:
        """A job of .gitlab-ci.yml: its lines one after the other, at a commit that is on no branch.

        Passphrases are variables of environments, as docs/ci.md has them: in `preview` one for each stack.
        """
        clone = self.clone()
        for words in ("checkout --quiet --detach", "branch --quiet --delete main"):
            subprocess.run(["git", *words.split()], cwd=clone, check=True)
        file = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text("utf-8"))
        job = {**file["default"], **file.get(file[name].get("extends"), {}), **file[name]}
        environment = self.environment | {
            "CI_JOB_NAME": name,
            "CI_COMMIT_BRANCH": "main",
            "CI_COMMIT_SHA": self.stages.project.git("--git-dir", str(self.stages.remote), "rev-parse", "main"),
            "CI_PROJECT_URL": str(self.stages.remote).removesuffix(".git"),
            "GITLAB_USER_NAME": "Tester",
            "GITLAB_USER_EMAIL": "tester@localhost",
            "GITLAB_TOKEN": TOKEN,
            "CI_SERVER_URL": "https://git.test",
            **self.variables,
            **more,
        }
        where = job.get("environment", {})
        named = where if isinstance(where, str) else where.get("name", "")
        keys = {"": (), "drift": (), "preview": [f"{stack.upper()}_PASSPHRASE" for stack in NAMES]}
        environment |= dict.fromkeys(keys.get(named, ["PULUMI_CONFIG_PASSPHRASE"]), self.stages.project.passphrase)
        environment |= {key: Template(value).substitute(environment) for key, value in file["variables"].items()}
        lines = "\n".join(["set -eo pipefail", *job["before_script"], *job["script"]])
        return self._run(["bash", "-c", lines], clone, environment)

    def _run(self, command: list[str], folder: Path, env: dict[str, str]) -> Ran:
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=360,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)
