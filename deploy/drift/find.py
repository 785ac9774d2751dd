"""Finds the drift of a stack's live objects."""

from __future__ import annotations

import asyncio
import os

from deploy.drift.compare import Drift, look
from deploy.drift.wanted import objects
from deploy.errors import DeployError
from deploy.observe.cluster import cluster_of
from deploy.observe.recorded import Recorded
from deploy.preflight import check_context
from deploy.stack import Stack
from engine.kubernetes.client import Api
from engine.kubernetes.kubeconfig import Cluster
from engine.provider import ProviderError

LIMIT = 120.0
"""Seconds that all of the looking may take: a program that the kubeconfig names may have no end."""


class IncompleteError(DeployError):
    """Some objects could not be compared; `found` is the drift of the others."""

    def __init__(self, errors: list[ProviderError], found: list[Drift]) -> None:
        said = [*dict.fromkeys(map(str, errors))]
        more = f" ({len(said) - 1} more could not be compared, either.)" if said[1:] else ""
        super().__init__(f"{said[0]}{more}", os.EX_UNAVAILABLE)
        self.found = found


def find(stack: Stack, recorded: Recorded) -> list[Drift]:
    """Every field that the stack's next update would put back if nothing else changed; needs no passphrase.

    The values of Secrets are not compared, for the state has them encrypted. The replicas of what a
    HorizontalPodAutoscaler scales are no drift.

    Raises:
        IncompleteError: the cluster is away, or it cannot be asked about every object (69).
        DeployError: the context is in no kubeconfig (78), or it takes too long (69).
    """
    check_context(stack)
    cluster = cluster_of(stack)
    try:
        found = asyncio.run(_find(cluster, recorded))
    except TimeoutError as err:
        raise DeployError(
            f"The drift of {stack.name} was not found within {LIMIT:g} s. See whether the cluster of context "
            f"{cluster.context!r}, or the program that its kubeconfig names under `users`, hangs.",
            os.EX_UNAVAILABLE,
        ) from err
    drifts, errors = [], []
    for one in found:
        if isinstance(one, ProviderError):
            errors.append(one)
        elif isinstance(one, BaseException):
            raise one
        else:
            drifts += one
    if errors:
        raise IncompleteError(errors, drifts) from errors[0]
    return drifts


async def _find(cluster: Cluster, recorded: Recorded) -> list[list[Drift] | BaseException]:
    api = Api(cluster)
    try:
        async with asyncio.timeout(LIMIT):
            looks = (look(api, state) for state in objects(recorded).values())
            return await asyncio.gather(*looks, return_exceptions=True)
    finally:
        await api.close()
