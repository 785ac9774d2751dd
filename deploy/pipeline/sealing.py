"""What pipeline.yaml may say of a stage's secrets: in which form a render holds them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

AgeRecipient = Annotated[str, Meta(pattern="^age1[a-z0-9]+$")]
GoDuration = Annotated[str, Meta(pattern="^[0-9]{1,5}[smh]$")]


class Sops(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Secrets encrypted by SOPS; https://getsops.io/docs/."""

    age: Annotated[
        tuple[AgeRecipient, ...],
        Meta(
            min_length=1,
            description="age's public keys, such as [age1...]; the private key of one opens them",
        ),
    ]


class SealedSecret(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Secrets encrypted for one cluster's controller; https://github.com/bitnami-labs/sealed-secrets."""

    certificate: Annotated[
        str,
        Meta(
            min_length=1,
            description="the controller's certificate (`kubeseal --fetch-cert`), as a path in the project: prod.crt",
        ),
    ]


class ExternalSecret(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Secrets that the cluster fetches from a store; https://external-secrets.io/latest/api/externalsecret/."""

    store: Annotated[str, Meta(min_length=1, description="the store's name in the cluster")]
    kind: Annotated[
        Literal["SecretStore", "ClusterSecretStore"],
        Meta(description="SecretStore, of the namespace, or ClusterSecretStore"),
    ] = "SecretStore"
    key: Annotated[str, Meta(pattern=r"^\S+$", description="what the keys in the store begin with, such as team/prod")]
    refresh: Annotated[GoDuration, Meta(description="how often it is fetched, such as 30m or 24h")] = "1h"


class Secrets(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """The form of a render's Secrets: one of three."""

    sops: Annotated[Sops | None, Meta(description="encrypted by SOPS, for age's public keys")] = None
    sealed_secret: Annotated[SealedSecret | None, Meta(description="sealed for one cluster, as a SealedSecret")] = None
    external_secret: Annotated[
        ExternalSecret | None, Meta(description="only named, as an ExternalSecret; the values are in a store")
    ] = None

    def __post_init__(self) -> None:
        forms = {"sops": self.sops, "sealedSecret": self.sealed_secret, "externalSecret": self.external_secret}
        given = [name for name, form in forms.items() if form]
        if len(given) != 1:
            raise ValueError(f"has {' and '.join(given) or 'no form'}; give it one of {', '.join(forms)}")
