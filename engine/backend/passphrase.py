# ruff: noqa: PLC0415 - the cipher is loaded where there is a secret
"""The passphrase secrets manager, bit-compatible with the CLI's.

Source: pkg/secrets/passphrase and sdk/go/common/resource/config/crypt.go: PBKDF2-HMAC-SHA256 with 1,000,000 rounds
gives an AES-256-GCM key; a ciphertext is `v1:<nonce base64>:<data base64>`; the stack's salt is
`v1:<salt base64>:<ciphertext of "pulumi">`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from engine.errors import CONFIG, EngineError

ROUNDS: Final = 1_000_000
_PROOF: Final = b"pulumi"
_NOT_SET: Final = (
    "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables"
)


class WrongPassphraseError(EngineError):
    """The passphrase does not open the stack's secrets."""

    def __init__(self) -> None:
        super().__init__(
            "incorrect passphrase: the stack's secrets cannot be read with it; set PULUMI_CONFIG_PASSPHRASE to the "
            "passphrase the stack was made with, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
            CONFIG,
        )


def read_passphrase(environment: Mapping[str, str], folder: Path) -> str:
    """The passphrase from the environment, as the CLI finds it without a terminal; `folder` is the working folder."""
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        return environment["PULUMI_CONFIG_PASSPHRASE"]
    file = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        raise EngineError(_NOT_SET, CONFIG)
    try:
        return (folder / file).read_text().strip()
    except (OSError, UnicodeDecodeError) as err:
        raise EngineError(f"PULUMI_CONFIG_PASSPHRASE_FILE {file!r} cannot be read: {err}", CONFIG) from err


class SecretsManager:
    """Encrypts and decrypts with one salt. The key is derived at the first use, or by `prepare` in a thread."""

    def __init__(self, salt: str, passphrase: str) -> None:
        parts = salt.split(":")
        if len(parts) != 5 or parts[0] != "v1":
            raise EngineError("the encryption salt is malformed: it must read v1:<salt>:v1:<nonce>:<data>", CONFIG)
        self.salt = salt
        self._raw_salt = _decode(parts[1])
        self._proof = ":".join(parts[2:])
        self._passphrase = passphrase
        self._lock = threading.Lock()
        self._key: bytes | None = None
        self._error: WrongPassphraseError | None = None

    @classmethod
    def new(cls, passphrase: str) -> SecretsManager:
        """A manager with a new random salt."""
        raw = secrets.token_bytes(8)
        key = _derive(passphrase, raw)
        proof = _encrypt(key, _PROOF)
        manager = cls(f"v1:{base64.b64encode(raw).decode()}:{proof}", passphrase)
        manager._key = key
        return manager

    def prepare(self) -> bytes:
        """Derives the key and proves it. Raises WrongPassphraseError. Releases the GIL, so it may run in a thread."""
        with self._lock:
            if self._error is not None:
                raise self._error
            if self._key is not None:
                return self._key
            key = _derive(self._passphrase, self._raw_salt)
            try:
                proof = _decrypt(key, self._proof)
            except EngineError:
                proof = b""
            if proof != _PROOF:
                self._error = WrongPassphraseError()
                raise self._error
            self._key = key
            return key

    def encrypt(self, plaintext: str) -> str:
        """The ciphertext of a text, with a new random nonce."""
        return _encrypt(self.prepare(), plaintext.encode())

    def decrypt(self, ciphertext: str) -> str:
        """The text of a ciphertext; a damaged one is an error that does not echo it."""
        return _decrypt(self.prepare(), ciphertext).decode()


def _derive(passphrase: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(errors="surrogateescape"), salt, ROUNDS, 32)


def _encrypt(key: bytes, plaintext: bytes) -> str:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    data = AESGCM(key).encrypt(nonce, plaintext, None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(data).decode()}"


def _decrypt(key: bytes, ciphertext: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    parts = ciphertext.split(":")
    if len(parts) != 3 or parts[0] != "v1":
        raise EngineError("a secret is malformed: it must read v1:<nonce>:<data>", CONFIG)
    try:
        return AESGCM(key).decrypt(_decode(parts[1]), _decode(parts[2]), None)
    except (InvalidTag, ValueError) as err:
        raise EngineError(
            "a secret cannot be decrypted with the stack's key: it was encrypted for another stack, or is damaged",
            CONFIG,
        ) from err


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise EngineError("a secret or salt is malformed: its parts must be base64", CONFIG) from err
