"""Who vouches for an image: its signature and its SBOM, verified with cosign and a public key.

Without a key (keyless), cosign needs sigstore's public services: not offered here, because it is not tested here.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from deploy.errors import DeployError
from deploy.registry.reference import Reference

TIMEOUT: Final = 120.0
"""Seconds for each question to cosign."""


def verify(ref: Reference, key: Path, sbom: str = "", timeout: float = TIMEOUT) -> list[str]:
    """Verifies that the image is signed with `key`, and that an SBOM of the type `sbom`, unless empty, is so too.

    `sbom` is cosign's word for the type: `spdxjson` or `cyclonedx`. Gives a line for the record on each. Signatures
    need not be in a transparency log: the key is what is trusted.

    Raises:
        DeployError: 1 if a signature is missing or wrong, 69 if cosign is missing or gives no answer, 78 without key.
    """
    if not key.is_file():
        raise DeployError(f"The public key {key} is missing. `cosign public-key --key KEY` prints one: commit it.")
    _cosign(["verify"], ref, key, timeout)
    lines = [f"signature verified with {key.name}"]
    if sbom:
        _cosign(["verify-attestation", "--type", sbom], ref, key, timeout)
        lines.append(f"SBOM ({sbom}) verified with {key.name}")
    return lines


def _cosign(words: list[str], ref: Reference, key: Path, timeout: float) -> None:
    command = ["cosign", *words, "--key", str(key), "--insecure-ignore-tlog=true", str(ref)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
    except FileNotFoundError as err:
        raise DeployError(
            "cosign is missing, and the gate asks for a signature. Install it so that it is on PATH: "
            "https://docs.sigstore.dev/cosign/system_config/installation/",
            os.EX_UNAVAILABLE,
        ) from err
    except subprocess.TimeoutExpired as err:
        raise DeployError(
            f"`cosign {words[0]}` gave no answer on {ref} in {timeout:.0f} s.", os.EX_UNAVAILABLE
        ) from err
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        asked, mend = ("signature", "sign") if words == ["verify"] else (f"signed {words[-1]} SBOM", "attest")
        raise DeployError(
            f"{ref} has no {asked} that {key} verifies. cosign: {said}. Make one with `cosign {mend}`, or promote an "
            "image that has one.",
            1,
        )
