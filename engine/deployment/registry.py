"""Provider resources (`pulumi:providers:<package>`): the provider that the engine itself is, and those it configured.

Source: pkg/resource/deploy/providers/registry.go.
"""

from __future__ import annotations

import uuid
from contextlib import suppress

from engine.deployment import providers
from engine.deployment.builtin import PACKAGE
from engine.errors import EngineError
from engine.provider import CheckFailure, Diff, Provider, Resource, Result, Status
from engine.resource import wire
from engine.resource.diff import changes, same
from engine.resource.paths import format_path
from engine.resource.state import State
from engine.resource.urn import ProviderRef, package_of, type_of
from engine.resource.values import Properties

_INTERNAL = "__internal"


class Registry:
    """The provider of provider resources; also keeps every configured provider by its reference."""

    def __init__(self, builtin: Provider | None = None) -> None:
        """`builtin` serves the package `pulumi`; None: nothing does."""
        self._builtin = builtin
        self._configured: dict[ProviderRef, Provider] = {}
        self.inputs: dict[str, Properties] = {}
        """The inputs of the provider resources of this run, by URN."""

    def get(self, reference: str) -> Provider | None:
        """The provider that a reference names, where it is configured."""
        return self._configured.get(ProviderRef.parse(reference))

    def configure(self, urn: str, id_: str, inputs: Properties) -> Provider:
        """Configures the provider `<urn>::<id>`, once."""
        reference = ProviderRef(urn, id_)
        if reference not in self._configured:
            package = package_of(type_of(urn))
            if package == PACKAGE and self._builtin is not None:
                self._configured[reference] = self._builtin
            else:
                self._configured[reference] = providers.configure(package, without_internal(inputs))
        self.inputs[urn] = inputs
        return self._configured[reference]

    def ensure(self, reference: str, states: tuple[State, ...]) -> Provider:
        """The provider that a reference names, made from the old state where this run did not register it."""
        found = self.get(reference)
        if found is not None:
            return found
        urn, id_ = ProviderRef.parse(reference)
        for state in states:
            if state.urn == urn and state.id == id_:
                return self.configure(urn, id_, state.inputs)
        raise EngineError(f"the provider {reference} is not in the state")

    async def check(self, resource: Resource, news: Properties, seed: bytes) -> tuple[Properties, list[CheckFailure]]:
        """The checked config; `version` and `__internal` stay as the engine set them."""
        if package_of(resource.type) == PACKAGE:
            return news, []
        checked, failures = providers.check_config(package_of(resource.type), without_internal(news))
        kept = {key: news[key] for key in ("version", _INTERNAL) if key in news}
        return {**checked, **kept}, failures

    async def diff(self, resource: Resource, news: Properties) -> Diff:
        """Replaces where the package says so; else any change is an update in place."""
        olds, wanted = without_internal(resource.inputs), without_internal(news)
        if package_of(resource.type) == PACKAGE:
            return Diff(changes=False)
        found = providers.diff_config(package_of(resource.type), olds, wanted)
        if found is not None:
            return found
        if same(olds, wanted):
            return Diff(changes=False)
        return Diff(changes=True, changed=tuple(format_path(change.path) for change in changes(olds, wanted)))

    async def create(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Configures the provider under a new id (unknown in a preview)."""
        id_ = wire.UNKNOWN_TEXT if preview else str(uuid.uuid4())
        self.configure(resource.urn, id_, news)
        return Result(id_, without_internal(news))

    async def update(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Configures the provider anew under its id."""
        reference = ProviderRef(resource.urn, resource.id)
        old = self._configured.pop(reference, None)
        self.configure(resource.urn, resource.id, news)
        if old is not None:
            await old.close()
        return Result(resource.id, without_internal(news))

    async def delete(self, resource: Resource, *, timeout: float, status: Status) -> None:
        """Nothing to delete; the connection is closed at the end."""

    async def read(self, resource: Resource, id: str, inputs: Properties) -> tuple[str, Properties, Properties] | None:
        """Provider resources may not be read."""
        raise EngineError("provider resources may not be read")

    async def close(self) -> None:
        """Ends the connections of every provider."""
        for provider in self._configured.values():
            with suppress(Exception):  # nothing is left to be done with it
                await provider.close()


def without_internal(inputs: Properties) -> Properties:
    """The inputs without the engine's own key."""
    return {key: value for key, value in inputs.items() if key != _INTERNAL}
