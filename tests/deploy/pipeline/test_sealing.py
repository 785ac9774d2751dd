"""The key `secrets` of a stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.pipeline.load import load
from deploy.pipeline.sealing import ExternalSecret, SealedSecret, Secrets, Sops


def read(folder: Path, secrets: str) -> Secrets | None:
    (folder / "pipeline.yaml").write_text(f"stages:\n  - stack: dev\n    secrets: {secrets}\n")
    return load(folder).stage("dev").secrets


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("{sops: {age: [age1abc, age1def]}}", Secrets(sops=Sops(age=("age1abc", "age1def")))),
        ("{sealedSecret: {certificate: c.crt}}", Secrets(sealed_secret=SealedSecret(certificate="c.crt"))),
        (
            "{externalSecret: {store: vault, key: prod}}",
            Secrets(external_secret=ExternalSecret(store="vault", kind="SecretStore", key="prod", refresh="1h")),
        ),
    ],
)
def test_each_form_is_read(tmp_path: Path, content: str, wanted: Secrets) -> None:
    assert read(tmp_path, content) == wanted


def test_there_is_none_unless_it_is_declared(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text("stages: [{stack: dev}]\n")
    assert load(tmp_path).stage("dev").secrets is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{}", r"stages\[0\]\.secrets: has no form\n    mend: give it one of sops, sealedSecret, externalSecret"),
        ("{sops: {age: [age1a]}, sealedSecret: {certificate: c}}", "has sops and sealedSecret"),
        ("{sops: {age: []}}", r"stages\[0\]\.secrets\.sops\.age"),
        ("{sops: {}}", r"secrets\.sops\.age: is missing"),
        ("{sops: {age: [AGE-SECRET-KEY-1QQ]}}", r"age\[0\].*\n    mend: age is age's public keys"),
        ("{sealedSecrets: {certificate: c}}", "is no key\n    mend: did you mean sealedSecret"),
        ("{sealedSecret: {certificate: ''}}", r"sealedSecret\.certificate"),
        ("{externalSecret: {store: v}}", r"externalSecret\.key: is missing"),
        ("{externalSecret: {store: v, key: k, kind: Store}}", r"externalSecret\.kind Store"),
        ("{externalSecret: {store: v, key: k, refresh: 1d}}", "refresh 1d: has not the right form"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_its_mend(tmp_path: Path, content: str, says: str) -> None:
    with pytest.raises(DeployError, match=says):
        read(tmp_path, content)
