"""A canary value is looked for wherever it must not be."""

from __future__ import annotations

import base64
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.integration.project import Project

CANARY = "-".join(("canary", "5f2c9e7b41"))  # in two parts, as the copy of the project holds this file too

pytestmark = pytest.mark.timeout(300)


def test_a_secret_is_in_no_output_state_log_or_process_list(project: Project) -> None:
    project.cold = True  # a fork has the command line of its server
    watcher = _CommandLines(project.folder)
    with watcher:
        _set(project, CANARY)
        printed = [project.up().ok().text]
        _set(project, f"{CANARY}2")
        printed.append(project.deploy("preview", "test", "--diff").ok().text)
        printed.append(project.up().ok().text)
        printed.append(project.deploy("outputs", "test", "--json").ok().text)
        printed.append(project.deploy("config", "test").ok().text)
    pod = project.pods()[0]["metadata"]["name"]
    assert project.kubectl("exec", pod, "--", "printenv", "API_TOKEN").strip() == f"{CANARY}2"

    needles = [CANARY, base64.b64encode(CANARY.encode()).decode().rstrip("=")[:-1]]
    logs = project.kubectl("logs", pod)
    manifest = project.kubectl("get", "deployments,replicasets,configmaps,pods,services,events", "-o", "yaml")
    for needle in needles:
        assert not [text for text in printed if needle in text]
        assert needle not in logs
        assert needle not in manifest
        assert needle not in watcher.seen
        assert _files_with(needle, project.state) == []
        assert _files_with(needle, project.folder) == []


def _set(project: Project, value: str) -> None:
    project.deploy("config", "test", "set", "secrets.API_TOKEN", "--path", "--secret", stdin=value).ok()


def _files_with(needle: str, folder: Path) -> list[str]:
    found = subprocess.run(
        ["grep", "-rlF", "--exclude-dir=.venv", needle, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.split()


class _CommandLines:
    """Collects every /proc/*/cmdline while a block runs, with programs of the project in `folder` among them."""

    def __init__(self, folder: Path) -> None:
        self.seen = ""
        self._folder = folder
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        programs = [line for line in self.seen.splitlines() if "program/host.py" in line and str(self._folder) in line]
        assert "-m deploy" in self.seen, "the watcher saw the commands that ran"
        assert programs, "and what they ran"

    def _watch(self) -> None:
        lines: set[str] = set()
        while not self._stop.is_set():
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    lines.add(file.read_text(errors="replace").replace("\0", " "))
                except OSError:
                    continue
            time.sleep(0.1)
        self.seen = "\n".join(lines)
