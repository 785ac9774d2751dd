"""A profile: one local cluster with its own folders, ports and network."""

from __future__ import annotations

import json
import os
import random
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from cluster.errors import ClusterError
from cluster.files import write

DEV_PORTS: Final = (16443, 5001)
"""API server and registry of the profile `dev`, so that its committed configuration can name them."""

NODE_ADDRESS: Final = "172.31.255.1"
"""The node's own address. Every profile has it: each is alone in its network namespace."""

SERVICE_CIDR: Final = "10.96.0.0/16"
POD_CIDR: Final = "10.244.0.0/16"
DNS_ADDRESS: Final = "10.96.0.10"
DNS_DOMAIN: Final = "cluster.local"


def cache_folder() -> Path:
    """Where built things are kept, for all profiles: `${XDG_CACHE_HOME:-~/.cache}/flask-k8s`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flask-k8s"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those that the kernel gives to outgoing connections."""
    free: list[int] = []
    for port in random.sample(range(20000, 30000), 1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            free.append(port)
        if len(free) == count:
            return free
    raise ClusterError(f"{count} free ports are needed on localhost, none was found between 20000 and 30000")


@dataclass(frozen=True)
class Profile:
    """Names and places of one local cluster; nothing of it need exist yet."""

    name: str
    """Lower-case letters, digits and dashes; at most 20 characters."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?", self.name):
            raise ClusterError(
                f"profile {self.name!r}: a profile is named by 1 to 20 lower-case letters, digits and dashes, "
                "from a letter on",
                os.EX_USAGE,
            )

    @property
    def data(self) -> Path:
        """All that outlives a `down`; a `clean` deletes it. In the home folder, whatever XDG says."""
        return Path.home() / ".local" / "state" / "flask-k8s" / self.name

    @property
    def run(self) -> Path:
        """Sockets and what is known of running processes; gone after a reboot."""
        return Path("/run/flask-k8s") / self.name

    @property
    def lock(self) -> Path:
        """Held by whoever starts or stops this profile. Beside the data, as `clean` deletes those."""
        return self.data.with_name(f"{self.name}.lock")

    @property
    def pki(self) -> Path:
        return self.data / "pki"

    @property
    def config(self) -> Path:
        return self.data / "config"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def var(self) -> Path:
        """What the node sees as its /var."""
        return self.data / "var"

    @property
    def kubeconfig(self) -> Path:
        return self.data / "kubeconfig"

    @property
    def context(self) -> str:
        """Name of the kubeconfig's context, and of the node."""
        return f"flask-k8s-{self.name}"

    @property
    def containerd(self) -> Path:
        return self.run / "containerd.sock"

    @property
    def state(self) -> Path:
        """Written by the node's supervisor: its process and the state of each part."""
        return self.run / "node.json"

    @property
    def routes(self) -> Path:
        """Written by the forwarder: the ports of localhost it serves."""
        return self.run / "forwarder.json"

    @cached_property
    def ports(self) -> tuple[int, int]:
        """Ports on localhost of the API server and the registry; chosen once and kept in `ports.json`."""
        if self.name == "dev":
            return DEV_PORTS
        file = self.data / "ports.json"
        try:
            kept = json.loads(file.read_text())
            return int(kept["api"]), int(kept["registry"])
        except (FileNotFoundError, ValueError, KeyError):
            pass
        api, registry = free_ports(2)
        write(file, json.dumps({"api": api, "registry": registry}) + "\n")
        return api, registry

    @property
    def api_port(self) -> int:
        return self.ports[0]

    @property
    def registry_port(self) -> int:
        return self.ports[1]

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.api_port}"

    @property
    def registry(self) -> str:
        return f"localhost:{self.registry_port}"
