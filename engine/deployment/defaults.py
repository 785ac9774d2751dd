"""Default providers: registered at the first resource of a package that names no provider.

Source: pkg/resource/deploy/default_providers.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from engine.deployment.builtin import PACKAGE
from engine.deployment.executor import AbortedError
from engine.errors import EngineError
from engine.resource.goal import Goal
from engine.resource.state import State
from engine.resource.urn import PROVIDER_PREFIX, package_of
from engine.resource.values import Properties, Secret
from engine.workspace import config


class DefaultProviders:
    """Hands out the reference of the default provider of a package and version."""

    def __init__(self, values: Mapping[str, config.ConfigValue], register: Callable[[Goal], Awaitable[State]]) -> None:
        self._values = values
        self._register = register
        self._references: dict[tuple[str, str], asyncio.Future[str]] = {}

    async def reference(self, goal: Goal) -> str:
        """The reference for a resource. Raises EngineError where the stack's config disables it."""
        package = package_of(goal.type)
        if package != PACKAGE and config.default_provider_disabled(self._values, package):
            raise EngineError(
                f"Default provider for '{package}' disabled. '{goal.name}' ({goal.type}) must use an explicit "
                "provider: give it, or a component it is in, the option `provider`"
            )
        key = (package, goal.version)
        if key not in self._references:
            future = self._references[key] = asyncio.get_running_loop().create_future()
            try:
                state = await self._register(self._goal(package, goal.version))
                future.set_result(f"{state.urn}::{state.id}")
            finally:
                if not future.done():
                    future.cancel()
        try:
            return await asyncio.shield(self._references[key])
        except asyncio.CancelledError:
            raise AbortedError from None

    def _goal(self, package: str, version: str) -> Goal:
        inputs: Properties = {
            name: Secret(value.text) if value.secret else value.text
            for name, value in config.package_config(self._values, package).items()
            if package != PACKAGE
        }
        if version:
            inputs |= {"version": version, "__internal": {}}
        name = f"default_{version.replace('.', '_')}" if version else "default"
        return Goal(type=f"{PROVIDER_PREFIX}{package}", name=name, custom=True, inputs=inputs)
