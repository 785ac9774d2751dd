"""AppConfigMap: an immutable ConfigMap whose name says what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pulumi
import pulumi_kubernetes as k8s

from components.hashing import content_hash, plain_data
from components.rules import check_env_key, check_label
from components.validate import check


@dataclass(frozen=True)
class AppConfigMapArgs:
    """What an AppConfigMap takes."""

    name: str
    """The first part of the object's name; `-` and 10 hex digits of a content hash follow."""

    namespace: pulumi.Input[str]
    """The namespace it lives in."""

    data: Mapping[str, pulumi.Input[str]]
    """Its entries; each key serves as an environment variable and as a file name. No secrets here."""

    labels: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Labels of the object. Default: none."""

    def __post_init__(self) -> None:
        check("AppConfigMapArgs", "name", self.name, check_label)
        for key in self.data:
            check("AppConfigMapArgs", "data key", key, check_env_key)


class AppConfigMap(pulumi.ComponentResource):
    """A changed entry makes a new object beside the old one, which goes after everything that uses it was updated.

    So a change rolls the pods, and a rollout that fails leaves the old pods on the old values. Give plain values where
    you can: `hashing` says why.
    https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable
    """

    name: pulumi.Output[str]
    """The object's name, with its hash."""

    def __init__(self, name: str, args: AppConfigMapArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flask-k8s:index:AppConfigMap", name, {}, opts)
        data = cast("pulumi.Output[Mapping[str, str]]", pulumi.Output.from_input(args.data))
        plain = plain_data(args.data)
        config_map = k8s.core.v1.ConfigMap(
            name if plain is None else f"{name}-{content_hash(plain)}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=data.apply(lambda entries: f"{args.name}-{content_hash(entries)}"),
                namespace=args.namespace,
                labels=args.labels,
            ),
            data=data,
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = config_map.metadata.name
        self.register_outputs({"name": self.name})
