"""The first process of a node: prepares its namespaces, keeps its parts running, ends them in order.

Run as `python -I supervisor.py SPEC` as pid 1 of new mount, pid, ipc and uts namespaces, still in the network
namespace of the host. A single thread and the standard library only; everything it does is in SPEC, which
`cluster.parts` renders.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cluster.spec import PartSpec, Spec

CLONE_NEWNET = 0x40000000

HOST_PROC = "/run/node/host-proc"
"""The host's /proc, in which this process has the id that the host knows."""

FASTEST, SLOWEST = 0.2, 10.0
"""Seconds before a part that ended is started again: doubled each time, from the one to the other."""

CALM = 30.0
"""A part that ran for this many seconds is started again at once when it ends."""

POLL, WATCH = 0.05, 5.0
"""Seconds between two looks at a part that isn't ready yet, and at one that is."""

FAILURES = 3
"""A part that was ready isn't any more after this many probes in a row that failed: a busy machine is slow."""


@dataclass
class Part:
    name: str
    spec: PartSpec
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    ready: bool = False
    done: bool = False
    starts: int = 0
    delay: float = 0.0
    not_before: float = 0.0
    look_at: float = 0.0
    failures: int = 0
    said: str = ""
    """How it ended last, or what its probe said."""

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0


# The parts' certificates are the node's own, and the probes never leave its network namespace.
TLS = ssl._create_unverified_context()  # noqa: S323


def probe(what: str) -> str:
    """Ask a part whether it is ready: empty when it is, else what it said."""
    kind, _, rest = what.partition(":")
    try:
        if kind == "file":
            return "" if Path(rest).exists() else f"{rest} isn't there yet"
        if kind == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(rest)
            return ""
        with urllib.request.urlopen(what, timeout=2, context=TLS if kind == "https" else None):  # noqa: S310
            return ""
    except (OSError, ValueError, http.client.HTTPException) as err:
        return f"{what}: {err}"


@dataclass
class Supervisor:
    spec: Spec
    parts: dict[str, Part] = field(default_factory=dict)
    written: str = ""

    def __post_init__(self) -> None:
        self.parts = {name: Part(name, spec) for name, spec in self.spec["parts"].items()}

    def run(self) -> None:
        """Work until SIGTERM or SIGINT; then end everything."""
        signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        while True:
            self.reap()
            for part in self.parts.values():
                self.advance(part)
            self.report()
            busy = any(not part.ready for part in self.parts.values())
            got = signal.sigtimedwait(signals, POLL if busy else 1.0)
            if got and got.si_signo in (signal.SIGTERM, signal.SIGINT):
                break
        self.stop()

    def advance(self, part: Part) -> None:
        now = time.monotonic()
        if part.process is None:
            ready = all(self.parts[name].ready for name in part.spec["after"])
            if not part.done and ready and now >= part.not_before:
                self.start(part)
        elif now >= part.look_at and not part.spec["once"]:
            part.said = probe(part.spec["probe"])
            part.failures = part.failures + 1 if part.said else 0
            part.ready = part.failures == 0 or (part.ready and part.failures < FAILURES)
            part.look_at = time.monotonic() + (WATCH if part.ready else POLL)

    def start(self, part: Part) -> None:
        path = Path(self.spec["logs"], f"{part.name}.log")
        try:  # a full disk must not end pid 1, and everything with it
            if path.exists() and path.stat().st_size > 8_000_000:
                path.replace(path.with_suffix(".old.log"))
            with path.open("ab") as log:
                log.write(f"--- {time.strftime('%FT%TZ', time.gmtime())} {' '.join(part.spec['argv'])}\n".encode())
                log.flush()
                part.process = subprocess.Popen(
                    part.spec["argv"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    preexec_fn=unblock,  # noqa: PLW1509 - there are no other threads
                )
        except OSError as err:
            part.said, part.not_before = str(err), time.monotonic() + SLOWEST
            return
        part.starts, part.since, part.ready, part.look_at = part.starts + 1, time.time(), False, 0.0

    def reap(self) -> None:
        """Take note of every process that ended: parts, and orphans of containers that pid 1 inherits."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for part in self.parts.values():
                if part.process and part.process.pid == pid:
                    self.ended(part, os.waitstatus_to_exitcode(status))

    def ended(self, part: Part, code: int) -> None:
        part.process = None
        part.done = part.ready = part.spec["once"] and code == 0
        ran = time.time() - part.since
        part.delay = 0.0 if ran > CALM else min(max(part.delay * 2, FASTEST), SLOWEST)
        part.not_before = time.monotonic() + part.delay
        part.said = "" if part.done else f"ended with {code} after {ran:.0f} s"

    def report(self) -> None:
        """Write the state file, if it changed: which process this is (see `cluster.processes`), and its parts."""
        content = json.dumps(
            {
                **identity(),
                "parts": {
                    part.name: {
                        "pid": part.pid, "ready": part.ready, "starts": part.starts, "since": part.since,
                        "said": part.said,
                    }
                    for part in self.parts.values()
                },
            }
        )  # fmt: skip
        if content != self.written:
            next_ = Path(self.spec["state"] + ".next")
            with suppress(OSError):  # it is tried again with the next look
                next_.write_text(content)
                next_.replace(self.spec["state"])
                self.written = content

    def stop(self) -> None:
        """End the parts as `stop` orders, each step with a few seconds; what is left dies with pid 1."""
        for step in self.spec["stop"]:
            end = time.monotonic() + 3.0
            while left := self.alive(step):
                expired = time.monotonic() > end
                for pid in left:
                    kill(pid, signal.SIGKILL if expired else signal.SIGTERM)
                if expired:
                    break
                pause = time.monotonic() + 1.0
                while self.alive(step) and time.monotonic() < pause:
                    signal.sigtimedwait({signal.SIGCHLD}, 0.05)

    def alive(self, names: list[str]) -> set[int]:
        self.reap()
        pids = {part.pid for name, part in self.parts.items() if name in names and part.process}
        if "pods" in names:
            for folder in self.spec["cgroups"]:
                for file in Path(folder).rglob("cgroup.procs"):
                    with suppress(OSError):  # a cgroup that goes just now
                        pids |= {int(pid) for pid in file.read_text().split()}
        return pids


def identity() -> dict[str, Any]:
    """This process as the host knows it."""
    stat = Path(HOST_PROC, "self", "stat").read_text()
    return {
        "pid": int(stat.split()[0]),
        "start": int(stat[stat.rindex(")") + 2 :].split()[19]),
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
    }


def unblock() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def kill(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def prepare(commands: list[list[str]]) -> None:
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")


def main(file: str) -> None:
    spec: Any = json.loads(Path(file).read_text())
    socket.sethostname(spec["hostname"])
    prepare(spec["host_setup"])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        sys.exit(f"a network namespace of the node's own: {os.strerror(ctypes.get_errno())}")
    prepare(spec["setup"])
    Supervisor(spec).run()


if __name__ == "__main__":
    main(sys.argv[1])
