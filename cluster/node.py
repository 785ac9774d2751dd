"""The node of a profile: starting it, waiting for it, ending it without a trace."""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any

from cluster import addons, config, packages, parts, ports, processes, supervisor
from cluster.api import Api, ApiError
from cluster.errors import ClusterError
from cluster.files import write
from cluster.profile import Profile

Say = Callable[[str], None]

START = 60.0
"""How long a node may take until it is ready, in seconds."""

TRIES = 6
"""How often a part may be started meanwhile."""

END = 20.0
"""How long a node may take to end by itself, in seconds."""


def render(profile: Profile, binaries: Path) -> str:
    """What the supervisor is told, as JSON, with a digest of the configuration files."""
    cni = packages.require("cni-plugins")
    content = hashlib.sha256(json.dumps(config.files(profile, cni)).encode())
    content.update(Path(supervisor.__file__).read_bytes())
    return json.dumps(parts.spec(profile, binaries) | {"config": content.hexdigest()}, indent=1)


def state(profile: Profile) -> dict[str, Any]:
    """What the running supervisor last wrote; empty when the node isn't running."""
    if processes.pid(profile.state) is None:
        return {}
    with suppress(FileNotFoundError, ValueError):
        return dict(json.loads(profile.state.read_text()))
    return {}


def unready(profile: Profile) -> dict[str, str]:
    """Parts of the running node that aren't ready, and why."""
    named = state(profile).get("parts", {"node": {"ready": False, "said": "it isn't running"}})
    return {name: part["said"] or "starting" for name, part in named.items() if not part["ready"]}


def runs(profile: Profile, wanted: str) -> bool:
    """Whether the node runs, ready or not, as `wanted` (see `render`)."""
    try:
        return bool(state(profile)) and (profile.config / "node.json").read_text() == wanted
    except FileNotFoundError:
        return False


def healthy(profile: Profile) -> bool:
    """Whether the node that runs is ready."""
    try:
        with closing(Api(profile.server, profile.pki)) as api:
            return not unready(profile) and _ready(api, profile, since=None)
    except (OSError, ApiError):
        return False


def require_ports(profile: Profile) -> None:
    """ClusterError where another process has a port that the node will need."""
    ports.require_free(profile.api_port, "the API server")
    ports.require_free(profile.registry_port, "the registry")


