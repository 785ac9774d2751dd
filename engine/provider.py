"""What the engine asks of a provider: the verbs of Pulumi's ResourceProvider protocol, as Python calls.

Source: sdk/proto/pulumi/provider.proto. Every property map may hold `Secret` and (in a preview) `UNKNOWN`.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from engine.resource.values import Properties


class ProviderError(Exception):
    """A step failed. The message is for the user: what is wrong, the rule, the mend; no secret in it.

    `state` and `id` are set where the object exists all the same (created, updated or read, but not ready): the step is
    then recorded with `reasons` as the resource's initErrors, and the next `up` updates it. `inputs` are those of one
    that was read.
    """

    def __init__(
        self, message: str, *, id: str = "", state: Properties | None = None, reasons: tuple[str, ...] = (),
        inputs: Properties | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.id = id
        self.state = state
        self.reasons = reasons
        self.inputs = inputs


@dataclass(frozen=True)
class CheckFailure:
    """One input that cannot be accepted."""

    property: str
    reason: str


@dataclass(frozen=True)
class Diff:
    """How the wanted inputs differ from the recorded ones."""

    changes: bool
    replaces: tuple[str, ...] = ()
    """Property paths that can only change with a new object; empty for an update in place."""
    delete_before_replace: bool = False
    changed: tuple[str, ...] = ()
    """Property paths that differ, such as `spec.template.spec.containers[0].image`."""
    added: tuple[str, ...] = ()
    """Those of `changed` that the recorded object does not have, though its inputs may."""
    removed: tuple[str, ...] = ()
    """Those of `changed` that the program sets no more: known from the inputs alone."""
    asked: tuple[str, ...] = ()
    """Those of `replaces` that are there by the option replaceOnChanges alone."""


@dataclass(frozen=True)
class Result:
    """The object after a step: its id (empty while unknown) and its outputs."""

    id: str
    outputs: Properties
    notes: tuple[str, ...] = ()
    """Short remarks for the display, such as `not server-checked`."""


@dataclass(frozen=True)
class Resource:
    """The resource that a call is about."""

    urn: str
    type: str
    name: str
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    """The inputs of the last step; empty for a new resource."""
    outputs: Properties = field(default_factory=dict)
    """The outputs of the last step; empty for a new resource."""
    interrupted: Properties | None = None
    """The inputs of a pending `creating` operation of this URN, left by a run that was killed; None otherwise."""
    ignored: tuple[str, ...] = ()
    """Of an update: the paths of the option ignoreChanges."""
    deleted: Set[tuple[str, str]] = frozenset()
    """Type and id of what this run deleted before; in a preview, what it is going to, and so is still there."""


@dataclass(frozen=True)
class Drift:
    """One field of a live object that is not what its last step made it."""

    path: str
    """Such as `spec.replicas`; empty where the whole object is missing."""
    wanted: str
    """What the recorded inputs make of it, as text or JSON; empty where they say nothing."""
    found: str
    """What is there; empty where nothing is."""
    by: str = ""
    """Who wrote it; empty where that is not recorded, as of what was removed."""
    at: str = ""
    """When they last wrote, ISO 8601."""
    operation: str = ""
    """How, such as `Update (scale)`."""


Status = Callable[[str], None]
"""Called with one short line about what a step is waiting for."""


@runtime_checkable
class Inspector(Protocol):
    """A provider that can tell what became of an object since its last step."""

    async def inspect(self, resource: Resource, ignored: tuple[str, ...]) -> tuple[tuple[Drift, ...], str]:
        """The drift of the live object, the paths `ignored` aside, and why it could not be asked for (or empty).

        For previews: nothing is changed. Raises `ProviderError` where an update by the same inputs would be refused.
        """
        ...


class Provider(Protocol):
    """One configured provider of one package. Calls run concurrently on one event loop."""

    async def check(self, resource: Resource, news: Properties, seed: bytes) -> tuple[Properties, list[CheckFailure]]:
        """The inputs with the provider's own defaults; `seed` (32 bytes) makes auto-names repeat in preview and up."""
        ...

    async def diff(self, resource: Resource, news: Properties) -> Diff:
        """Compares recorded with wanted inputs; asks the server nothing for an unchanged resource."""
        ...

    async def create(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Creates the object and waits until it is ready; in a preview a dry run. `timeout` in seconds, 0 = default."""
        ...

    async def update(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Brings the object to the wanted inputs and waits until it is ready; in a preview only a dry run."""
        ...

    async def delete(self, resource: Resource, *, timeout: float, status: Status) -> None:
        """Deletes the object and waits until it is gone; gone already is success."""
        ...

    async def read(self, resource: Resource, id: str, inputs: Properties) -> tuple[str, Properties, Properties] | None:
        """(id, inputs, outputs) of the live object, or None where there is none."""
        ...

    async def close(self) -> None:
        """Ends connections."""
        ...
