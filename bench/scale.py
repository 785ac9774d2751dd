"""Times hundreds of objects: the embedded engine, and in the same run kubectl, and the Pulumi CLI where it is on PATH.

Limits are for 2 cores with nothing else on them. A ratio to the CLI says more on another machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench import apps
from cluster import Handout

APPS = 100
LIMITS = {"first up": (5.0, 0.16), "no-op preview": (3.5, 0.75), "no-op up": (3.5, 0.75), "destroy": (10.0, 0.14)}
"""For `APPS` apps: seconds, and the ratio to the CLI."""
LIKE = {"first up": "apply", "no-op preview": "diff"}
"""What kubectl does likewise."""
GROWTH = 4
"""So many times the apps may take so many times the time, and MEGABYTES at most, for engine and program together."""
MEGABYTES = 400.0
_UPDATE = ("--yes", "--skip-preview")
_COMMANDS = {
    "first up": ("up", *_UPDATE), "no-op preview": ("preview",), "no-op up": ("up", *_UPDATE),
    "destroy": ("destroy", *_UPDATE),
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    seconds: float
    megabytes: float
    """The greatest memory of its processes, all together."""


def measure(node: Handout, folder: Path) -> None:
    """Runs and prints all of it."""
    small, large = Bench(node, folder / "small", APPS), Bench(node, folder / "large", APPS * GROWTH)
    kubectl = small.kubectl()
    embedded = small.engine("embedded", [sys.executable, "-m", "engine"])
    cli = small.engine("pulumi", ["pulumi", "--non-interactive"]) if shutil.which("pulumi") else {}
    print(f"\n{f'{small.objects} objects':<28} {'seconds':>8} {'limit':>8} {'ratio':>6}", end="")
    print(f" {'kubectl':>8} {'ratio':>6} {'CLI':>8} {'ratio':>6} {'limit':>6}")
    for what, cost in embedded.items():
        limit, share = LIMITS[what]
        line = f"{what:<28} {cost.seconds:7.2f}s {limit:7.2f}s {cost.seconds / limit:6.2f} "
        line += _beside(kubectl.get(LIKE.get(what, "")), cost) + " " + _beside(cli.get(what), cost)
        print(f"{line} {share:6.2f}", flush=True)
    more = large.engine("embedded", [sys.executable, "-m", "engine"])
    print(f"\n{f'{large.objects} objects':<28} {'seconds':>8} {'linear':>8} {'ratio':>6} {'memory':>8} {'limit':>8}")
    for what, cost in more.items():
        linear = embedded[what].seconds * GROWTH
        print(f"{what:<28} {cost.seconds:7.2f}s {linear:7.2f}s {cost.seconds / linear:6.2f}", end="")
        print(f" {cost.megabytes:6.0f}MB {MEGABYTES:6.0f}MB", flush=True)


def _beside(other: Cost | None, cost: Cost) -> str:
    return f"{other.seconds:7.2f}s {cost.seconds / other.seconds:6.2f}" if other else f"{'-':>8} {'-':>6}"


class Bench:
    """A number of apps on a cluster."""

    def __init__(self, node: Handout, folder: Path, count: int) -> None:
        apps.write(folder, count)
        self.objects = len(apps.objects(count))
        self._folder = folder
        self._kubectl = [str(node.bin / "kubectl"), "--context", node.context]
        self._context = node.context
        self._env = {
            **os.environ,
            "KUBECONFIG": str(node.kubeconfig),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PULUMI_STACK": "bench",
            "PULUMI_CONFIG_PASSPHRASE": "bench",
        }

    def kubectl(self) -> dict[str, Cost]:
        """Server-side apply and diff of the objects, which are gone afterwards."""
        words = ["--server-side", "--filename", "objects.json"]
        found = {verb: self._run([*self._kubectl, verb, *words]) for verb in ("apply", "diff")}
        self._run([*self._kubectl, "delete", "namespace", apps.NAMESPACE])
        return found

    def engine(self, name: str, command: list[str]) -> dict[str, Cost]:
        """The life of a stack that an engine makes, updates and destroys."""
        state = self._folder / name
        state.mkdir()
        self._env["PULUMI_BACKEND_URL"] = f"file://{state}"
        self._run([*command, "stack", "init", "bench"])
        self._run([*command, "config", "set", "kubernetes:context", self._context, "--stack", "bench"])
        found = {what: self._run([*command, *words]) for what, words in _COMMANDS.items()}
        begun = time.monotonic()
        while self._left("namespace", apps.NAMESPACE):
            time.sleep(0.1)
        late = time.monotonic() - begun
        if left := self._left("--filename", "objects.json"):
            raise SystemExit(f"{name} left behind:\n{left}")
        (self._folder / "Pulumi.bench.yaml").unlink()
        return {**found, "destroy": Cost(found["destroy"].seconds + late, found["destroy"].megabytes)}

    def _left(self, *words: str) -> str:
        command = [*self._kubectl, "get", "--ignore-not-found", "--output", "name", *words]
        done = subprocess.run(command, cwd=self._folder, env=self._env, capture_output=True, text=True, check=False)
        return "" if "NotFound" in done.stderr else done.stdout

    def _run(self, command: list[str]) -> Cost:
        log = self._folder / "log.txt"
        begun, peaks = time.monotonic(), dict[int, float]()
        with log.open("w") as file:
            process = subprocess.Popen(command, cwd=self._folder, env=self._env, stdout=file, stderr=file)
        while process.poll() is None:
            peaks |= _peaks(process.pid)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        seconds = time.monotonic() - begun
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{log.read_text('utf-8')[-2000:]}")
        return Cost(seconds, sum(peaks.values()))


def _peaks(pid: int) -> dict[int, float]:
    """The greatest memory, in MB, that a process and each that it started have had."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    except OSError:
        return {}
    found = {pid: float(status.partition("VmHWM:")[2].split()[0]) / 1024} if "VmHWM" in status else {}
    for child in children:
        found |= _peaks(int(child))
    return found
