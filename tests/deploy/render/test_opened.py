"""The stack's secrets, opened or not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config import DEV_PASSPHRASE
from deploy.errors import DeployError
from deploy.render.opened import fingerprint, opened
from tests.deploy.render.conftest import PASSPHRASE, VALUE, World, made


def test_every_secret_is_opened(world: World) -> None:
    token = {"TOKEN": {"secure": world.manager.encrypt("sesame")}, "NAME": "plain"}
    world.configure(secrets=token)
    assert opened(world.stack) == {
        "flask-k8s:secretKey": VALUE,
        "flask-k8s:hashKey": VALUE,
        "flask-k8s:secrets": '{"NAME":"plain","TOKEN":"sesame"}',
    }


def test_the_passphrase_is_taken_from_a_file_too(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert opened(world.stack) is None
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    assert opened(world.stack)


def test_the_passphrase_that_everyone_knows_opens_dev_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", DEV_PASSPHRASE)
    assert opened(world.stack) is None


def test_secrets_of_another_provider_stay_closed(world: World) -> None:
    text = world.stack.file.read_text()
    world.stack.file.write_text(text.replace("encryptionsalt:", "encryptedkey:"))
    assert opened(world.stack) is None


def test_a_missing_secret_is_refused_before_anything_is_sealed(world: World) -> None:
    world.configure(secretKey=None)
    with pytest.raises(DeployError, match="secretKey '': must be given"):
        opened(world.stack)


def test_a_damaged_secret_is_refused(world: World) -> None:
    world.configure(hashKey={"secure": "v1:AAAAAAAAAAAAAAAA:AAAA"})
    with pytest.raises(DeployError, match="secrets of prod cannot be read") as caught:
        opened(world.stack)
    assert caught.value.code == os.EX_CONFIG
    assert VALUE not in str(caught.value)


def test_the_fingerprint_changes_with_what_secrets_are_made_of(world: World) -> None:
    secret = made("v1", "Secret", "a", data={"KEY": "[secret]"})
    before = fingerprint(world.stack, [secret])
    assert fingerprint(world.stack, [secret]) == before
    assert fingerprint(world.stack, []) != before
    world.configure(replicas=5)
    unrelated = world.stack
    world.configure(VALUE)
    assert fingerprint(world.stack, [secret]) != before, "encrypted anew: whether it is the same nobody knows"
    assert fingerprint(unrelated, [secret]) == fingerprint(world.stack, [secret])
