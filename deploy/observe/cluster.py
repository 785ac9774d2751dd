"""The way to a stack's cluster: its kubeconfig and its context, never the current one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deploy.errors import DeployError
from deploy.say import clean
from deploy.stack import Stack

if TYPE_CHECKING:
    import httpx2
    from lightkube import Client
    from lightkube.config.kubeconfig import SingleConfig

    from engine.kubernetes.kubeconfig import Cluster

TIMEOUT = 10.0
"""Seconds that a request to the API server may take."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_KUBECONFIG: Any = {
    "clusters": [{"name": "", "cluster": {}}],
    "contexts": [{"name": "", "context": {"cluster": ""}}],
    "users": [{"name": "", "user": {"exec": {"apiVersion": "", "command": "", "env": [{"name": "", "value": ""}]}}}],
}


def make_tables() -> None:
    """To be called before threads ask clusters.

    msgspec makes a type's tables at its first use, and crashes where two threads make the same ones.
    """
    from lightkube import KubeConfig  # noqa: PLC0415 - slow to import
    from lightkube.core.decoders import decode_list, decode_status  # noqa: PLC0415
    from lightkube.resources.apps_v1 import Deployment  # noqa: PLC0415
    from lightkube.resources.core_v1 import Pod  # noqa: PLC0415

    KubeConfig.from_dict(_KUBECONFIG)
    decode_status(b'{"details": {"causes": [{}]}}')  # of a refusal
    for kind in (Deployment, Pod):
        decode_list(b'{"items": []}', kind)


def async_client(stack: Stack) -> httpx2.AsyncClient:
    """Bare HTTP to the stack's API server, signed in; without timeouts, for the caller's own clock.

    Raises:
        DeployError: the context is in no kubeconfig, or its credentials cannot be used.
    """
    from lightkube.config.client_adapter import AsyncClient, ConnectionParams  # noqa: PLC0415 - slow to import

    config = _connection(stack)
    with _usable(stack):
        return AsyncClient(config, ConnectionParams(timeout=None, trust_env=is_far(config.cluster.server)))


@contextmanager
def reach(stack: Stack) -> Iterator[Client]:
    """A client of the stack's cluster, for the length of a `with`.

    Raises:
        DeployError: (69) the cluster is away, or refuses; names the context and the server. Else as `async_client`.
    """
    import httpx2  # noqa: PLC0415
    from lightkube import ApiError, Client  # noqa: PLC0415
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

    context, config = stack.get("context"), _connection(stack)
    server = config.cluster.server
    with _usable(stack):
        client = Client(config=config, timeout=httpx2.Timeout(TIMEOUT), trust_env=is_far(server))
    try:
        with client:
            yield client
    except ApiError as err:
        raise DeployError(
            f"The cluster of context {context!r} refuses: {err.status.message}.", os.EX_UNAVAILABLE
        ) from err
    except httpx2.HTTPStatusError as err:  # without a Status: of a proxy, or no Kubernetes at all
        raise DeployError(
            f"What is at {server}, the server of context {context!r}, answers {err.response.status_code}. "
            f"Mend the context that {stack.file.name} names, or what stands before its cluster.",
            os.EX_UNAVAILABLE,
        ) from err
    except httpx2.HTTPError as err:
        raise DeployError(
            f"The cluster of context {context!r} does not answer at {server}: "
            f"{str(err) or type(err).__name__}. Start it, or mend the context that {stack.file.name} names.",
            os.EX_UNAVAILABLE,
        ) from err
    except (ConfigError, OSError, ValueError, LookupError, TypeError) as err:
        raise DeployError(
            f"The cluster of context {context!r} cannot be asked: {reason(err)}. Sign in with the program that its "
            f"kubeconfig names under `users`, if any, and see that {server} is a Kubernetes API server.",
            os.EX_UNAVAILABLE,
        ) from err


def reason(err: Exception) -> str:
    """What an error says, on one line; of an exec plugin, or of an answer that is none of Kubernetes, by its kind."""
    text = " ".join(clean(str(err)).split()).rstrip(".")
    return f"{type(err).__name__}: {text}" if isinstance(err, LookupError | TypeError) else text or type(err).__name__


def cluster_of(stack: Stack) -> Cluster:
    """The cluster of the stack's context, from the first of its kubeconfig files that has it.

    Raises:
        DeployError: none has it, or its entry there is no good (78).
    """
    from engine.kubernetes.kubeconfig import load  # noqa: PLC0415
    from engine.provider import ProviderError  # noqa: PLC0415

    problem: Any = None
    for file in [path for path in stack.kubeconfigs if path.is_file()] or stack.kubeconfigs:
        try:
            return load(str(file), context=stack.get("context"))
        except ProviderError as err:
            problem = problem or err
    raise DeployError(str(problem)) from problem


def _connection(stack: Stack) -> SingleConfig:
    from lightkube import KubeConfig  # noqa: PLC0415
    from lightkube.config.models import User  # noqa: PLC0415

    cluster = cluster_of(stack)
    with _usable(stack):
        found = KubeConfig.from_dict(cluster.config, fname=cluster.path).get()
        assert found is not None  # noqa: S101 - `load` has set the current context
        return found._replace(user=found.user or User())


def is_far(url: str) -> bool:
    """Whether a server may be behind a proxy that the environment names: not on this machine."""
    return urlsplit(url).hostname not in LOOPBACK


@contextmanager
def _usable(stack: Stack) -> Iterator[None]:
    try:
        yield
    except Exception as err:  # what a malformed certificate raises has no common base, and may quote it
        raise DeployError(
            f"The credentials of context {stack.get('context')!r} cannot be used ({type(err).__name__}). "
            "Write that kubeconfig anew."
        ) from err
