"""What `python -m cluster status` prints."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress

from cluster import docker, docker_api, node
from cluster.profile import Profile


def lines(profile: Profile) -> Iterator[str]:
    """A line for the node, for each of its parts with health and log, and for each port on localhost."""
    state = node.state(profile)
    if not state:
        yield f"cluster {profile.name} is not running (data: {profile.data})"
        return
    yield f"cluster {profile.name} runs: pid {state['pid']}, context {profile.context}, {profile.kubeconfig}"
    for name, part in state["parts"].items():
        health = "ready" if part["ready"] else "not ready"
        since = f"{time.time() - part['since']:.0f} s" if part["pid"] else "-"
        restarts = f", started {part['starts']} times" if part["starts"] > 1 else ""
        said = f": {part['said']}" if part["said"] else ""
        yield f"  {name:<24} {health:<10} {since:>8}  {profile.logs / name}.log{restarts}{said}"
    daemon = docker.Daemon(profile.name, state=profile.data, run=profile.run)
    if daemon.record.exists():
        health = "ready" if docker_api.answers(daemon.host) else "not ready"
        yield f"  {'dockerd':<24} {health:<10} {'':>8}  {daemon.log}: {daemon.host}"
    with suppress(FileNotFoundError, ValueError):
        for route in json.loads(profile.routes.read_text()):
            problem = route.get("problem")
            health = problem or f"open, to {route['target']}"
            yield f"  localhost:{route['port']:<14} {'pending' if problem else 'ready':<10} {route['for']}: {health}"
