"""A Python image from Debian packages, for machines that reach a Debian mirror but no image registry.

It has what one expects of an image called python: `python`, `python3` and `pip`, virtual environments, CA
certificates, and apt. It is made by mmdebstrap, once, and kept as a layer in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from cluster import files, locks, packages
from cluster.errors import ClusterError

Say = Callable[[str], None]

SUITE: Final = "bookworm"
"""The Debian release whose Python is `VERSION`."""
VERSION: Final = "3.11"

INCLUDE: Final = (
    "usr-is-merged",  # else usrmerge comes in, and 48 MB of perl with it
    "ca-certificates",
    "python3",
    "python3-venv",
    "python3-pip",
    "python-is-python3",
)
EXCLUDE: Final = (
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/lib/*/gconv/*",
)
TIDY: Final = """\
rm -rf "$1"/usr/lib/python3*/EXTERNALLY-MANAGED "$1"/var/log/*.log "$1"/var/log/apt/* "$1"/var/cache/ldconfig
rm -rf "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
"""
"""Run at the end. Debian forbids `pip install` outside of virtual environments; the python image does not."""


@dataclass(frozen=True)
class Layer:
    """A file system as one image layer."""

    path: Path
    """A tar file compressed with gzip."""
    digest: str
    """Of that file: `sha256:...`."""
    diff_id: str
    """Of the tar file inside: `sha256:...`."""


def recipe() -> str:
    """Names what the layer is made of; another recipe makes another layer."""
    text = json.dumps([SUITE, INCLUDE, EXCLUDE, TIDY, os.uname().machine])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def layer(cache: Path, say: Say) -> Layer:
    """The layer, made if the folder `cache` does not have it yet (root, a Debian mirror, half a minute)."""
    if there := made(cache):
        return there
    if os.geteuid() != 0:
        raise ClusterError("only root can make a Python image from Debian packages: run this as root")
    mmdebstrap = packages.require("mmdebstrap")
    with locks.hold(cache / "python.lock", "making a Python image from Debian packages", say):
        if there := made(cache):
            return there
        say("making a Python image from Debian packages")
        start = time.monotonic()
        scratch = cache / "python.tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        try:
            digest, diff_id = _make(mmdebstrap, scratch, cache / "python.log")
            path = cache / f"python-{recipe()}.tar.gz"
            (scratch / "layer").replace(path)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        files.write(path.with_suffix(".json"), json.dumps({"digest": digest, "diff_id": diff_id}) + "\n")
        size = path.stat().st_size / 1e6
        say(f"made a Python image from Debian packages: {size:.0f} MB in {time.monotonic() - start:.1f} s")
    return Layer(path, digest, diff_id)


def made(cache: Path) -> Layer | None:
    """The layer, if it is whole: its description is written last."""
    path = cache / f"python-{recipe()}.tar.gz"
    try:
        entry = json.loads(path.with_suffix(".json").read_text())
        return Layer(path, entry["digest"], entry["diff_id"]) if path.exists() else None
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _make(mmdebstrap: Path, scratch: Path, log: Path) -> tuple[str, str]:
    """Write the layer to `scratch`/layer; gives the digests of it and of the tar file in it."""
    command = [
        # It ends with this process, and what it mounts is nobody else's.
        *("setpriv", "--pdeathsig", "TERM", "unshare", "--mount", str(mmdebstrap)),
        *("--variant=apt", "--format=tar", "--quiet"),
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        f"--include={','.join(INCLUDE)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDE),
        "--dpkgopt=force-unsafe-io",
        '--aptopt=Acquire::Languages "none"',
        *_proxies(),
        f"--customize-hook={TIDY}",
        *(SUITE, "-", *_mirrors()),
    ]
    whole, inner, packer = hashlib.sha256(), hashlib.sha256(), zlib.compressobj(5, wbits=31)
    environment = os.environ | {"TMPDIR": str(scratch), "LC_ALL": "C", "PATH": packages.search_path()}
    # A date for all that is newer, so that the result depends less on the moment.
    environment["SOURCE_DATE_EPOCH"] = str(int(time.time()) // 86400 * 86400)
    with log.open("wb") as errors, (scratch / "layer").open("wb") as target:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
        )
        with process, cast(IO[bytes], process.stdout) as source:
            while chunk := source.read(1 << 20):
                inner.update(chunk)
                packed = packer.compress(chunk)
                whole.update(packed)
                target.write(packed)
        packed = packer.flush()
        whole.update(packed)
        target.write(packed)
        target.flush()
        os.fsync(target.fileno())
    if process.returncode:
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("E: ")]
        raise ClusterError(
            f"mmdebstrap could not make a Python image: {' | '.join(lines[:2]) or process.returncode}. Its log is {log}"
        )
    return f"sha256:{whole.hexdigest()}", f"sha256:{inner.hexdigest()}"


def _mirrors() -> list[str]:
    """Lines of sources.list with this machine's own Debian mirrors, where it has any; else mmdebstrap knows one."""
    words = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(COMPONENT) $(CODENAME) $(REPO_URI)"]
    done = subprocess.run([*words, "Created-By: Packages"], capture_output=True, text=True, check=False)
    places: dict[str, str] = {}
    for line in done.stdout.splitlines():
        origin, label, component, codename, uri = line.split(" ", 4)
        if "@" in uri:  # a password, which must not be in an image nor on a command line
            continue
        if origin == "Debian" and component == "main" and "-backports" not in codename:
            suffix = "-security" if label == "Debian-Security" else "-updates" if "-updates" in codename else ""
            places.setdefault(suffix, uri)
    if "" not in places:
        return []
    return [f"deb {uri} {SUITE}{suffix} main" for suffix, uri in sorted(places.items())]


def _proxies() -> list[str]:
    """What apt on this machine is told about proxies."""
    words = ["apt-config", "dump", "--format", "%f %v%n", "Acquire::http::Proxy", "Acquire::https::Proxy"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    entries = (line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    return [f'--aptopt={name} "{value}"' for name, value in entries if value and "@" not in value]
