"""Flux's source and kustomize controllers, built from their modules, as processes beside the tests' cluster."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import yaml

import cluster
from cluster import locks
from cluster.profile import cache_folder
from tests.integration.project import fetch, free_port, until

VERSION = "v1.7.3"
"""Of both; the newest that is whole in the module proxy, and of one release of Flux."""
MODULES = {name: f"github.com/fluxcd/{name}" for name in ("source-controller", "kustomize-controller")}


def module(path: str, version: str) -> Path:
    """The folder of a Go module's source, downloaded once."""
    asked = ["go", "mod", "download", "-json", f"{path}@{version}"]
    done = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=600, cwd="/")
    return Path(json.loads(done.stdout)["Dir"])


def crds(path: str, version: str, *files: str) -> list[dict[str, Any]]:
    """CustomResourceDefinitions out of a module."""
    return [yaml.safe_load((module(path, version) / file).read_text("utf-8")) for file in files]


def controller(name: str) -> Path:
    """The program, built once into the cache folder: minutes.

    `go install` refuses a module that replaces its own `api`; the published one of the same version stands in.
    """
    done = cache_folder() / "tools" / f"{name}-{VERSION}"
    if done.exists():
        return done
    with locks.hold(done.with_name(f"{name}.lock"), f"building {name}", print):
        if not done.exists():
            source = done.with_name(f"{name}-source")
            shutil.rmtree(source, ignore_errors=True)
            shutil.copytree(module(MODULES[name], VERSION), source, copy_function=shutil.copyfile)
            source.chmod(0o755)
            _go(source, "mod", "edit", f"-dropreplace={MODULES[name]}/api")
            _go(source, "build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", f"{done}-next", ".")
            done.with_name(f"{name}-{VERSION}-next").rename(done)
            shutil.rmtree(source)
    return done


def _go(folder: Path, *words: str) -> None:
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    subprocess.run(["nice", "go", *words], cwd=folder, env=environment, check=True, timeout=3600)


@contextmanager
def controllers(node: cluster.Handout, folder: Path) -> Iterator[None]:
    """Both, running until the end of the block; their logs are in the folder."""
    kubeconfig = folder / "kubeconfig"
    content = yaml.safe_load(node.kubeconfig.read_text("utf-8"))
    kubeconfig.write_text(yaml.safe_dump({**content, "current-context": node.context}), "utf-8")
    storage = f"127.0.0.1:{free_port()}"
    (folder / "storage").mkdir()
    options = {
        "source-controller": [
            f"--storage-path={folder / 'storage'}", f"--storage-addr={storage}", f"--storage-adv-addr={storage}"
        ],
        "kustomize-controller": ["--no-remote-bases"],
    }  # fmt: skip
    with ExitStack() as running:
        for name, words in options.items():
            health = f"127.0.0.1:{free_port()}"
            common = [f"--health-addr={health}", "--metrics-addr=0", "--log-level=info"]
            log = running.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [str(controller(name)), *common, *words],
                env={"KUBECONFIG": str(kubeconfig), "RUNTIME_NAMESPACE": "flux-system", "HOME": str(folder)},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            running.callback(process.wait, 30)
            running.callback(process.terminate)
            until(partial(_answers, f"http://{health}/readyz"), f"{name} is ready")
        yield


def _answers(url: str) -> bool:
    try:
        return fetch(url)[0] == 200
    except OSError:
        return False
