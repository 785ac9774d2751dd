"""The passphrase manager against what a Pulumi CLI (v3.260.0) wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.backend.passphrase import SecretsManager, WrongPassphraseError, read_passphrase
from engine.errors import EngineError

SALT = "v1:fjkFHtdGxGc=:v1:KTPjy5qi4vPCuEny:i/l48eN2D8VNcEjNVqiafJ0zdFDogQ=="
CONFIG = "v1:HrwGfCzj59yU00KO:UQNocghRWmIs649PcwHFFNSi808LlE6MHYLsiyUPSg=="
STATE = "v1:BtgVTAGSaii6DOHs:8StpIACJCxk7IQwv582sxngDaJ1fV/VfFv2GWxAQE2cr5+Rn64SccX6lrYzm2tsXxAxJ2d424Uf2ow=="


def test_what_the_cli_encrypted() -> None:
    manager = SecretsManager(SALT, "open sesame")
    assert manager.decrypt(CONFIG) == "from cli <&> é"
    assert json.loads(manager.decrypt(STATE)) == {"a": "<canary> & co", "n": 3}


def test_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backend.passphrase.ROUNDS", 10)
    made = SecretsManager.new("pass")
    ciphertext = made.encrypt("hidden")
    assert ciphertext.startswith("v1:")
    assert made.encrypt("hidden") != ciphertext, "every ciphertext has its own nonce"
    again = SecretsManager(made.salt, "pass")
    assert again.decrypt(ciphertext) == "hidden"
    with pytest.raises(WrongPassphraseError):
        SecretsManager(made.salt, "other").decrypt(ciphertext)


@pytest.mark.parametrize("salt", ["", "v2:a:v1:b:c", "v1:AA==", "v1:!:v1:AA==:AA=="])
def test_a_malformed_salt(salt: str) -> None:
    with pytest.raises(EngineError, match="malformed"):
        SecretsManager(salt, "x").prepare()


@pytest.mark.parametrize("ciphertext", ["", "v1:x", "v2:AA==:AA==", "v1:!!:AA==", "v1:AAAAAAAAAAAAAAAA:AAAA"])
def test_a_malformed_ciphertext_is_not_echoed(monkeypatch: pytest.MonkeyPatch, ciphertext: str) -> None:
    monkeypatch.setattr("engine.backend.passphrase.ROUNDS", 10)
    with pytest.raises(EngineError, match="secret") as caught:
        SecretsManager.new("x").decrypt(ciphertext)
    assert not ciphertext or ciphertext not in str(caught.value)
    assert caught.value.code == 78


def test_where_the_passphrase_comes_from(tmp_path: Path) -> None:
    (tmp_path / "pass").write_text(" word \n")
    assert read_passphrase({"PULUMI_CONFIG_PASSPHRASE": ""}, tmp_path) == ""
    assert read_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": "pass"}, tmp_path) == "word"
    assert read_passphrase({"PULUMI_CONFIG_PASSPHRASE": "a", "PULUMI_CONFIG_PASSPHRASE_FILE": "pass"}, tmp_path) == "a"
    with pytest.raises(EngineError, match="must be set"):
        read_passphrase({}, tmp_path)
    with pytest.raises(EngineError, match="cannot be read"):
        read_passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": "none"}, tmp_path)
