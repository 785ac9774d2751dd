"""Replicas that an autoscaler sets, and that therefore nobody else's word is to be taken for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.kubernetes.kinds import built_in_endpoint, from_manifest
from engine.kubernetes.objects import name_of, namespace_of
from engine.resource.values import Properties

if TYPE_CHECKING:
    from engine.kubernetes.client import Api


async def as_scaled(api: Api, inputs: Properties, live: dict[str, Any]) -> Properties:
    """The inputs with the replicas as they are live, where a HorizontalPodAutoscaler targets the object.

    Raises `ApiError` where the autoscalers may not be listed; they are only asked for where the replicas differ.
    """
    spec, there = inputs.get("spec"), live.get("spec") or {}
    replicas = spec.get("replicas") if isinstance(spec, dict) else None
    scaled = there.get("replicas") if isinstance(there, dict) else None
    # An autoscaler rests while there are no replicas: that is a person's doing, and an outage.
    if replicas in (None, scaled) or scaled == 0 or not await _autoscaled(api, live):
        return inputs
    return {**inputs, "spec": {**inputs["spec"], "replicas": scaled}}


async def _autoscaled(api: Api, live: dict[str, Any]) -> bool:
    scalers = built_in_endpoint(from_manifest("autoscaling/v2", "HorizontalPodAutoscaler"))
    answer = await api.call("GET", scalers.path(namespace_of(live)))
    targets = [scaler["spec"]["scaleTargetRef"] for scaler in answer.get("items") or []]
    return any((target["kind"], target["name"]) == (live.get("kind"), name_of(live)) for target in targets)
