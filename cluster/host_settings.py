"""What this machine knows about package indexes, as a layer for images: CA certificates, and where pip looks.

Without it, pip inside of a build fails wherever pip on the machine itself needs a company's CA or index.
"""

from __future__ import annotations

import configparser
import io
import os
import re
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

Say = Callable[[str], None]

BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
"""Debian's bundle of CA certificates: on this machine, and in the image."""
KNOWN: Final = Path("/usr/share/ca-certificates/mozilla")
"""The certificates Debian comes with; the image has these anyway."""
PIP: Final = ("index-url", "extra-index-url", "trusted-host")
"""The settings of pip that are passed on (see https://pip.pypa.io/en/stable/topics/configuration/)."""

SYSTEM_PIP: Final = (Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"))
"""pip's settings for all users."""


def layer(say: Say, environment: Mapping[str, str] = os.environ) -> bytes:
    """A tar file with the machine's CA certificates and pip settings; the same bytes for the same settings."""
    content: dict[str, bytes] = {}
    bundle = Path(environment.get("SSL_CERT_FILE") or BUNDLE)
    pip = pip_settings(environment, say)
    if bundle.is_file():
        content[str(BUNDLE).lstrip("/")] = bundle.read_bytes()
        if extra := _extra(bundle.read_text(errors="replace")):
            # update-ca-certificates in the image takes them from here.
            content["usr/local/share/ca-certificates/host.crt"] = extra.encode()
        pip["cert"] = str(BUNDLE)  # A pip that is upgraded brings its own bundle otherwise.
    if pip:
        lines = [f"{key} = {value.replace(chr(10), chr(10) + '    ')}" for key, value in sorted(pip.items())]
        content["etc/pip.conf"] = ("[global]\n" + "\n".join(lines) + "\n").encode()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in sorted(content.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return target.getvalue()


def pip_settings(environment: Mapping[str, str], say: Say) -> dict[str, str]:
    """Those of PIP that are set for pip on this machine, less what has a password in it or is not a network address."""
    parser = configparser.RawConfigParser()
    parser.read(_pip_files(environment), encoding="utf-8")
    found = {}
    for key in PIP:
        value = environment.get(f"PIP_{key.upper().replace('-', '_')}", "")
        for section in ("install", "global"):
            value = value or parser.get(section, key, fallback="")
        words = value.split()
        if any("@" in urlsplit(word).netloc for word in words):
            say(f"pip's {key} has a password in it, which is not put into an image: builds do without this setting")
        elif words and (key == "trusted-host" or all(urlsplit(word).scheme in ("http", "https") for word in words)):
            found[key] = "\n".join(words)
    return found


def _pip_files(environment: Mapping[str, str]) -> list[Path]:
    """pip's configuration files, the stronger ones later."""
    home = Path(environment.get("HOME") or Path.home())
    user = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    files = [*SYSTEM_PIP, home / ".pip/pip.conf", user / "pip/pip.conf"]
    if named := environment.get("PIP_CONFIG_FILE"):
        files.append(Path(named))
    return files if named != os.devnull else []


def _extra(bundle: str) -> str:
    """The certificates in `bundle` that Debian does not come with."""
    known = {_key(block) for path in KNOWN.glob("*.crt") for block in _blocks(path.read_text(errors="replace"))}
    return "".join(block + "\n" for block in _blocks(bundle) if _key(block) not in known)


def _blocks(text: str) -> list[str]:
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.DOTALL)


def _key(block: str) -> str:
    return "".join(block.split())
