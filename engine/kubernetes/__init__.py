"""Kubernetes objects, as the package `kubernetes` manages them (pulumi-kubernetes 4.34, with server-side apply)."""

from __future__ import annotations

from importlib import import_module

from engine.kubernetes.cluster_diff import diff_config
from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import parse
from engine.provider import Provider
from engine.resource.values import Properties

__all__ = ["configure", "diff_config"]


def warm() -> None:
    """Loads what is slow to load."""
    import_module("engine.kubernetes.inspect")
    import_module("engine.kubernetes.client")


def configure(inputs: Properties) -> Provider:
    """A provider for the cluster that the inputs name; no connection is opened yet.

    Raises `ProviderError` for an unknown input, an input that only the Pulumi CLI can serve, a kubeconfig that cannot
    be read and a context that it doesn't hold.
    """
    return KubernetesProvider(parse(inputs))
