"""Which packages the embedded engine serves itself."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from engine.errors import needs_cli
from engine.provider import CheckFailure, Diff, Provider
from engine.resource.values import Properties

PACKAGES: dict[str, str] = {"kubernetes": "engine.kubernetes", "docker": "engine.docker"}
"""Package to the module with its `configure`, and optionally `check_config` and `diff_config`."""


def module_of(package: str) -> ModuleType:
    """The module that serves a package; EngineError names the CLI for any other."""
    if package not in PACKAGES:
        served = ", ".join(sorted(PACKAGES))
        raise needs_cli(f"the package {package!r} (only {served} {'are' if len(PACKAGES) > 1 else 'is'})")
    return import_module(PACKAGES[package])


def warm(packages: set[str]) -> None:
    """Loads what the providers of these packages need to ask a server; for a thread, while the program starts."""
    for package in packages & PACKAGES.keys():
        load = getattr(module_of(package), "warm", None)
        if load is not None:
            load()


def configure(package: str, inputs: Properties) -> Provider:
    """A configured provider. Raises ProviderError or EngineError."""
    provider: Provider = module_of(package).configure(inputs)
    return provider


def check_config(package: str, news: Properties) -> tuple[Properties, list[CheckFailure]]:
    """The inputs of a provider resource with the provider's own defaults."""
    check = getattr(module_of(package), "check_config", None)
    if check is None:
        return news, []
    checked: tuple[Properties, list[CheckFailure]] = check(news)
    return checked


def diff_config(package: str, olds: Properties, news: Properties) -> Diff | None:
    """How a provider's inputs differ; None where the package leaves that to the engine."""
    diff = getattr(module_of(package), "diff_config", None)
    if diff is None:
        return None
    found: Diff = diff(olds, news)
    return found
