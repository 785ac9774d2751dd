"""The Docker daemon that builds images: the user's own, or else one that is run here, for a profile.

The embedded daemon lives in mount and pid namespaces of its own, so that all it started and mounted ends with it.
It shares the host's network and leaves that as it is: no bridge, no packet filter rules. Hence only builds and
containers with network mode `host` (or `none`) work there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cluster import docker_api, files, locks, packages, processes
from cluster.errors import ClusterError

Say = Callable[[str], None]

CGROUPS = Path("/sys/fs/cgroup")
SYSTEM = "unix:///var/run/docker.sock"
EMBEDDED = "unix:///run/flask-k8s/"
"""How the address of every profile's embedded daemon begins."""
NEEDS = ("dockerd", "containerd", "runc", "unshare", "setsid")
START = 30.0
"""How long the embedded daemon may take until it answers, in seconds."""
END = 15.0
"""How long it may take to end by itself, in seconds; then it is killed."""

# Process 1 of the daemon's pid namespace, until it becomes docker-init. /proc is still the host's when it starts, so
# that it can record its process id as the host knows it. A containerd or runc of the system's is not to be touched.
SETUP = """\
set -eu
record() {
    read -r boot < /proc/sys/kernel/random/boot_id
    printf '{"pid": %s, "start": %s, "boot": "%s"}' "$1" "${22}" "$boot" > "$RECORD.new"
    mv "$RECORD.new" "$RECORD"
}
read -r stat < /proc/self/stat
record $stat
mount -t proc proc /proc
for folder in /run/containerd /run/docker /run/runc "$EXEC"; do
    mkdir -p "$folder"
    mount -t tmpfs -o mode=711 tmpfs "$folder"
done
unset RECORD EXEC
exec "$@"
"""


@dataclass(frozen=True)
class Daemon:
    """Where the embedded daemon of a profile keeps its things."""

    profile: str
    state: Path
    """The profile's folder of lasting data: images are kept in `docker`, the log in `logs/dockerd.log`."""
    run: Path
    """The profile's folder under /run: the socket, and what only means something while it runs."""

    @property
    def socket(self) -> Path:
        return self.run / "docker.sock"

    @property
    def host(self) -> str:
        """Its address, as in DOCKER_HOST."""
        return f"unix://{self.socket}"

    @property
    def record(self) -> Path:
        """Says which process it is (see `processes`)."""
        return self.run / "docker.json"

    @property
    def lock(self) -> Path:
        return self.run / "docker.lock"

    @property
    def scratch(self) -> Path:
        """Where its temporary file system is mounted, in its own namespace only."""
        return self.run / "docker"

    @property
    def log(self) -> Path:
        return self.state / "logs" / "dockerd.log"

    @property
    def cgroup(self) -> str:
        return f"flask-k8s-{self.profile}-docker"


def find() -> str | None:
    """The user's own daemon: DOCKER_HOST, which must answer if it is set, or the system's if it answers."""
    if host := _named():
        try:
            docker_api.ping(host)
        except docker_api.DockerError as err:
            raise ClusterError(
                f"DOCKER_HOST names a Docker daemon that does not answer: {err}. "
                "Start it, or unset DOCKER_HOST to have one run here."
            ) from err
        return host
    return SYSTEM if docker_api.answers(SYSTEM) else None


def address(daemon: Daemon) -> str:
    """Address of the user's own daemon, or else the one the embedded daemon has when it runs."""
    return _named() or (SYSTEM if docker_api.answers(SYSTEM) else daemon.host)


def _named() -> str:
    """DOCKER_HOST; not if it is the address of an embedded daemon, which may be exported for other tools."""
    host = os.environ.get("DOCKER_HOST", "")
    return "" if host.startswith(EMBEDDED) else host


def start(daemon: Daemon, say: Say) -> str:
    """Run the embedded daemon, unless it runs; gives its address. ClusterError says why it did not start."""
    if docker_api.answers(daemon.host):
        return daemon.host
    if os.geteuid() != 0:
        raise ClusterError(
            "no Docker daemon answers, and only root can run one here. "
            "Run this as root, start Docker, or set DOCKER_HOST."
        )
    began = time.monotonic()
    with locks.hold(daemon.lock, "starting or stopping Docker", say):
        if processes.pid(daemon.record) is None:
            _clean(daemon)
            _launch(daemon)
        if not _wait(daemon):
            hangs = processes.pid(daemon.record) is not None
            processes.end(daemon.record, END)
            _clean(daemon)
            raise ClusterError(
                f"the Docker daemon {f'did not answer for {START:.0f} s' if hangs else 'ended at once'}. "
                f"The end of its log, {daemon.log}: {_tail(daemon.log)}"
            )
    say(f"Docker daemon runs: {daemon.host} ({time.monotonic() - began:.1f} s)")
    return daemon.host


