"""Pulumi.yaml and Pulumi.dev.yaml against the rules."""

import base64
import re
from typing import Any

import yaml
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from config import DEV_CONTEXT, DEV_PASSPHRASE, parse
from config.schema import FIELDS
from tests.config.values import ROOT, as_text, declared, values


def dev() -> dict[str, Any]:
    stack: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
    return stack


def decrypt(salt_state: str, *ciphertexts: str) -> list[str]:
    """Opens `v1:<nonce>:<ciphertext>` as Pulumi's passphrase secrets manager does."""
    _, salt, check = salt_state.split(":", 2)
    key = PBKDF2HMAC(SHA256(), 32, base64.b64decode(salt), 1_000_000).derive(DEV_PASSPHRASE.encode())

    def open_one(text: str) -> str:
        version, nonce, sealed = text.split(":")
        assert version == "v1"
        return AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()

    assert open_one(check) == "pulumi"
    return [open_one(text) for text in ciphertexts]


def test_pulumi_yaml_declares_every_key_with_type_default_and_meaning() -> None:
    own = {key: field for key, field in declared().items() if ":" not in key}
    assert list(own) == [key for key in own if key in FIELDS]
    assert set(own) == set(FIELDS)
    for key, field in own.items():
        assert field["type"] == FIELDS[key].kind, key
        assert "default" in field, key
        assert field["description"].endswith("."), key


def test_foreign_keys_have_a_value_only() -> None:
    """The CLI refuses a type or default for keys of other namespaces."""
    assert {key: field for key, field in declared().items() if ":" in key} == {
        "pulumi:disable-default-providers": {"value": ["kubernetes"]}
    }


def test_pulumi_yaml_names_the_virtual_environment() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    assert project["name"] == "flask-k8s"
    assert project["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}


def test_dev_is_right_and_its_secrets_open_with_the_throwaway_passphrase() -> None:
    stack = dev()
    sealed = {key: value["secure"] for key, value in stack["config"].items() if isinstance(value, dict)}
    opened = dict(zip(sealed, decrypt(stack["encryptionsalt"], *sealed.values()), strict=True))
    defaults = {key: value for key, value in values().items() if key not in ("flask-k8s:registry", *opened)}
    plain = {key: as_text(value) for key, value in stack["config"].items() if key not in sealed}
    config = parse("dev", defaults | plain | opened, sealed, passphrase=DEV_PASSPHRASE)
    assert config.context == DEV_CONTEXT
    assert config.kubeconfig == "~/.local/state/flask-k8s/dev/kubeconfig"
    assert config.repository == "localhost:5001/flask-k8s"
    assert config.base_image == "localhost:5001/python:3.11"
    assert config.service_port == 8080
    assert set(opened) == {"flask-k8s:secretKey", "flask-k8s:hashKey"}
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in opened.values())


def test_dev_only_sets_keys_that_differ_from_the_defaults() -> None:
    for key, value in dev()["config"].items():
        field = declared()[key.removeprefix("flask-k8s:")]
        assert as_text(field["default"]) != as_text(value), key


def test_dev_names_the_documented_passphrase() -> None:
    assert DEV_PASSPHRASE in (ROOT / "Pulumi.dev.yaml").read_text()
