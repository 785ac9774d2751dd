"""Finds the drift of a stack's live objects."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.drift.compare import Drift, look
from deploy.drift.wanted import objects
from deploy.errors import DeployError
from deploy.observe.recorded import Recorded
from deploy.preflight import check_context
from deploy.stack import Stack
from engine.kubernetes import kubeconfig
from engine.kubernetes.client import Api
from engine.kubernetes.errors import UnreachableError
from engine.kubernetes.kubeconfig import Cluster
from engine.provider import ProviderError


def find(stack: Stack, recorded: Recorded) -> list[Drift]:
    """Every field that the stack's next update would put back if nothing else changed; needs no passphrase.

    The values of Secrets are not compared, for the state has them encrypted. The replicas of what a
    HorizontalPodAutoscaler scales are no drift.

    Raises:
        DeployError: the cluster is away, or the signed-in user may not ask it (69).
    """
    with translated(os.EX_UNAVAILABLE):
        return asyncio.run(_find(cluster_of(stack), recorded))


async def _find(cluster: Cluster, recorded: Recorded) -> list[Drift]:
    api = Api(cluster)
    try:
        found = await asyncio.gather(*(look(api, state) for state in objects(recorded).values()))
    finally:
        await api.close()
    return [drift for drifts in found for drift in drifts]


def cluster_of(stack: Stack) -> Cluster:
    """The cluster of the stack's context.

    Raises:
        DeployError: the context is in no kubeconfig (78).
        ProviderError: its entry there is no good.
    """
    check_context(stack)
    problems = []
    for file in filter(Path.is_file, stack.kubeconfigs):
        try:
            return kubeconfig.load(str(file), context=stack.get("context"))
        except ProviderError as err:
            problems.append(err)
    raise problems[0]


@contextmanager
def translated(code: int) -> Iterator[None]:
    """The provider's errors as `DeployError`; `code` is for all but a cluster that is away."""
    try:
        yield
    except ProviderError as err:
        raise DeployError(str(err), os.EX_UNAVAILABLE if isinstance(err, UnreachableError) else code) from err
