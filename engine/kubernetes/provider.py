"""The provider of Kubernetes objects: the verbs, each in a few steps that the other modules take."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from engine.kubernetes import delete as deletion
from engine.kubernetes.adopt import made_by_us
from engine.kubernetes.apply import CREATOR
from engine.kubernetes.diff import compare
from engine.kubernetes.dryrun import dry_create, dry_update, unasked, unchecked
from engine.kubernetes.errors import ApiError, refused
from engine.kubernetes.kinds import Endpoint, Kind, built_in_endpoint, from_manifest, from_token
from engine.kubernetes.naming import checked
from engine.kubernetes.objects import (
    API_VERSION,
    FIELD_MANAGER,
    INPUTS,
    described,
    id_of,
    mark_secrets,
    prune,
    recorded,
    to_object,
    without_read_only,
)
from engine.kubernetes.settings import Settings
from engine.kubernetes.step import Step
from engine.kubernetes.wait import NotReadyError, seconds
from engine.marks import secret_texts
from engine.provider import CheckFailure, Diff, ProviderError, Resource, Result, Status
from engine.values import Properties, unwrap

if TYPE_CHECKING:
    from engine.kubernetes.client import Api


class KubernetesProvider:
    """Kubernetes objects in one cluster; see `engine.provider.Provider` for the verbs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: Api | None = None

    async def check(self, resource: Resource, news: Properties, seed: bytes) -> tuple[Properties, list[CheckFailure]]:
        """The inputs with name and default namespace, in their one spelling; needs no server for built-in kinds."""
        kind = from_token(resource.type)
        namespace = self._settings.namespace
        if namespace and not await self._namespaced(kind):
            namespace = ""
        return checked(resource, kind, news, seed=seed, namespace=namespace)

    async def diff(self, resource: Resource, news: Properties) -> Diff:
        """Recorded against wanted inputs; never asks the server."""
        settings = self._settings
        return compare(
            _olds(resource), news, config_maps=settings.mutable_config_maps, secrets=settings.mutable_secrets
        )

    async def create(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Creates the object and waits for it; in a preview a dry run, or a note why there is none."""
        why = unasked(self._settings, news) if preview else ""
        if why:
            return unchecked("", news, why)
        if preview:
            return await dry_create(self._api(), news)
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
            return await dry_update(self._api(), resource.id, news, _manager(resource), force=force)
        step = await self._step(resource, news, timeout, status)
        try:
            before = await step.api.call("GET", step.path)
            live = await step.put(before, force=force)
        except ApiError as err:
            if err.code != 404 or err.namespace_missing:
                raise refused("update", described(step.manifest), err, secret_texts(news)) from err
            status("it was deleted outside: creating it again")
            return await self.create(resource, news, preview=False, timeout=timeout, status=status)
        return await step.ready(live)

    async def delete(self, resource: Resource, *, timeout: float, status: Status) -> None:
        """Deletes the object and waits until it is gone."""
        outputs, inputs = to_object(resource.outputs), to_object(_olds(resource))
        version = str(outputs.get("apiVersion") or inputs.get("apiVersion"))
        endpoint = await self._api().endpoint(from_manifest(version, from_token(resource.type).kind))
        if endpoint is None:
            return  # with its kind, the object is gone too
        limit, name = seconds(timeout, inputs), resource.id.rpartition("/")[2]
        try:
            await deletion.delete(
                self._api(), endpoint, inputs, outputs, name, manager=_manager(resource), limit=limit, status=status
            )
        except ApiError as err:
            raise refused("delete", described(outputs), err) from err
        except NotReadyError as err:
            raise ProviderError(
                f"after {limit:g} s {err}. Find what holds it, or give more time (customTimeouts), and run this again."
            ) from err

    async def read(self, resource: Resource, id: str, inputs: Properties) -> tuple[str, Properties, Properties] | None:
        """The live object; its inputs have the shape of `inputs`, or where these are empty all that isn't the server's.

        With `resource.interrupted`, only an object that the interrupted run made is answered.
        """
        kind = from_token(resource.type)
        namespace, _, name = (id or id_of(to_object(resource.interrupted or inputs))).rpartition("/")
        endpoint = await self._api().endpoint(kind)
        if endpoint is None or not name:
            return None
        try:
            live = await self._api().call("GET", endpoint.path(namespace, name))
        except ApiError as err:
            if err.code == 404:
                return None
            raise refused("read", f"{kind.kind} {id}", err) from err
        if resource.interrupted is not None and not made_by_us(live, resource.interrupted):
            return None
        shape = to_object(inputs)
        plain = prune(live, shape) if shape else {k: v for k, v in without_read_only(live).items() if k != "status"}
        found = mark_secrets(plain, inputs)
        version = str(resource.outputs.get(API_VERSION) or "")
        return id or id_of(live), found, recorded(found, live, _manager(resource), version)

    async def close(self) -> None:
        """Ends the connections."""
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
        return Step(
            api=self._api(),
            endpoint=await self._endpoint(manifest),
            news=news,
            manifest=manifest,
            manager=_manager(None if new else resource),
            limit=seconds(timeout, manifest),
            status=status,
            api_version="" if new else str(resource.outputs.get(API_VERSION) or ""),
        )

    async def _endpoint(self, manifest: dict[str, Any]) -> Endpoint:
        kind = from_manifest(str(manifest.get("apiVersion")), str(manifest.get("kind")))
        try:
            endpoint = await self._api().endpoint(kind)
        except ApiError as err:
            raise refused("look up", kind.api_version, err) from err
        if endpoint is None:
            raise ProviderError(
                f"{described(manifest)}: the cluster doesn't know {kind.kind} in {kind.api_version}. "
                "Install its CustomResourceDefinition first, and let the resource depend on it."
            )
        return endpoint


def _olds(resource: Resource) -> Properties:
    """The recorded inputs, from the outputs where they are the only place that has them."""
    return resource.inputs or unwrap(resource.outputs.get(INPUTS)) or {}


def _manager(resource: Resource | None) -> str:
    """The recorded field manager, or a new one of the provider's form."""
    found = unwrap(resource.outputs.get(FIELD_MANAGER)) if resource else None
    return str(found or f"{CREATOR}-{secrets.token_hex(4)}")
