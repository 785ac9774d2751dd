"""Secrets in a form that may lie in git: what is there already is kept, the rest is sealed by sops or kubeseal.

What they make is random, so that it would differ from run to run. The plain text goes through pipes alone.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.errors import DeployError
from deploy.pipeline.sealing import SealedSecret, Sops
from deploy.render.yamltext import dump, parse
from deploy.say import clean

_TIMEOUT: Final = 60
_KEYS: Final = ("kms", "gcp_kms", "hckms", "azure_kv", "hc_vault", "pgp", "key_groups", "shamir_threshold")
"""Where SOPS lists other keys than age's."""
_KEY_BYTES: Final = 128
"""Of the shortest RSA key that anything takes."""
_TAG_BYTES: Final = 16
"""Of AES-GCM."""
_NOT_THEIRS: Final = ("SOPS_", "PULUMI_")
"""Begin variables that could change what is sealed, or that hold the passphrase."""


@dataclass(frozen=True)
class SopsSealer:
    """Encrypts the values of `data` for age's public keys."""

    form: Sops
    prefix = "secret"

    def fits(self, text: str, manifest: dict[str, Any]) -> bool:
        """Whether a file is this Secret, its values encrypted whatever they are, for the recipients of today."""
        content = parse(text)
        sops = _mapping(content.pop("sops", None))
        recipients = {_mapping(entry).get("recipient") for entry in sops.get("age") or ()}
        others = [key for key in _KEYS if sops.get(key)]
        closed = _every(content.get("data"), _is_encrypted)
        return closed and recipients == set(self.form.age) and not others and _same(content, manifest)

    def seal(self, manifest: dict[str, Any]) -> str:
        """The file's text, without the header."""
        # The regular expression is what kustomize-controller asks for; the environment could add recipients.
        words = ["--age", ",".join(self.form.age), "--encrypted-regex", "^(data|stringData)$"]
        words += ["--input-type", "yaml", "--output-type", "yaml"]
        text = _run(["sops", "--config", os.devnull, "--encrypt", *words, "/dev/stdin"], dump(manifest))
        if not self.fits(text, manifest):
            raise _unsealed("sops", manifest)
        return text


@dataclass(frozen=True)
class KubesealSealer:
    """Makes a SealedSecret for the cluster whose controller has the certificate's key."""

    form: SealedSecret
    project: Path
    prefix = "sealedsecret"

    def fits(self, text: str, manifest: dict[str, Any]) -> bool:
        """Whether a file is this Secret, its values encrypted whatever they are, for the certificate of today."""
        content = parse(text)
        spec = _mapping(content.get("spec"))
        template, sealed = _mapping(spec.pop("template", None)), spec.pop("encryptedData", None) or {}
        if spec or "data" in template or not _every(sealed, _is_sealed):
            return False
        shell = {**template, "data": sealed}
        kinds = {key: manifest[key] for key in ("apiVersion", "kind")}
        metadata = _mapping(content.get("metadata"))
        placed = all(metadata.get(key) == manifest["metadata"].get(key) for key in ("name", "namespace"))
        return self._mark() in text.splitlines() and placed and _same({**kinds, **shell}, manifest)

    def seal(self, manifest: dict[str, Any]) -> str:
        """The file's text, without the header."""
        words = ["--cert", str(self._certificate()), "--scope", "strict", "--format", "yaml"]
        content = parse(_run(["kubeseal", *words], dump(manifest)))
        for part in (content, (content.get("spec") or {}).get("template") or {}):
            (part.get("metadata") or {}).pop("creationTimestamp", None)
        text = f"{self._mark()}\n{dump(content)}"
        if content.get("kind") != "SealedSecret" or not self.fits(text, manifest):
            raise _unsealed("kubeseal", manifest)
        return text

    def _mark(self) -> str:
        return f"# Sealed for the certificate sha256:{hashlib.sha256(self._content()).hexdigest()}."

    def _content(self) -> bytes:
        file = self._certificate()
        try:
            return file.read_bytes()
        except OSError as err:
            raise DeployError(
                f"{file}, the certificate that Secrets are sealed for, cannot be read: {err.strerror}."
            ) from err

    def _certificate(self) -> Path:
        file = self.project / self.form.certificate
        if not file.exists():
            raise DeployError(
                f"{file} is missing: pipeline.yaml names it as the certificate that Secrets are sealed for. Fetch it: "
                f"`kubeseal --fetch-cert > {self.form.certificate}`."
            )
        return file


Sealer = SopsSealer | KubesealSealer


def _mapping(value: object) -> dict[str, Any]:
    """The value; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def _same(shell: dict[str, Any], manifest: dict[str, Any]) -> bool:
    """Whether all but the values is the same; without `data` in the manifest, its names are not known."""
    names = set(_mapping(shell.get("data")))
    rest = {key: value for key, value in shell.items() if key != "data"}
    wanted = {key: value for key, value in manifest.items() if key != "data"}
    return rest == wanted and ("data" not in manifest or names == set(manifest["data"]))


def _every(values: object, test: Callable[[object], bool]) -> bool:
    return isinstance(values, dict) and all(map(test, values.values()))


def _is_encrypted(value: object) -> bool:
    """Whether it has SOPS's form, which leaves an empty text as it is."""
    return value in ("", None) or str(value).startswith("ENC[")


def _is_sealed(value: object) -> bool:
    """Whether it has kubeseal's form: the length of an encrypted key in two bytes, that key, and what it encrypts."""
    try:
        raw = base64.b64decode(str(value), validate=True)
    except ValueError:
        return False
    length = int.from_bytes(raw[:2], "big")
    return length >= _KEY_BYTES and len(raw) >= 2 + length + _TAG_BYTES


def _run(command: list[str], text: str) -> str:
    name = command[0]
    program = shutil.which(name)
    if program is None:
        raise DeployError(
            f"`{name}` is not on PATH; a Secret must be sealed with it. Install it ({_HOME[name]}) and run this again.",
            os.EX_UNAVAILABLE,
        )
    try:
        done = subprocess.run(
            [program, *command[1:]],
            input=text,
            env={key: value for key, value in os.environ.items() if not key.startswith(_NOT_THEIRS)},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeployError(f"`{name}` did not end within {_TIMEOUT} s; nothing was written.", 1) from None
    except OSError as err:
        raise DeployError(
            f"`{name}` ({program}) cannot be run: {err.strerror}; nothing was written. Install it ({_HOME[name]}).",
            os.EX_UNAVAILABLE,
        ) from err
    if done.returncode:
        raise DeployError(f"`{name}` failed; nothing was written{_why(done.stderr, parse(text))}", 1)
    return done.stdout


def _why(said: str, manifest: dict[str, Any]) -> str:
    """The last line that the program said; nothing where it quotes a value, or a line of one."""
    last = "".join(clean(line) for line in said.strip().splitlines()[-1:])
    quoted = any(part in said for part in _readings(manifest) if part)
    return "." if quoted or not last else f": {last}"


def _readings(manifest: dict[str, Any]) -> Iterator[str]:
    for value in manifest.get("data", {}).values():
        yield str(value)
        yield from base64.b64decode(value).decode(errors="replace").splitlines()


def _unsealed(name: str, manifest: dict[str, Any]) -> DeployError:
    return DeployError(
        f"What `{name}` made of the Secret {manifest['metadata']['name']!r} is not that Secret, sealed as "
        f"pipeline.yaml says; nothing was written. See that the `{name}` on PATH is the real one, and not too old.",
        1,
    )


_HOME: Final = {
    "sops": "https://getsops.io",
    "kubeseal": "https://github.com/bitnami-labs/sealed-secrets",
}
