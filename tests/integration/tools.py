"""Programs for tests alone: Go tools, each built once from its module into the user's cache folder; what they make."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from cluster import locks
from cluster.profile import cache_folder
from tests.integration.project import until

SEALERS = {
    "age-keygen": ("filippo.io/age/cmd/age-keygen", "v1.3.2"),
    "sops": ("github.com/getsops/sops/v3/cmd/sops", "v3.13.3"),
    "kubeseal": ("github.com/bitnami-labs/sealed-secrets/cmd/kubeseal", "v0.27.1"),
}


def go_tool(name: str, module: str, version: str) -> Path:
    """The program of the Go package `module`, such as `github.com/rhysd/actionlint/cmd/actionlint`, at `version`.

    A first build can take minutes. The program appears in the cache folder when it is whole.
    """
    done = cache_folder() / "tools" / f"{name}-{version}"
    if done.exists():
        return done
    with locks.hold(done.with_name(f"{name}.lock"), f"building {name}", print):
        if not done.exists():
            next_ = done.with_name(f"{name}-next")
            environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOBIN": str(next_)}
            subprocess.run(
                ["nice", "go", "install", "-trimpath", "-ldflags=-s -w", f"{module}@{version}"],
                env=environment,
                check=True,
                timeout=3600,
            )
            (next_ / module.rpartition("/")[2]).rename(done)
            next_.rmdir()
    return done


def path_of(folder: Path, *names: str) -> Path:
    """The folder, for PATH, with some of SEALERS in it."""
    for name in names:
        (folder / name).symlink_to(go_tool(name, *SEALERS[name]))
    return folder


def age_key() -> tuple[str, str]:
    """An identity of age, and its public key."""
    program = str(go_tool("age-keygen", *SEALERS["age-keygen"]))
    key = subprocess.run([program], check=True, capture_output=True, text=True, timeout=60).stdout
    shown = subprocess.run([program, "-y"], input=key, check=True, capture_output=True, text=True, timeout=60)
    return key, shown.stdout.strip()


def established(kubectl: Callable[..., str], crd: str) -> None:
    """Waits until a kind is known; `kubectl wait` fails on one that has no conditions yet."""

    def known() -> bool:
        conditions = json.loads(kubectl("get", "crd", crd, "-o", "json")).get("status", {}).get("conditions") or ()
        return any((it["type"], it["status"]) == ("Established", "True") for it in conditions)

    until(known, f"{crd} is known")
