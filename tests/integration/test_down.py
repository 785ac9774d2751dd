"""`down` leaves the host as it was before `up`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import cluster
from tests.integration.project import run_cluster

PROFILE = "test-down"

pytestmark = pytest.mark.timeout(300)


def _lines(*command: str) -> Callable[[], set[str]]:
    def read() -> set[str]:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return set(done.stdout.splitlines())

    return read


def _processes() -> set[str]:
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if words and "pytest" not in words:
            found.add(f"{folder.name} {words}")
    return found


def _cgroups() -> set[str]:
    return {str(path) for path in Path("/sys/fs/cgroup").rglob("*") if path.is_dir() and "flask-k8s" in str(path)}


LOOKS: dict[str, Callable[[], set[str]]] = {
    "processes": _processes,
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
    before = {name: look() for name, look in LOOKS.items()}
    handout = run_cluster("up", PROFILE)
    assert handout.kubeconfig.is_file()
    assert LOOKS["processes"]() - before["processes"], "something was started"
    run_cluster("down", PROFILE)
    after = {name: look() for name, look in LOOKS.items()}
    for name in LOOKS:
        new = after[name] - before[name]
        assert not new, f"{name} left behind: {sorted(new)}"
    assert handout.kubeconfig.is_file(), "down keeps the data"
    run_cluster("clean", PROFILE)
    assert not handout.kubeconfig.exists(), "clean does not"
