"""The local Kubernetes cluster, its registry, and the Docker daemon beside it.

handout = cluster.up("dev", say=print)
... handout.kubeconfig, handout.context, handout.registry ...
cluster.down("dev", say=print)
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cluster import base_image, build, debian_image, docker, kubeconfig, locks, node, packages, parts, pki
from cluster.errors import ClusterError
from cluster.profile import Profile, cache_folder

__all__ = ["ClusterError", "Handout", "clean", "down", "handout", "up"]

Say = Callable[[str], None]

PATIENCE = 30.0
"""How long a cluster that runs may take to become ready, in seconds, before it is started again."""


@dataclass(frozen=True)
class Handout:
    """What others need to use a cluster that runs."""

    profile: str
    kubeconfig: Path
    """A file of its own; the user's is never touched."""
    context: str
    """The one context in it: `flask-k8s-<profile>`."""
    registry: str
    """Such as `localhost:5001`: the same on this machine and inside the cluster. Plain HTTP."""
    docker_host: str
    """Address of a Docker daemon, as in DOCKER_HOST."""
    bin: Path
    """Folder with `kubectl`."""


def up(profile: str = "dev", *, install: bool = True, say: Say) -> Handout:
    """Have the cluster of `profile` running, and wait until it takes pods.

    Does only what is missing: nothing when it is healthy, all of it on a bare machine. Programs that are missing
    are installed by apt-get, or with `install=False` only listed. ClusterError says what is in the way.
    """
    place = Profile(profile)
    if os.geteuid() != 0:
        raise ClusterError(
            f"the local cluster (profile {profile}) needs root: run this as root, "
            "or name a cluster of your own in the stack's configuration"
        )
    with locks.hold(place.lock, f"starting or stopping the cluster {profile}", say):
        if not node.state(place):
            node.require_ports(place)  # said before minutes of building rather than after
        build.require_go()
        own = docker.find()
        needs = _needs(place, own)
        if not install:
            packages.ensure(needs, install=False, say=say)
        with ThreadPoolExecutor() as side:
            programs = side.submit(packages.ensure, needs, install=install, say=say)
            docker_host = side.submit(_docker, place, own, programs, say)
            binaries = build.ensure(say)
            programs.result()
            _node(place, binaries, say)
        base_image.ensure(docker_host.result(), place.registry, cache_folder(), say)
        return _handout(place, binaries, docker_host.result())


def down(profile: str = "dev", *, say: Say) -> None:
    """End everything that `up` started. Data are kept; nothing else is left on this machine."""
    place = Profile(profile)
    with locks.hold(place.lock, f"starting or stopping the cluster {profile}", say):
        _down(place, say)


def clean(profile: str = "dev", *, say: Say) -> None:
    """`down`, and delete the profile's data: the cluster's objects, images, registry and certificates."""
    place = Profile(profile)
    with locks.hold(place.lock, f"starting or stopping the cluster {profile}", say):
        _down(place, say)
        if place.data.exists():
            shutil.rmtree(place.data)
            say(f"deleted {place.data}")


def handout(profile: str = "dev") -> Handout | None:
    """What `up` gave, or None when that cluster isn't running."""
    place = Profile(profile)
    if not node.state(place):
        return None
    return _handout(place, build.folder(), docker.address(_daemon(place)))


def _down(place: Profile, say: Say) -> None:
    if not place.data.exists() and not place.run.exists():
        say(f"cluster {place.name} was never started")
        return
    if os.geteuid() != 0:
        raise ClusterError(f"only root can stop the cluster {place.name}: run this as root")
    start = time.monotonic()
    docker.stop(_daemon(place), say)
    if node.stop(place):
        say(f"cluster {place.name} is stopped ({time.monotonic() - start:.1f} s)")
    else:
        say(f"cluster {place.name} was not running")
    shutil.rmtree(place.run, ignore_errors=True)
    with suppress(OSError):
        place.run.parent.rmdir()  # other profiles may have theirs in it


def _needs(place: Profile, own_docker: str | None) -> list[str]:
    """The programs that `up` will run, as `packages.ensure` takes them."""
    needs = [*parts.needs(), *(docker.NEEDS if own_docker is None else ())]
    if not (_has_base_image(place) or debian_image.made(cache_folder())):
        needs.append("mmdebstrap")
    return needs


def _has_base_image(place: Profile) -> bool:
    return (place.data / "registry/docker/registry/v2/repositories/python/_manifests/tags/3.11").exists()


def _docker(place: Profile, own: str | None, programs: Future[None], say: Say) -> str:
    """Address of a Docker daemon that runs. The first time, what the base image is made of is fetched as well."""
    programs.result()
    address = own or docker.start(_daemon(place), say)
    if not _has_base_image(place):
        base_image.prepare(address, cache_folder(), say)
    return address


def _node(place: Profile, binaries: Path, say: Say) -> None:
    wanted = node.render(place, binaries)
    start = time.monotonic()
    if node.runs(place, wanted) and pki.fresh(place.pki, place.context):
        kubeconfig.ensure(place.kubeconfig, pki=place.pki, leaf="admin", server=place.server, context=place.context)
        if node.healthy(place):
            return
        say(f"cluster {place.name} runs, but isn't ready ({', '.join(node.unready(place)) or 'its node'}): waiting")
        with suppress(ClusterError):
            node.wait(place, seconds=PATIENCE)
            say(f"cluster {place.name} is ready: context {place.context} ({time.monotonic() - start:.1f} s)")
            return
    if node.stop(place):
        say(f"cluster {place.name} runs, but not as it should: it is started again")
    say(f"starting the cluster {place.name}")
    pki.ensure(place.pki, place.context)
    kubeconfig.ensure(place.kubeconfig, pki=place.pki, leaf="admin", server=place.server, context=place.context)
    node.start(place, wanted)
    node.wait(place, started=True)
    say(f"cluster {place.name} is ready: context {place.context} ({time.monotonic() - start:.1f} s)")


def _daemon(place: Profile) -> docker.Daemon:
    return docker.Daemon(place.name, state=place.data, run=place.run)


def _handout(place: Profile, binaries: Path, docker_host: str) -> Handout:
    return Handout(
        profile=place.name,
        kubeconfig=place.kubeconfig,
        context=place.context,
        registry=place.registry,
        docker_host=docker_host,
        bin=binaries,
    )
