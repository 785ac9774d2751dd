"""The provider of Kubernetes objects: the verbs, each in a few steps that the other modules take."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.kubernetes import apply, reading
from engine.kubernetes import delete as deletion
from engine.kubernetes.apply import CREATOR, PATCH_FIELD_MANAGER, relinquish
from engine.kubernetes.diff import REPLACE_UNREADY, compare, ignored
from engine.kubernetes.dryrun import dry_create, dry_update, unasked, unchecked
from engine.kubernetes.errors import ApiError, UnreachableError, refused
from engine.kubernetes.kinds import Endpoint, Kind, built_in_endpoint, from_manifest, from_token
from engine.kubernetes.left import without_left
from engine.kubernetes.naming import checked
from engine.kubernetes.objects import (
    API_VERSION,
    FIELD_MANAGER,
    INPUTS,
    annotation,
    described,
    id_of,
    to_object,
)
from engine.kubernetes.ready import limit_for, rule_for
from engine.kubernetes.ready_workloads import condition
from engine.kubernetes.settings import Settings
from engine.kubernetes.step import Step
from engine.kubernetes.wait import NotReadyError, seconds
from engine.provider import CheckFailure, Diff, Drift, ProviderError, Resource, Result, Status
from engine.resource.marks import secret_texts
from engine.resource.values import Properties, unwrap

if TYPE_CHECKING:
    from engine.kubernetes.client import Api
    from engine.kubernetes.inspect import Inspector


class KubernetesProvider:
    """Kubernetes objects in one cluster; see `engine.provider.Provider` for the verbs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Api | None = None
        self._inspector: Inspector | None = None

    async def check(self, resource: Resource, news: Properties, seed: bytes) -> tuple[Properties, list[CheckFailure]]:
        """The inputs with name and default namespace, in their one spelling; needs no server for built-in kinds."""
        kind = from_token(resource.type)
        namespace = self._settings.namespace
        if namespace and not await self._namespaced(kind):
            namespace = ""
        return checked(resource, kind, news, seed=seed, namespace=namespace)

    async def diff(self, resource: Resource, news: Properties) -> Diff:
        """What is recorded against the wanted inputs; asks the server only for a Job with `replaceUnready`."""
        settings = self._settings
        unready = annotation(news, REPLACE_UNREADY) == "true" and await self._unfinished(resource)
        return compare(
            _olds(resource), news, resource.outputs,
            config_maps=settings.mutable_config_maps, secrets=settings.mutable_secrets, unready=unready,
        )  # fmt: skip

    async def create(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Creates the object and waits for it; in a preview a dry run, or a note why there is none."""
        why = unasked(self._settings, news) if preview else ""
        if why:
            return unchecked("", news, why)
        if preview:
            return await dry_create(self._api(), resource, news)
        step = await self._step(resource, news, timeout, status, new=True)
        try:
            live = await step.post(resource.interrupted)
        except ApiError as err:
            raise refused("create", described(step.manifest), err, secret_texts(news)) from err
        return await step.ready(live)

    async def update(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Applies the inputs and waits; an object that is gone is created again."""
        why = unasked(self._settings, news) if preview else ""
        if why:
            return unchecked(resource.id, news, why)
        force = self._settings.patch_force
        if preview:
            return await dry_update(self._api(), resource, news, _manager(resource, news), force=force)
        step = await self._step(resource, news, timeout, status)
        before: dict[str, Any] = {}
        try:
            before = await step.api.call("GET", step.path)
            sent = without_left(news, before, step.manager, resource.ignored)
            step = replace(step, sent=sent, manifest=to_object(sent))
            live = await step.put(before, force=force)
        except ApiError as err:
            if err.code != 404 or err.namespace_missing:
                problem = refused("update", described(step.manifest), err, secret_texts(news))
                if before:  # the CLI records the object as it is, and that its update is still to come
                    problem.id, problem.reasons = id_of(before), (str(problem),)
                    problem.state = step.recorded(before)
                raise problem from err
            status("it was deleted outside: creating it again")
            return await self.create(resource, news, preview=False, timeout=timeout, status=status)
        result = await step.ready(live)
        if (old := _manager(resource)) != step.manager:
            await relinquish(step.api, step.endpoint, live, old)
        return result

    async def delete(self, resource: Resource, *, timeout: float, status: Status) -> None:
        """Deletes the object and waits until it is gone."""
        outputs, inputs = to_object(resource.outputs), to_object(_olds(resource))
        version = str(outputs.get("apiVersion") or inputs.get("apiVersion"))
        limit, name = seconds(timeout, inputs), resource.id.rpartition("/")[2]
        try:
            endpoint = await self._api().endpoint(from_manifest(version, from_token(resource.type).kind))
            if endpoint is None:
                return  # with its kind, the object is gone too
            await deletion.delete(
                self._api(), endpoint, inputs, outputs, name, manager=_manager(resource), limit=limit, status=status
            )
        except ApiError as err:
            raise refused("delete", described(outputs), err) from err
        except UnreachableError as err:
            if not self._settings.delete_unreachable:
                raise ProviderError(f"{err} {reading.GONE_FOR_GOOD}") from err
            status("its cluster cannot be reached: dropped from the record")
        except NotReadyError as err:
            raise ProviderError(
                f"after {limit:g} s {err}. Find what holds it, or give more time (customTimeouts), and run this again."
            ) from err

    async def read(self, resource: Resource, id: str, inputs: Properties) -> tuple[str, Properties, Properties] | None:
        """The live object; see `reading.read`."""
        return await reading.read(
            self._api(), resource, id, inputs, _manager(resource, inputs), settings=self._settings
        )

    async def inspect(self, resource: Resource, ignored: tuple[str, ...]) -> tuple[tuple[Drift, ...], str]:
        """What became of the object, by a dry run of an update with the recorded inputs."""
        inputs = _olds(resource)
        if why := unasked(self._settings, inputs):
            return (), why
        if self._inspector is None:
            from engine.kubernetes.inspect import Inspector  # noqa: PLC0415 - for previews only

            self._inspector = Inspector(self._api())
        return await self._inspector.look(resource.id, inputs, _manager(resource), ignored)

    async def _unfinished(self, resource: Resource) -> bool:
        """Whether the object is a Job that is not complete; what cannot be read is taken for complete."""
        kind = from_token(resource.type)
        if (kind.group, kind.kind) != ("batch", "Job"):
            return False
        try:
            namespace, _, name = resource.id.rpartition("/")
            live = await self._api().call("GET", built_in_endpoint(kind).path(namespace, name))
        except (ApiError, ProviderError):
            return False
        return condition(live, "Complete").get("status") != "True"

    async def close(self) -> None:
        """Ends the connections."""
        if self._inspector is not None:
            await self._inspector.close()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    def _api(self) -> Api:
        if self._settings.cluster is None:
            raise ProviderError(
                "kubernetes provider: its kubeconfig or context is not known yet. Let it depend on what makes them."
            )
        if self._connection is None:
            from engine.kubernetes.client import Api  # noqa: PLC0415 - slow: a run without changes goes without it

            self._connection = Api(self._settings.cluster)
        return self._connection

    async def _namespaced(self, kind: Kind) -> bool:
        """Whether objects of the kind live in a namespace; a kind that the cluster doesn't know yet is taken to."""
        if kind.built_in:
            return built_in_endpoint(kind).namespaced
        if self._settings.cluster is None:
            return True
        try:
            endpoint = await self._api().endpoint(kind)
        except (ApiError, ProviderError):
            return True
        return endpoint is None or endpoint.namespaced

    async def _step(
        self, resource: Resource, news: Properties, timeout: float, status: Status, *, new: bool = False
    ) -> Step:
        manifest = to_object(news)
        rule_for(self._api(), manifest)  # refuses a waitFor that isn't understood, before anything is done
        return Step(
            api=self._api(),
            endpoint=await self._endpoint(manifest, apply.PAUSES if new else (), status),
            news=news,
            manifest=manifest,
            manager=_manager(None if new else resource, news),
            limit=limit_for(timeout, manifest),
            status=status,
            warnings=ignored(manifest),
            api_version="" if new else str(resource.outputs.get(API_VERSION) or ""),
        )

    async def _endpoint(self, manifest: dict[str, Any], pauses: tuple[float, ...], status: Status) -> Endpoint:
        """The endpoint of the object's kind; one that is only just being made is waited for, as `pauses` say."""
        kind = from_manifest(str(manifest.get("apiVersion")), str(manifest.get("kind")))
        unknown = f"the cluster doesn't know {kind.kind} in {kind.api_version}"
        for pause in (*pauses, None):
            try:
                endpoint = await self._api().endpoint(kind)
            except ApiError as err:
                raise refused("look up", kind.api_version, err) from err
            if endpoint is not None:
                return endpoint
            if pause is not None:
                status(f"{unknown} yet")
                await asyncio.sleep(pause)
        raise ProviderError(
            f"{described(manifest)}: {unknown}. "
            "Install its CustomResourceDefinition first, and let the resource depend on it."
        )


def _olds(resource: Resource) -> Properties:
    """The recorded inputs, from the outputs where they are the only place that has them."""
    return resource.inputs or unwrap(resource.outputs.get(INPUTS)) or {}


def _manager(resource: Resource | None, news: Properties | None = None) -> str:
    """The field manager that the inputs name, or else the recorded one, or else a new one of the provider's form."""
    named = annotation(news, PATCH_FIELD_MANAGER) if news else ""
    found = unwrap(resource.outputs.get(FIELD_MANAGER)) if resource else None
    return str(named or found or f"{CREATOR}-{secrets.token_hex(4)}")
