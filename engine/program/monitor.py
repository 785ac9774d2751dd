# ruff: noqa: N802 - the methods have the names of the protocol
"""The two services that a program talks to: ResourceMonitor and Engine.

Source: proto/pulumi/resource.proto and engine.proto, pkg/resource/deploy/source_eval.go.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]

from engine.deployment.deployment import Deployment
from engine.deployment.executor import AbortedError
from engine.errors import EngineError, needs_cli
from engine.program import stubs
from engine.resource import wire
from engine.resource.goal import parse_goal, parse_read
from engine.resource.values import UNKNOWN
from engine.workspace.version import require

_OPTIONS: Final = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]
_LEGACY: Final = frozenset(
    {"secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith", "transforms", "resourceHooks"}
)
"""What SupportsFeature answers with yes; transforms and hooks are refused when used, with a message of our own."""
_FEATURES: Final = (
    "SECRETS", "RESOURCE_REFERENCES", "OUTPUT_VALUES", "ALIAS_SPECS", "DELETED_WITH", "REPLACE_WITH", "TRANSFORMS",
    "INVOKE_TRANSFORMS", "PARAMETERIZATION", "RESOURCE_HOOKS", "ERROR_HOOKS", "REPLACEMENT_TRIGGER", "STATE_MIGRATIONS",
)  # fmt: skip


class Log(Protocol):
    """What the program logs: severity 0 debug, 1 info, 2 warning, 3 error."""

    def log(self, severity: int, urn: str, text: str, *, ephemeral: bool = False) -> None: ...


class Monitor:
    """ResourceMonitor. `ended` is set when the program has registered all; `release` lets it go on to its exit."""

    def __init__(self, deployment: Deployment, root: Path) -> None:
        self.ended = asyncio.Event()
        self.release = asyncio.Event()
        self._deployment = deployment
        self._root = root

    async def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        settings = self._deployment.context.settings
        features = [getattr(stubs.resource, f"RESOURCE_MONITOR_FEATURE_{name}", None) for name in _FEATURES]
        return stubs.resource.DeploymentInfo(
            project=settings.project,
            stack=settings.stack,
            organization="organization",
            dryRun=settings.preview,
            parallel=settings.parallel,
            supportedFeatures=[feature for feature in features if feature is not None],
        )

    async def SupportsFeature(self, request: Any, context: Any) -> Any:
        return stubs.resource.SupportsFeatureResponse(hasSupport=request.id in _LEGACY)

    async def RegisterResource(self, request: Any, context: Any) -> Any:
        try:
            goal = parse_goal(request, self._root)
        except Exception as err:
            await self._fail(err, context)
        state = await self._until_closed(self._deployment.register(goal), context)
        skipped = state.custom and not state.id and not self._deployment.context.settings.preview
        return stubs.resource.RegisterResourceResponse(
            urn=state.urn,
            id=state.id,
            object=wire.encode(self._reply(state)),
            unknown=skipped,
        )

    def _reply(self, state: Any) -> Any:
        """The outputs that the program gets: a component's are its own to know; in a preview, inputs fill the gaps."""
        if not state.custom:
            return {}
        outputs = {key: value for key, value in state.outputs.items() if not key.startswith("__")}  # a provider's own
        if not self._deployment.context.settings.preview:
            return outputs
        return {**state.inputs, **outputs} if outputs else state.inputs

    async def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        try:
            self._deployment.register_outputs(request.urn, wire.decode(request.outputs))
        except Exception as err:
            await self._fail(err, context)
        return empty_pb2.Empty()

    async def ReadResource(self, request: Any, context: Any) -> Any:
        try:
            goal = parse_read(request, self._root)
        except Exception as err:
            await self._fail(err, context)
        state = await self._until_closed(self._deployment.read(goal, request.id), context)
        response = stubs.resource.ReadResourceResponse(urn=state.urn, properties=wire.encode(state.outputs))
        if "id" in response.DESCRIPTOR.fields_by_name and state.id != wire.UNKNOWN_TEXT:
            response.id = state.id
        return response

    async def Invoke(self, request: Any, context: Any) -> Any:
        if request.tok == "pulumi:pulumi:getResource":
            urn = wire.decode(request.args).get("urn")
            state = self._deployment.context.states.get(str(urn))
            if state is not None:
                found = {"urn": state.urn, "id": state.id or UNKNOWN, "state": state.outputs}
                return stubs.resource.ResourceInvokeResponse(**{"return": wire.encode(found)})
        return await self._refuse(f"the function {request.tok!r}", context)

    async def Call(self, request: Any, context: Any) -> Any:
        return await self._refuse(f"the method {request.tok!r}", context)

    async def ExistsResource(self, request: Any, context: Any) -> Any:
        return await self._refuse(f"exists of {request.type!r}", context)

    async def RegisterStackTransform(self, request: Any, context: Any) -> Any:
        return await self._refuse("a stack transform", context)

    async def RegisterStackInvokeTransform(self, request: Any, context: Any) -> Any:
        return await self._refuse("an invoke transform", context)

    async def RegisterResourceHook(self, request: Any, context: Any) -> Any:
        return await self._refuse(f"the resource hook {request.name!r}", context)

    async def RegisterErrorHook(self, request: Any, context: Any) -> Any:
        return await self._refuse(f"the error hook {request.name!r}", context)

    async def RegisterPackage(self, request: Any, context: Any) -> Any:
        return await self._refuse(f"the parameterized package {request.name!r}", context)

    async def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        self.ended.set()
        await self.release.wait()
        return empty_pb2.Empty()

    # ---- endings ----

    async def _fail(self, err: Exception, context: Any) -> NoReturn:
        self._deployment.context.executor.fail(err)
        await _abort(context)

    async def _refuse(self, what: str, context: Any) -> NoReturn:
        self._deployment.context.executor.fail(str(needs_cli(what)))
        await _abort(context)

    async def _until_closed(self, call: Any, context: Any) -> Any:
        """The call's result; once the update is ending, pending calls of the program end too, and the step goes on."""
        task = asyncio.ensure_future(call)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # the program may hang up before
        closed = asyncio.ensure_future(self._deployment.context.executor.closed.wait())
        await asyncio.wait({task, closed}, return_when=asyncio.FIRST_COMPLETED)
        closed.cancel()
        if task.done() and not task.cancelled() and task.exception() is None:
            return task.result()
        if task.done() and not task.cancelled() and not isinstance(task.exception(), AbortedError | EngineError):
            task.result()
        return await _abort(context)