def stop(daemon: Daemon, say: Say) -> None:
    """End the embedded daemon and all that it started, if it runs; its images stay."""
    if not daemon.record.exists():
        return
    with locks.hold(daemon.lock, "starting or stopping Docker", say):
        runs = processes.pid(daemon.record) is not None
        processes.end(daemon.record, END)
        _clean(daemon)
    if runs:
        say("Docker daemon stopped")


def _launch(daemon: Daemon) -> None:
    need = {name: str(packages.require(name)) for name in NEEDS}
    init = packages.find("docker-init") or packages.require("tini")
    daemon.run.mkdir(parents=True, exist_ok=True)
    daemon.log.parent.mkdir(parents=True, exist_ok=True)
    if daemon.log.exists():
        daemon.log.replace(daemon.log.with_name("dockerd.log.1"))
    with daemon.log.open("wb") as log:
        subprocess.run(
            [
                *(need["setsid"], "--fork", need["unshare"], "--mount", "--propagation=slave", "--pid", "--fork"),
                *("/bin/sh", "-c", SETUP, "sh", str(init), "--", need["dockerd"]),
                *_options(daemon, need["dockerd"]),
            ],
            check=True,
            cwd="/",
            env=_environment() | {"RECORD": str(daemon.record), "EXEC": str(daemon.scratch)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _options(daemon: Daemon, dockerd: str) -> list[str]:
    """Its own configuration file, since /etc/docker/daemon.json is for the system's daemon; the rest as options."""
    version = subprocess.run([dockerd, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"version (\d+)\.", version)
    settings = {}
    if major and int(major[1]) < 24:
        # These versions write /etc/docker/key.json unless told otherwise; later ones don't know the word.
        settings["deprecated-key-path"] = str(daemon.state / "docker" / "key.json")
    config = daemon.state / "docker" / "daemon.json"
    files.write(config, json.dumps(settings) + "\n")
    return [
        f"--config-file={config}",
        f"--host={daemon.host}",
        "--group=root",
        f"--data-root={daemon.state / 'docker' / 'data'}",
        f"--exec-root={daemon.scratch}",
        f"--pidfile={daemon.scratch / 'dockerd.pid'}",
        f"--cgroup-parent=/{daemon.cgroup}",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        "--log-level=warn",
        "--shutdown-timeout=5",
    ]


def _environment() -> dict[str, str]:
    """What the daemon needs of this process's environment: how to reach the network; nothing secret."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
    kept = {name: value for name, value in os.environ.items() if name.upper() in names}
    return {"PATH": packages.search_path(), "HOME": "/root"} | kept


def _wait(daemon: Daemon) -> bool:
    """Whether the daemon answers in time; False as soon as it has ended."""
    end = time.monotonic() + START
    recorded = False
    while time.monotonic() < end:
        if docker_api.answers(daemon.host, 2.0):
            return True
        runs = processes.pid(daemon.record) is not None
        if recorded and not runs:
            return False
        recorded = recorded or runs or daemon.record.exists()
        time.sleep(0.02)
    return False


def _clean(daemon: Daemon) -> None:
    """Remove what a daemon that has ended leaves: its cgroups, its socket, its folder, and last its record."""
    end = time.monotonic() + 2.0  # The kernel takes a moment until a cgroup is free of processes that have ended.
    for hierarchy in (CGROUPS, *CGROUPS.glob("*/")):
        while not _remove(hierarchy / daemon.cgroup) and time.monotonic() < end:
            time.sleep(0.01)
    daemon.socket.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        daemon.scratch.rmdir()
    daemon.record.unlink(missing_ok=True)


def _remove(cgroup: Path) -> bool:
    """Remove a cgroup with those in it; whether it is gone."""
    for folder, _, _ in os.walk(cgroup, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
    return not cgroup.exists()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " | ".join(lines[-3:]) or "(empty)"
