"""Secrets as ExternalSecrets."""

from __future__ import annotations

import pytest

from deploy.errors import DeployError
from deploy.pipeline.sealing import ExternalSecret
from deploy.render.external import check_names, external
from tests.deploy.render.conftest import World, made

FORM = ExternalSecret(store="vault", kind="ClusterSecretStore", key="team/prod", refresh="30m")


def test_names_every_value_and_holds_none() -> None:
    secret = made(
        "v1", "Secret", "app-secret", labels={"app": "a"}, type="Opaque", stringData={"B": "[secret]", "A": "[secret]"}
    )
    assert external(secret.manifest, FORM) == {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "app-secret", "namespace": "ns", "labels": {"app": "a"}},
        "spec": {
            "refreshInterval": "30m",
            "secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"},
            "target": {
                "name": "app-secret",
                "creationPolicy": "Owner",
                "template": {"type": "Opaque", "metadata": {"labels": {"app": "a"}}},
            },
            "data": [
                {"secretKey": "A", "remoteRef": {"key": "team/prod/app-secret", "property": "A"}},
                {"secretKey": "B", "remoteRef": {"key": "team/prod/app-secret", "property": "B"}},
            ],
        },
    }


def test_secrets_that_are_encrypted_as_one_are_refused(world: World) -> None:
    world.configure(secrets={"TOKEN": {"secure": "v1:A:B"}})
    check_names(world.stack)
    world.configure(secrets={"secure": "v1:A:B"})
    with pytest.raises(DeployError, match=r"`secrets` is encrypted as a whole.*set secrets\.NAME --path --secret"):
        check_names(world.stack)
