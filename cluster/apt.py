"""Installing Debian packages beside what is there: nothing replaced, nothing removed, no service started.

Debian starts and enables a service when its package is installed. Starting is prevented by policy-rc.d (see
invoke-rc.d(8)), enabling is undone right after. A journal, written before, lets the next run finish what a
killed one left behind.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster import files, locks
from cluster.errors import ClusterError
from cluster.path import search_path, which

Say = Callable[[str], None]

ENVIRONMENT = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
OPTIONS = ("-y", "-q", "--no-install-recommends", "--no-upgrade", "--no-remove")
SETTINGS = (
    "-oAcquire::Retries=3",
    "-oDPkg::Lock::Timeout=60",
    "-oDpkg::Options::=--force-confold",
    "-oDpkg::Use-Pty=0",
)
POLICY = """\
#!/bin/sh
# Written by flask-k8s while it installs packages, so that no service starts.
exit 101
"""
DOING = "installing packages"
MAX_AGE = 24 * 3600.0
"""Package lists older than this, in seconds, are fetched anew."""


@dataclass(frozen=True)
class Places:
    """The files of apt, dpkg and systemd that are used here."""

    policy: Path = Path("/usr/sbin/policy-rc.d")
    journal: Path = Path("/var/cache/flask-k8s/apt.json")
    mutex: Path = Path("/run/lock/flask-k8s-apt.lock")
    lists: Path = Path("/var/lib/apt/lists")
    locks: tuple[Path, ...] = (
        Path("/var/lib/dpkg/lock-frontend"),
        Path("/var/lib/dpkg/lock"),
        Path("/var/lib/apt/lists/lock"),
        Path("/var/cache/apt/archives/lock"),
    )
    systemd: Path = Path("/run/systemd/system")


PLACES = Places()


def available() -> bool:
    """Whether this is a system with apt."""
    return which("apt-get") is not None and which("dpkg") is not None


def install(packages: Sequence[str], say: Say, places: Places) -> list[str]:
    """Install `packages` with what they depend on; gives the names of all that came in.

    ClusterError when apt cannot, or when anything installed would have to change.
    """
    with locks.hold(places.mutex, DOING, say) as mutex:
        locks.wait_free(places.locks, DOING, say)
        if _stale(places):
            try:
                _update(say)
            except ClusterError as err:  # one repository of many that fails: the lists at hand may do
                say(str(err))
        try:
            new = _plan(packages)
        except _StaleError:
            _update(say)
            new = _plan(packages)
        say(f"installing with apt-get: {' '.join(new)}")
        _begin(places, new)
        try:
            try:
                _install(packages, mutex)
            except _StaleError:
                _update(say)
                _install(packages, mutex)
        finally:
            _finish(places, new)
    return new


def recover(say: Say, places: Places) -> None:
    """Finish what a killed `install` left: half-configured packages, policy-rc.d, enabled services."""
    if not places.journal.exists() or os.geteuid() != 0:
        return
    with locks.hold(places.mutex, DOING, say) as mutex:
        if not places.journal.exists():
            return
        say("finishing an installation of packages that was interrupted")
        locks.wait_free(places.locks, DOING, say)
        new = json.loads(places.journal.read_text())["packages"]
        _begin(places, new)
        _run(["dpkg", "--configure", "-a", "--force-confold"], mutex)
        _finish(places, new)


class _StaleError(ClusterError):
    """The package lists lack a package, or name a file that is no longer there."""


def _stale(places: Places) -> bool:
    if not any(places.lists.glob("*_Packages*")):
        return True
    fetched = max(path.stat().st_mtime for path in (places.lists, places.lists / "partial") if path.exists())
    return time.time() - fetched > MAX_AGE


def _update(say: Say) -> None:
    say("fetching the package lists (apt-get update)")
    done = _run(["apt-get", "update", "-q", *SETTINGS])
    if done.returncode:
        raise ClusterError(f"apt-get update failed: {_reason(done.stdout)}")


def _plan(packages: Sequence[str]) -> list[str]:
    """What apt would install, in its order; ClusterError where anything installed would change."""
    # --no-remove is left out, so that apt says what it would remove.
    done = _run(["apt-get", "--simulate", "install", *OPTIONS[:-1], *packages])
    if done.returncode:
        unknown = re.search("Unable to locate|no installation candidate", done.stdout)
        raise (_StaleError if unknown else ClusterError)(
            f"apt-get cannot install {' '.join(packages)}: {_reason(done.stdout)}"
        )
    removed = re.findall(r"^(?:Remv|Purg) (\S+)", done.stdout, re.MULTILINE)
    changed = re.findall(r"^Inst (\S+) \[", done.stdout, re.MULTILINE)
    if harm := [f"remove {name}" for name in removed] + [f"replace {name}" for name in changed]:
        raise ClusterError(
            f"installing {' '.join(packages)} would {', '.join(harm)}, and installed packages are "
            "left alone. Look at it with: "
            f"apt-get --simulate install --no-install-recommends {' '.join(packages)}"
        )
    return re.findall(r"^Inst (\S+) \(", done.stdout, re.MULTILINE)


def _install(packages: Sequence[str], mutex: int) -> None:
    done = _run(["apt-get", "install", *OPTIONS, *SETTINGS, *packages], mutex)
    if done.returncode:
        gone = "Failed to fetch" in done.stdout
        raise (_StaleError if gone else ClusterError)(
            f"apt-get install {' '.join(packages)} failed: {_reason(done.stdout)}"
        )


def _run(command: Sequence[str], mutex: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run to the end, in a session of its own: Ctrl-C must not leave packages half installed.

    The child holds the lock `mutex` too, so that it stays locked if only this process is killed.
    """
    with subprocess.Popen(
        command,
        env=os.environ | ENVIRONMENT | {"PATH": search_path()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=() if mutex is None else (mutex,),
    ) as process:
        try:
            output, _ = process.communicate()
        except KeyboardInterrupt:
            process.communicate()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output)


