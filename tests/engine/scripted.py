"""The launcher, with a list in `script.json` for a program: the engine's process registers it itself.

No program is started, so that hundreds of runs take little time: `python -m tests.engine.scripted ARGS`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

import grpc  # type: ignore[import-untyped]

from engine import update
from engine.kubernetes import client  # noqa: F401 - to have its calls counted
from engine.program import process as program
from engine.program import stubs
from engine.resource import wire
from tests.engine import launcher

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


if __name__ == "__main__":
    for module in (program, update):
        module.Program = Script  # type: ignore[attr-defined]
    sys.exit(launcher.run(sys.argv[1:]))
