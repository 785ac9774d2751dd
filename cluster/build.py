"""The Go parts: built once for each state of cluster/go, into the user's cache folder."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cluster import locks
from cluster.config import PAUSE
from cluster.errors import ClusterError
from cluster.profile import cache_folder

MODULE: Final = Path(__file__).with_name("go")

NAMES: Final = (
    "coredns", "etcd", "forwarder", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler",
    "kubelet",
)  # fmt: skip
"""What the one binary answers to: a symbolic link each."""

OTHERS: Final = ("kubectl", "registry", "pause")
"""Binaries of their own, each a folder of the module; the registry, with other versions, is a module by itself."""

FLAGS: Final = ("-trimpath", "-buildvcs=false", "-mod=readonly")


def folder() -> Path:
    """Where this state of the module is or will be built: `<cache>/cluster-<hash>`."""
    state = hashlib.sha256(Path(__file__).read_bytes())
    for file in sorted(MODULE.rglob("*")):
        if file.is_file() and not file.name.endswith("_test.go"):
            state.update(f"{file.relative_to(MODULE)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return cache_folder() / f"cluster-{state.hexdigest()[:16]}"


def version() -> str:
    """Kubernetes' version, such as v1.35.4: the one that go.mod asks for."""
    found = re.search(r"k8s\.io/kubernetes (v\S+)", (MODULE / "go.mod").read_text())
    assert found  # noqa: S101 - the module is this project's own
    return found[1]


def ensure(say: Callable[[str], None]) -> Path:
    """The folder with all Go parts and `pause.tar`; built first if need be, which takes some minutes.

    It appears at once when it is whole. ClusterError has the end of what the compiler said.
    """
    done = folder()
    if done.exists():
        return done
    require_go()
    with locks.hold(cache_folder() / "build.lock", "building the cluster's programs", say, patience=3600):
        if done.exists():
            return done
        next_ = cache_folder() / "cluster-next"
        shutil.rmtree(next_, ignore_errors=True)
        next_.mkdir(parents=True)
        start = time.monotonic()
        say(f"building Kubernetes {version()}, etcd, CoreDNS, a registry from their modules; once, takes some minutes")
        _compile(MODULE, next_ / "cluster", say)
        for name in OTHERS:
            _compile(MODULE / name, next_ / name, say)
        for name in NAMES:
            (next_ / name).symlink_to("cluster")
        _pause_image(next_ / "pause", next_ / "pause.tar")
        next_.rename(done)
        say(f"built in {time.monotonic() - start:.0f} s: {done}")
    return done


def require_go() -> None:
    """ClusterError where the Go parts are still to be built and there is no Go to do it."""
    if not folder().exists() and shutil.which("go") is None:
        raise ClusterError("go is missing: install Go 1.26 or later (https://go.dev/dl) so that it is on PATH")


def _compile(source: Path, target: Path, say: Callable[[str], None]) -> None:
    major, minor = version()[1:].split(".")[:2]
    stamp = {"gitVersion": version(), "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamp.items())
    command = ["go", "build", "-v", *FLAGS, "-ldflags", f"-s -w {flags}", "-o", str(target), "."]
    start, lines = time.monotonic(), list[str]()
    with subprocess.Popen(
        command,
        cwd=source,
        env=os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        ended = threading.Event()

        def progress() -> None:
            while not ended.wait(20):
                say(f"  {len(lines)} packages so far, {time.monotonic() - start:.0f} s")

        threading.Thread(target=progress, daemon=True).start()
        assert process.stderr  # noqa: S101 - it is a pipe
        lines.extend(line.rstrip() for line in process.stderr)
        ended.set()
    if process.returncode:
        raise ClusterError(f"go build in {source} failed:\n" + "\n".join(lines[-12:]))


def _pause_image(binary: Path, target: Path) -> None:
    """An OCI image layout of one layer with one file, as a tar (https://github.com/opencontainers/image-spec)."""
    files: dict[str, bytes] = {}

    def blob(content: bytes, media: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{media}", "digest": f"sha256:{digest}", "size": len(content)}

    layer = _tar({"pause": binary.read_bytes()}, 0o755)
    image = {
        "architecture": _architecture(),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65535:65535"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(image).encode(), "config.v1+json"),
        "layers": [blob(layer, "layer.v1.tar")],
    }
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"io.containerd.image.name": PAUSE}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    target.write_bytes(_tar(files, 0o644))


def _architecture() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
