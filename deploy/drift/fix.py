"""Puts drifted objects back, as an update of the stack would, with what was deployed last."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deploy.backend import lock_folder
from deploy.drift.compare import Drift
from deploy.drift.find import IncompleteError, find
from deploy.drift.wanted import inputs_for, objects, place
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.observe.cluster import cluster_of
from deploy.observe.recorded import parse, recorded
from deploy.stack import Stack
from engine.backend.lock import locked
from engine.errors import EngineError
from engine.kubernetes.client import Api
from engine.kubernetes.errors import ApiError, UnreachableError, refused
from engine.kubernetes.kinds import from_manifest
from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import Settings
from engine.provider import ProviderError, Resource
from engine.resource.state import State
from engine.resource.urn import name_of
from engine.resource.values import has_secret

Say = Callable[[str], None]


def fix(stack: Stack, engine: Engine, say: Say) -> list[Drift]:
    """Applies the recorded inputs to what drifted, makes anew what is missing, and waits until it is ready.

    The stack's state stays as it is. Only where a drifted object holds secrets, the passphrase is needed.

    Args:
        stack: the stack.
        engine: who reads the state, and decrypts it.
        say: progress.

    Returns:
        What was put back: the drift while the stack is held, for an update may have ended a moment before.

    Raises:
        IncompleteError: some objects cannot be compared (69); the others are put back.
        DeployError: the cluster refuses, an object does not become ready in its time, or something drifts again at
            once (1); the cluster is away (69); an update holds the stack (75).
    """
    with _held(stack, say):
        state = recorded(stack, engine)
        if state.pending:
            raise busy(stack)
        try:
            drifts = find(stack, state)
        except IncompleteError as err:
            if not err.found:
                raise
            drifts = err.found
        broken = {(drift.kind, drift.namespace, drift.name): not drift.path for drift in drifts}
        states = objects(state)
        if any(has_secret(states[where].inputs) for where in broken):
            states = objects(parse(engine.read("stack", "export", "--show-secrets", "--stack", stack.name)))
        try:
            asyncio.run(_put_back(stack, {states[where]: gone for where, gone in broken.items()}, say))
        except ProviderError as err:
            raise DeployError(str(err), os.EX_UNAVAILABLE if isinstance(err, UnreachableError) else 1) from err
        left = find(stack, state) if drifts else []
    if left:
        raise DeployError(
            f"{left[0].kind} {left[0].name} of {stack.name} differs again: {left[0].path or 'it is missing'}"
            f"{f', by {left[0].by}' if left[0].by else ''}. Something keeps changing it: stop that, or let the "
            "program leave the field out.",
            1,
        )
    return drifts


def busy(stack: Stack) -> DeployError:
    """The error (75) where the cluster may be ahead of the state."""
    return DeployError(
        f"{stack.name}: an update is under way, or was killed half way: the state is older than the cluster. Wait "
        f"until it has ended; `.venv/bin/python -m deploy up {stack.name}` ends one that was killed.",
        os.EX_TEMPFAIL,
    )


@contextmanager
def _held(stack: Stack, say: Say) -> Iterator[None]:
    """Holds the stack's lock, as an update does, where it is in a file backend."""
    folder = lock_folder(stack)
    if folder is None:
        yield
        return
    try:
        with locked(folder, say):
            yield
    except EngineError as err:
        raise DeployError(str(err), err.code) from err


async def _put_back(stack: Stack, broken: dict[State, bool], say: Say) -> None:
    """Puts back each object after those that it depends on; the values say which are missing."""
    cluster = cluster_of(stack)
    api, provider = Api(cluster), KubernetesProvider(Settings(cluster, patch_force=True))
    tasks: dict[str, asyncio.Task[None]] = {}

    async def put_back(state: State, missing: bool) -> None:
        await asyncio.gather(*(tasks[urn] for urn in state.references() if urn in tasks))
        await _restore(api, provider, state, missing, say)

    try:
        for state, missing in broken.items():
            tasks[state.urn] = asyncio.create_task(put_back(state, missing))
        for ended in await asyncio.gather(*tasks.values(), return_exceptions=True):  # what can be put back is
            if isinstance(ended, BaseException):
                raise ended
    finally:
        await provider.close()
        await api.close()


async def _restore(api: Api, provider: KubernetesProvider, state: State, missing: bool, say: Say) -> None:
    kind, namespace, name = place(state)
    resource = Resource(state.urn, state.type, name_of(state.urn), state.id, state.inputs, state.outputs)

    def status(line: str) -> None:
        say(f"{kind} {state.id}: {line}")

    def timeout(step: str) -> float:
        return float(state.custom_timeouts.get(step, 0))

    if missing:
        status("making it again")
        await provider.create(resource, state.inputs, preview=False, timeout=timeout("create"), status=status)
    else:
        status("putting it back")
    # After a create too: from then on the object belongs to the manager that the state names, as it did before.
    try:
        endpoint = await api.endpoint(from_manifest(str(state.inputs["apiVersion"]), kind))
        assert endpoint  # noqa: S101 - the object was read, or made, a moment ago
        live = await api.call("GET", endpoint.path(namespace, name))
        inputs = await inputs_for(api, state, live)
        await provider.update(resource, inputs, preview=False, timeout=timeout("update"), status=status)
    except ApiError as err:
        raise refused("read", f"{kind} {state.id}", err) from err
    except ProviderError as err:
        if isinstance(err.__cause__, ApiError) and err.__cause__.code == 422:
            raise ProviderError(f"{err} Or delete it, and run this again: it is then made anew.") from err
        raise
