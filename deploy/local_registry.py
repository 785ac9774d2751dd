"""Finds the registry that a local cluster such as kind or k3d announces (KEP-1755) for a stack that names none."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from deploy import stack as stacks
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.stack import Stack

ANNOUNCEMENT = "local-registry-hosting"


def missing(stack: Stack) -> bool:
    """Whether the stack is to push its image and says nowhere where to."""
    return stack.builds and not stack.is_local and not stack.get("registry") and bool(stack.get("context"))


def write(stack: Stack, engine: Engine, host: str) -> Stack:
    """The stack with `registry` set, in its file too."""
    print(f"registry: {host}, as the cluster announces it; written to {stack.file.name}")
    if code := engine.run("config", "set", "registry", host, "--stack", stack.name):
        raise DeployError(f"`registry` could not be written to {stack.file.name}; see above.", code)
    return stacks.load(stack.project, stack.name)


def announced(stack: Stack) -> str:
    """The host of the announced registry, or an empty string.

    Source: KEP-1755; ConfigMap kube-public/local-registry-hosting, key localRegistryHosting.v1, field host.
    """
    import httpx2  # noqa: PLC0415 - these are slow to import, and seldom needed
    from lightkube import ApiError, Client, KubeConfig  # noqa: PLC0415
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415
    from lightkube.resources.core_v1 import ConfigMap  # noqa: PLC0415

    path = stack.get("kubeconfig") or os.environ.get("KUBECONFIG") or "~/.kube/config"
    try:
        loaded = KubeConfig.from_file(Path(path).expanduser())
        client = Client(config=loaded.get(context_name=stack.get("context")))
        found = client.get(ConfigMap, ANNOUNCEMENT, namespace="kube-public")
    except ApiError as err:
        if err.status.code == 404:
            return ""
        raise DeployError(
            f"kube-public/{ANNOUNCEMENT} of context {stack.get('context')!r} cannot be read: {err.status.message}. "
            f"Set `registry` in {stack.file.name}, and it is not asked for.",
            os.EX_UNAVAILABLE,
        ) from err
    except (httpx2.HTTPError, ConfigError) as err:
        raise DeployError(
            f"The cluster of context {stack.get('context')!r} in {path} cannot be reached: {err}.", os.EX_UNAVAILABLE
        ) from err
    content = yaml.safe_load((found.data or {}).get("localRegistryHosting.v1", "")) or {}
    return str(content.get("host", ""))
