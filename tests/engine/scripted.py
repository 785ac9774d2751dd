"""Engines by the hundred: a process that has loaded the engine, and forks one for each command it reads.

The program is a list in `script.json`, registered by the forked process itself: no interpreter and no SDK to load.
`python -m tests.engine.backend.nursery`
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from types import TracebackType
from typing import Any

import grpc  # type: ignore[import-untyped]

from engine import commands, display, run, update  # noqa: F401 - to be there
from engine.deployment import deployment  # noqa: F401 - to be there
from engine.kubernetes import client, provider  # noqa: F401 - as well
from engine.program import process as program
from engine.program import stubs
from engine.resource import wire
from engine.stack import vcs  # noqa: F401 - to be there
from tests.engine import launcher
from tests.engine.world import ROOT, Ended, World

STACK = "pulumi:pulumi:Stack"
THING = "fake:index:Thing"


class Script:
    """In place of engine.program.Program: registers what `script.json` lists, side by side.

    Each is a name, its inputs, and the name of the thing whose output `name` it takes as its input `of` (or none).
    Inputs that are a manifest make an object of Kubernetes.
    """

    def __init__(self, project: Any) -> None:
        self._things: list[tuple[str, dict[str, Any], str]] = json.loads((project.root / "script.json").read_text())
        self._address = ""

    def feed(self, settings: Mapping[str, Any]) -> None:
        self._address = settings["monitor"]
        self._names = settings["project"], settings["stack"]

    async def wait(self, _line: Callable[[str], None]) -> int:
        async with grpc.aio.insecure_channel(self._address) as channel:
            stub = stubs.resource_grpc.ResourceMonitorStub(channel)
            try:
                await self._register(stub)
                await stub.SignalAndWaitForShutdown(stubs.resource_grpc.google_dot_protobuf_dot_empty__pb2.Empty())
            except grpc.aio.AioRpcError:
                pass  # the update is ending
        return 0

    async def _register(self, stub: Any) -> None:
        request = stubs.resource.RegisterResourceRequest
        stack = await stub.RegisterResource(request(type=STACK, name="-".join(self._names)))
        made: dict[str, asyncio.Task[Any]] = {}

        async def register(name: str, inputs: dict[str, Any], of: str) -> Any:
            needed = [await made[of]] if of else []
            values = {**inputs, **({"of": wire.decode(needed[0].object)["name"]} if of else {})}
            return await stub.RegisterResource(
                request(
                    type=_type(inputs), version=_version(inputs), name=name, parent=stack.urn, custom=True,
                    object=wire.encode(values), dependencies=[resource.urn for resource in needed],
                )
            )  # fmt: skip

        for name, inputs, of in self._things:
            made[name] = asyncio.create_task(register(name, inputs, of))
        await asyncio.gather(*made.values())

    def signal(self, *_: object) -> None:
        """There is no process."""

    def close(self) -> None:
        """There is nothing to end."""


def _type(inputs: dict[str, Any]) -> str:
    if "kind" not in inputs:
        return THING
    group, _, version = inputs["apiVersion"].rpartition("/")
    return f"kubernetes:{group or 'core'}/{version}:{inputs['kind']}"


def _version(inputs: dict[str, Any]) -> str:
    return metadata.version("pulumi-kubernetes") if "kind" in inputs else ""


class Nursery:
    """The process, to be used from a test: `with Nursery() as nursery`."""

    def __enter__(self) -> Nursery:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.backend.nursery"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.communicate(timeout=20)

    def run(self, world: World, *arguments: str, **environment: str) -> Ended:
        """Runs a command to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = world.folder / "log.txt"
        asked = {
            "arguments": arguments, "folder": str(world.project), "log": str(log),
            "environment": {**world.environment, **environment},
        }  # fmt: skip
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return Ended(int(self._process.stdout.readline()), log.read_text(), "")


def _engine(asked: dict[str, Any]) -> int:
    log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for module in (program, update):
        module.Program = Script  # type: ignore[attr-defined]
    code = launcher.run(list(asked["arguments"]))
    sys.stdout.flush()
    return code


def _main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_engine(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _main()