async def _abort(context: Any) -> NoReturn:
    await context.abort(grpc.StatusCode.UNAVAILABLE, "the update is ending")
    raise AssertionError


class EngineService:
    """Engine: logging, and the root resource."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._root = ""

    async def Log(self, request: Any, context: Any) -> Any:
        self._log.log(request.severity, request.urn, request.message, ephemeral=request.ephemeral)
        return empty_pb2.Empty()

    async def GetRootResource(self, request: Any, context: Any) -> Any:
        return stubs.engine.GetRootResourceResponse(urn=self._root)

    async def SetRootResource(self, request: Any, context: Any) -> Any:
        self._root = request.urn
        return stubs.engine.SetRootResourceResponse()

    async def StartDebugging(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    async def RequirePulumiVersion(self, request: Any, context: Any) -> Any:
        try:
            require(request.pulumi_version_range)
        except EngineError as err:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(err))
        response: Callable[[], Any] = stubs.engine.RequirePulumiVersionResponse
        return response()


@contextlib.asynccontextmanager
async def serve(monitor: Monitor, service: EngineService) -> AsyncIterator[str]:
    """Serves both on a socket in a private folder; gives its address."""
    with tempfile.TemporaryDirectory(prefix="pulumi-engine-") as folder:  # made with mode 0700
        address = f"unix:{folder}/socket"
        server = grpc.aio.server(options=_OPTIONS)
        stubs.resource_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
        stubs.engine_grpc.add_EngineServicer_to_server(service, server)
        server.add_insecure_port(address)
        await server.start()
        try:
            yield address
        finally:
            await server.stop(None)