def _reason(output: str) -> str:
    """The lines of apt's output that say what went wrong, else its last ones."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(E|Err|dpkg)\b", line)]
    return "; ".join((errors or lines)[-4:]) or "it said nothing"


def _begin(places: Places, packages: Sequence[str]) -> None:
    files.write(places.journal, json.dumps({"packages": list(packages)}))
    if not places.policy.exists():
        files.write(places.policy, POLICY, 0o755)


def _finish(places: Places, packages: Sequence[str]) -> None:
    """Disable what the packages enabled, take the policy away, and then the journal."""
    _disable(places, packages)
    if places.policy.exists() and places.policy.read_text(errors="replace") == POLICY:
        places.policy.unlink()
    places.journal.unlink(missing_ok=True)
    if not any(places.journal.parent.iterdir()):
        places.journal.parent.rmdir()


def _disable(places: Places, packages: Sequence[str]) -> None:
    """Disable (and stop) every service that the packages brought; works without a running systemd as well."""
    listed = [line for package in packages for line in _run(["dpkg", "-L", package]).stdout.splitlines()]
    found = [re.fullmatch(r"(?:/usr)?/lib/systemd/system/([^/@]+\.\w+)", file) for file in listed]
    units = [match[1] for match in found if match]
    if which("systemctl") is None:
        for unit in units:
            _run(["deb-systemd-helper", "disable", unit])
    else:
        on = [unit for unit in units if _run(["systemctl", "is-enabled", unit]).stdout.startswith("enabled")]
        if on:
            _run(["systemctl", "disable", *(["--now"] if places.systemd.is_dir() else []), *on])
    if which("update-rc.d"):
        for script in (Path(file).name for file in listed if file.startswith("/etc/init.d/")):
            _run(["update-rc.d", script, "disable"])
