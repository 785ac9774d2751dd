"""`down` leaves the host as it was before `up`."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import cluster
from tests.integration.project import ROOT, run_cluster

PROFILE = f"down-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}"

pytestmark = [pytest.mark.timeout(300), pytest.mark.alone]


def _lines(*command: str) -> Callable[[], set[str]]:
    def read() -> set[str]:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return set(done.stdout.splitlines())

    return read


def _processes() -> dict[str, set[str]]:
    """The processes of each pid namespace."""
    found: dict[str, set[str]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            space = str((folder / "ns" / "pid").readlink())
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        found.setdefault(space, set()).add(f"{folder.name} {words}")
    return found


def _cgroups() -> set[str]:
    return {str(path) for path in Path("/sys/fs/cgroup").rglob("*") if path.is_dir() and "flask-k8s" in str(path)}


LOOKS: dict[str, Callable[[], set[str]]] = {
    "mounts": lambda: set(Path("/proc/self/mounts").read_text().splitlines()),
    "links": _lines("ip", "-brief", "link"),
    "routes": _lines("ip", "route", "show", "table", "all"),
    "nftables rules": _lines("nft", "list", "ruleset"),
    "network namespaces": _lines("lsns", "--type", "net", "--noheadings", "--output", "NS"),
    "cgroups": _cgroups,
    "kernel settings": _lines("sysctl", "vm.overcommit_memory", "kernel.panic", "net.ipv4.ip_forward"),
}


def test_up_and_down_leave_the_host_as_before(node: cluster.Handout) -> None:
    run_cluster("clean", PROFILE)
    spaces = _processes().keys()
    before = {name: look() for name, look in LOOKS.items()}
    handout = run_cluster("up", PROFILE)
    assert handout.kubeconfig.is_file()
    started = _processes().keys() - spaces
    assert started, "the cluster's processes have pid namespaces of their own"
    run_cluster("down", PROFILE)
    running = _processes()
    assert not [running[space] for space in started if space in running]
    assert not [words for words in running[str(Path("/proc/self/ns/pid").readlink())] if f"/{PROFILE}/" in words]
    after = {name: look() for name, look in LOOKS.items()}
    for name in LOOKS:
        new = after[name] - before[name]
        assert not new, f"{name} left behind: {sorted(new)}"
    assert handout.kubeconfig.is_file(), "down keeps the data"
    run_cluster("clean", PROFILE)
    assert not handout.kubeconfig.exists(), "clean does not"
