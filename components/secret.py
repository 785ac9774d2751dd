"""AppSecret: an immutable Secret whose name changes with its content and leaks nothing of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.hashing import keyed_hash, plain_data
from components.rules import check_label
from components.validate import check


@dataclass(frozen=True)
class AppSecretArgs:
    """What an AppSecret takes."""

    name: str
    """The first part of the object's name; `-` and 10 hex digits of a keyed hash follow."""

    namespace: pulumi.Input[str]
    """The namespace it lives in."""

    data: Mapping[str, pulumi.Input[str]] = field(repr=False)
    """Its entries as plain text; treated as secret whether or not they are marked so."""

    hash_key: pulumi.Input[str] = field(repr=False)
    """The key of the HMAC in the name; keep it as long as the stack lives, or every Secret is renamed once."""

    type: str = "Opaque"
    """The Secret's type. Default: `Opaque`.
    https://kubernetes.io/docs/concepts/configuration/secret/#secret-types"""

    labels: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Labels of the object. Default: none."""

    def __post_init__(self) -> None:
        check("AppSecretArgs", "name", self.name, check_label)


class AppSecret(pulumi.ComponentResource):
    """Like AppConfigMap; the hash is an HMAC-SHA256 under a key of the stack's own, and no secret itself.

    Were the name marked secret, everything that refers to it, such as a whole Deployment, would show as `[secret]`.
    """

    name: pulumi.Output[str]
    """The object's name, with its hash; plain."""

    def __init__(self, name: str, args: AppSecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flask-k8s:index:AppSecret", name, {}, opts)
        data = pulumi.Output.secret(args.data)
        plain = plain_data(args.data)
        if plain is not None and isinstance(args.hash_key, str):
            digest = keyed_hash(args.hash_key, plain)
            resource_name, object_name = f"{name}-{digest}", pulumi.Output.from_input(f"{args.name}-{digest}")
        else:
            known = pulumi.Output.all(key=args.hash_key, data=data)
            hidden = known.apply(lambda its: f"{args.name}-{keyed_hash(its['key'], its['data'])}")
            resource_name, object_name = name, pulumi.Output.unsecret(hidden)
        secret = k8s.core.v1.Secret(
            resource_name,
            metadata=k8s.meta.v1.ObjectMetaArgs(name=object_name, namespace=args.namespace, labels=args.labels),
            string_data=data,
            type=args.type,
            immutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = secret.metadata.name
        self.register_outputs({"name": self.name})
