"""Secrets in a form that may lie in git: what is there already is kept, the rest is sealed by sops or kubeseal.

What they make is random, so that it would differ from run to run. The plain text goes through pipes alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
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


@dataclass(frozen=True)
class SopsSealer:
    """Encrypts the values of `data` for age's public keys."""

    form: Sops
    prefix = "secret"

    def fits(self, text: str, manifest: dict[str, Any]) -> bool:
        """Whether a file is this Secret, its values aside, for the recipients of today."""
        content = parse(text)
        sops = content.pop("sops", None) or {}
        recipients = {entry.get("recipient") for entry in sops.get("age") or ()}
        others = [key for key in _KEYS if sops.get(key)]
        return recipients == set(self.form.age) and not others and _same(content, manifest)

    def seal(self, manifest: dict[str, Any]) -> str:
        """The file's text, without the header."""
        # The regular expression is what kustomize-controller asks for; the environment could add recipients.
        words = ["--age", ",".join(self.form.age), "--encrypted-regex", "^(data|stringData)$"]
        words += ["--input-type", "yaml", "--output-type", "yaml"]
        text = _run(["sops", "--config", os.devnull, "--encrypt", *words, "/dev/stdin"], dump(manifest))
        sealed = parse(text).get("data") or {}
        # SOPS leaves an empty text as it is.
        plain = [key for key, value in sealed.items() if value and not str(value).startswith("ENC[")]
        if plain or not self.fits(text, manifest):
            raise _unsealed("sops", manifest)
        return text


@dataclass(frozen=True)
class KubesealSealer:
    """Makes a SealedSecret for the cluster whose controller has the certificate's key."""

    form: SealedSecret
    project: Path
    prefix = "sealedsecret"

    def fits(self, text: str, manifest: dict[str, Any]) -> bool:
        """Whether a file is this Secret, its values aside, for the certificate of today."""
        content = parse(text)
        spec = content.get("spec") or {}
        shell = {**(spec.get("template") or {}), "data": spec.get("encryptedData")}
        kinds = {key: manifest[key] for key in ("apiVersion", "kind")}
        metadata = content.get("metadata") or {}
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
        return f"# Sealed for the certificate sha256:{hashlib.sha256(self._certificate().read_bytes()).hexdigest()}."

    def _certificate(self) -> Path:
        file = self.project / self.form.certificate
        if not file.is_file():
            raise DeployError(
                f"{file} is missing: pipeline.yaml names it as the certificate that Secrets are sealed for. Fetch it: "
                f"`kubeseal --fetch-cert > {self.form.certificate}`."
            )
        return file


Sealer = SopsSealer | KubesealSealer


def _same(shell: dict[str, Any], manifest: dict[str, Any]) -> bool:
    """Whether all but the values is the same; without `data` in the manifest, its names are not known."""
    names = set(shell.get("data") or ())
    rest = {key: value for key, value in shell.items() if key != "data"}
    wanted = {key: value for key, value in manifest.items() if key != "data"}
    return rest == wanted and ("data" not in manifest or names == set(manifest["data"]))


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
            env={key: value for key, value in os.environ.items() if not key.startswith("SOPS_")},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeployError(f"`{name}` did not end within {_TIMEOUT} s; nothing was written.", 1) from None
    if done.returncode:
        raise DeployError(f"`{name}` failed; nothing was written{_why(done.stderr, parse(text))}", 1)
    return done.stdout


def _why(said: str, manifest: dict[str, Any]) -> str:
    """The last line that the program said; nothing where it quotes a value."""
    last = "".join(clean(line) for line in said.strip().splitlines()[-1:])
    quoted = any(str(value) in said for value in manifest.get("data", {}).values() if value)
    return "." if quoted or not last else f": {last}"


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