def start(profile: Profile, wanted: str) -> None:
    """Start the node; it isn't ready when this returns. Its certificates exist already."""
    with _alive(profile) as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClusterError(f"a node of profile {profile.name} runs but can't be ended: {alive.name}") from None
        require_ports(profile)
        _sweep(profile)
        _make_folders(profile)
        _make_cgroups(profile)
        config.render(profile, packages.require("cni-plugins"))
        write(profile.config / "node.json", wanted)
        with (profile.logs / "supervisor.log").open("wb") as log:
            subprocess.run(
                [
                    *(str(packages.require("setsid")), "--fork"),
                    *(str(packages.require("unshare")), "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"),
                    *(sys.executable, "-I", supervisor.__file__, str(profile.config / "node.json")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": packages.search_path(), "HOME": str(Path.home()), "LANG": "C.UTF-8"},
                pass_fds=[alive.fileno()],
                check=True,
            )


def wait(profile: Profile, seconds: float = START, *, started: bool = False) -> None:
    """Wait until every part is ready and the node takes pods; ClusterError says what isn't, and where its log is.

    `started` says that `start` has just been called: what is in the store then tells of an earlier time.
    """
    begun, end = datetime.datetime.now(datetime.UTC), time.monotonic() + seconds
    applied, problem = False, ""
    with closing(Api(profile.server, profile.pki)) as api:
        while time.monotonic() < end:
            if not _lives(profile):
                said = (profile.logs / "supervisor.log").read_text(errors="replace").strip()
                raise ClusterError(f"the node ended: {said[-500:]} ({profile.logs / 'supervisor.log'})")
            waiting = unready(profile)
            if any(part["starts"] > TRIES for part in state(profile).get("parts", {}).values()):
                break
            try:
                if not applied and not {"node", "kube-apiserver", "forwarder"} & waiting.keys():
                    if started:
                        _mark_pods_unready(api)
                    addons.apply(api, profile)
                    applied = True
                if applied and not waiting and _ready(api, profile, begun if started else None):
                    return
            except ApiError as err:
                problem = str(err)
            time.sleep(0.03)
    reasons = [f"{name}: {said} ({profile.logs / name}.log)" for name, said in unready(profile).items()]
    raise ClusterError(
        f"the node of profile {profile.name} isn't ready after {time.monotonic() - end + seconds:.0f} s: "
        + ("; ".join(reasons) or problem or "its kubelet doesn't report")
    )


def stop(profile: Profile) -> bool:
    """End the node with all it started; its data stay. Says whether it ran."""
    _settle(profile)
    ran = processes.pid(profile.state) is not None
    processes.end(profile.state, END)
    _sweep(profile)
    return ran


def _make_folders(profile: Profile) -> None:
    profile.data.chmod(0o700)
    for folder in (profile.var / "lib", profile.var / "log", profile.var / "tmp", profile.logs, profile.run):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (profile.var / "tmp").chmod(0o1777)
    run = profile.var / "run"
    if not run.is_symlink():
        run.symlink_to("/run")


def _make_cgroups(profile: Profile) -> None:
    """The kubelet wants its root to be there; with cgroup v2, all controllers are handed down to it."""
    for root in parts.cgroup_mounts():
        try:
            (root / profile.context).mkdir(exist_ok=True)
        except OSError as err:
            raise ClusterError(
                f"cgroups can't be made here: {err}. In a container, the local cluster needs a privileged one."
            ) from err
        with suppress(FileNotFoundError):
            there = (root / "cgroup.controllers").read_text().split()  # none, where version 1 has them all
            for controller in there:
                with suppress(OSError):
                    (root / "cgroup.subtree_control").write_text(f"+{controller}")
            handed = (root / profile.context / "cgroup.controllers").read_text().split()
            if missing := {"cpu", "memory", "pids"} & set(there) - set(handed):
                raise ClusterError(
                    f"the cgroup controllers {', '.join(sorted(missing))} can't be handed to {root / profile.context}: "
                    "the processes of the cgroup above must be in one beside it. Run this outside of a container, or "
                    "move them there."
                )


def _alive(profile: Profile) -> IO[bytes]:
    """A file on which a node holds a lock for as long as it lives, from before its first own word on."""
    return (profile.data / "node.lock").open("wb")


def _lives(profile: Profile) -> bool:
    with _alive(profile) as alive:
        try:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _settle(profile: Profile) -> None:
    """A node whose `up` was killed just now may not have written its state yet: wait until it has, or has ended."""
    end = time.monotonic() + END
    while profile.data.exists() and processes.pid(profile.state) is None and time.monotonic() < end:
        if not _lives(profile):
            return
        time.sleep(0.05)


def _sweep(profile: Profile) -> None:
    """Remove what a node that has ended leaves behind: cgroups, and files that speak of its processes."""
    for root in parts.cgroup_mounts():
        top = root / profile.context
        for folder, _, _ in os.walk(top, topdown=False):
            for _ in range(50):
                try:
                    Path(folder).rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)  # its processes have ended, but aren't gone yet
    for file in (profile.state, profile.routes, profile.containerd, profile.run / "containerd.sock.ttrpc"):
        file.unlink(missing_ok=True)


def _ready(api: Api, profile: Profile, since: datetime.datetime | None) -> bool:
    """Whether the node takes pods: said by its kubelet after `since`, not only found in the store."""
    node = api.get(f"/api/v1/nodes/{profile.context}")
    conditions = node["status"].get("conditions", []) if node else []
    if not any(item["type"] == "Ready" and item["status"] == "True" for item in conditions):
        return False
    if since is None:
        return True
    # A kubelet renews the lease of a node that exists at once, but makes that of a new one only seconds later.
    new = _time(node["metadata"]["creationTimestamp"]) >= since.replace(microsecond=0)
    lease = api.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{profile.context}")
    if not new and (not lease or _time(lease["spec"]["renewTime"]) < since):
        return False
    return api.get("/api/v1/namespaces/default/serviceaccounts/default") is not None


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _mark_pods_unready(api: Api) -> None:
    """What ran before the node was stopped doesn't run now, and isn't ready until the kubelet says so."""
    for pod in api.get("/api/v1/pods?fieldSelector=status.phase%3DRunning")["items"]:
        conditions = [
            {"type": kind, "status": "False", "reason": "NodeRestarted"} for kind in ("Ready", "ContainersReady")
        ]
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/status"
        api.merge(path, {"status": {"conditions": conditions}})
