"""The recommended labels.

https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi


@dataclass(frozen=True)
class AppLabels:
    """The labels of one application's objects."""

    name: str
    """The application's name, such as `flask-k8s`."""

    instance: str
    """This installation of it, such as `flask-k8s-dev`; tells two installations in one namespace apart."""

    component: str = "web"
    """Its role within the architecture. Default: `web`."""

    part_of: str | None = None
    """The larger application it belongs to. Default: its own name."""

    extra: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """More labels, put on every object and never in a selector. Default: none."""

    @property
    def selector(self) -> dict[str, pulumi.Input[str]]:
        """Name and instance only: a selector cannot be changed later, the other labels can."""
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/instance": self.instance}

    @property
    def all(self) -> dict[str, pulumi.Input[str]]:
        """Every label; the selector's own cannot be overridden by `extra`."""
        return {
            "app.kubernetes.io/component": self.component,
            "app.kubernetes.io/part-of": self.part_of or self.name,
            "app.kubernetes.io/managed-by": "pulumi",
            **self.extra,
            **self.selector,
        }
