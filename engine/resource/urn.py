"""URNs and provider references.

Source: sdk/go/common/resource/urn: `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

STACK_TYPE: Final = "pulumi:pulumi:Stack"
PROVIDER_PREFIX: Final = "pulumi:providers:"


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource; `parent` is a URN or empty. A parent that is the stack adds no type."""
    parent_type = qualified_type(parent) if parent else ""
    chain = f"{parent_type}${type_}" if parent_type and parent_type != STACK_TYPE else type_
    return f"urn:pulumi:{stack}::{project}::{chain}::{name}"


def stack_of(urn: str) -> str:
    """The stack in a URN; of a text that is none, anything."""
    return urn.removeprefix("urn:pulumi:").partition("::")[0]


def project_of(urn: str) -> str:
    """The project in a URN; empty for a text that is none."""
    return urn.partition("::")[2].partition("::")[0]


def qualified_type(urn: str) -> str:
    """The chain of types in a URN, such as `my:index:App$kubernetes:core/v1:Service`."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """The resource's own type."""
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    """The resource's name, which may itself hold `::`."""
    return urn.split("::", 3)[3]


def is_provider_type(type_: str) -> bool:
    """Whether the type is that of a provider resource, `pulumi:providers:<package>`."""
    return type_.startswith(PROVIDER_PREFIX)


def package_of(type_: str) -> str:
    """The package of a type: `kubernetes` for `kubernetes:core/v1:Pod` and `pulumi:providers:kubernetes`."""
    if is_provider_type(type_):
        return type_.removeprefix(PROVIDER_PREFIX)
    return type_.partition(":")[0]


class ProviderRef(NamedTuple):
    """A reference to a provider resource: `<urn>::<id>`."""

    urn: str
    id: str

    @classmethod
    def parse(cls, text: str) -> ProviderRef:
        """Raises ValueError for a text that is no reference."""
        urn, separator, id_ = text.rpartition("::")
        if not separator or not urn.startswith("urn:"):
            raise ValueError(f"not a provider reference: {text!r}")
        return cls(urn, id_)

    def __str__(self) -> str:
        return f"{self.urn}::{self.id}"
