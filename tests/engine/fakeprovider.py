"""An in-memory cloud for the engine's tests: a folder of JSON files, so that it outlives a killed engine.

The inputs of a `fake:index:Thing` direct it: `frozen` replaces when changed, `first` makes a replace delete first,
`fail` fails ("create", "update", "delete"; "late": made, but not ready; "unready": the same of an update), `wait` (to
create or update) and `slow_delete` take that many seconds. An object that somebody gave the key `sick` is read as not
ready; one that is `forbidden` would not be updated. `unseen` says why it cannot be inspected.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from engine.provider import CheckFailure, Diff, Drift, ProviderError, Resource, Result, Status
from engine.resource.values import UNKNOWN, Properties, Secret, has_unknown, unwrap


class FakeCloud:
    """Implements engine.provider.Provider."""

    def __init__(self, inputs: Properties) -> None:
        self._folder = Path(os.environ["FAKE_CLOUD"])
        self._label = unwrap(inputs).get("label", "")

    def _log(self, verb: str, resource: Resource) -> None:
        with (self._folder / "calls.log").open("a") as file:
            file.write(f"{verb} {resource.name}\n")

    def _file(self, id_: str) -> Path:
        return self._folder / f"{id_}.json"

    async def check(self, resource: Resource, news: Properties, seed: bytes) -> tuple[Properties, list[CheckFailure]]:
        failures = [CheckFailure("bad", "must not be true")] if news.get("bad") else []
        name = news.get("name") or resource.inputs.get("name") or f"{resource.name}-{seed.hex()[:7]}"
        return {**news, "name": name}, failures

    async def diff(self, resource: Resource, news: Properties) -> Diff:
        olds, plain = unwrap(resource.inputs), unwrap(news)
        changed = tuple(sorted(key for key in {*olds, *plain} if olds.get(key) != plain.get(key)))
        replaces = tuple(key for key in changed if key in ("frozen", "name"))
        return Diff(bool(changed), replaces, bool(plain.get("first")), changed)

    async def create(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        plain = unwrap(news)
        if preview:
            return Result("", {**news, "token": UNKNOWN}, ("dry",))
        assert not has_unknown(news), news
        id_ = str(plain["name"])
        self._log("create", resource)
        if self._file(id_).exists() and resource.interrupted is None:
            raise ProviderError(f"{id_} exists already")
        if plain.get("fail") == "create":
            raise ProviderError("no room for it")
        self._file(id_).write_text(json.dumps(plain))
        if plain.get("wait"):
            status("0/1 ready")
            await asyncio.sleep(float(plain["wait"]))
        outputs = {**news, "token": Secret(f"token-{id_}")}
        if plain.get("fail") == "late":
            raise ProviderError("it never got ready", id=id_, state=outputs, reasons=("not ready",))
        return Result(id_, outputs)

    async def update(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        plain = unwrap(news)
        if preview:
            return Result(resource.id, {**resource.outputs, **news})
        self._log("update", resource)
        if plain.get("fail") == "update":
            raise ProviderError("it cannot be updated")
        if plain.get("wait"):
            await asyncio.sleep(float(plain["wait"]))
        self._file(resource.id).write_text(json.dumps(plain))
        outputs = {**news, "token": Secret(f"token-{resource.id}")}
        if plain.get("fail") == "unready":
            raise ProviderError("it never got ready", id=resource.id, state=outputs, reasons=("not ready",))
        return Result(resource.id, outputs)

    async def delete(self, resource: Resource, *, timeout: float, status: Status) -> None:
        self._log("delete", resource)
        if unwrap(resource.inputs).get("fail") == "delete":
            raise ProviderError("it cannot be deleted")
        await asyncio.sleep(float(unwrap(resource.inputs).get("slow_delete", 0)))
        self._file(resource.id).unlink(missing_ok=True)

    async def read(self, resource: Resource, id: str, inputs: Properties) -> tuple[str, Properties, Properties] | None:
        self._log("read", resource)
        id_ = id or str(unwrap(inputs)["name"])
        if not self._file(id_).exists():
            return None
        found: dict[str, Any] = json.loads(self._file(id_).read_text())
        sick = found.pop("sick", "")
        outputs = {**found, "token": Secret(f"token-{id_}")}
        if sick:
            raise ProviderError(f"{id_} is not ready", id=id_, state=outputs, reasons=(sick,), inputs=found)
        return id_, found, outputs

    async def inspect(self, resource: Resource, ignored: tuple[str, ...]) -> tuple[tuple[Drift, ...], str]:
        wanted = unwrap(resource.inputs)
        if wanted.get("unseen"):
            return (), str(wanted["unseen"])
        if not self._file(resource.id).exists():
            return (Drift("", "there", ""),), ""
        found: dict[str, Any] = json.loads(self._file(resource.id).read_text())
        if found.get("forbidden"):
            raise ProviderError(f"{resource.id} is refused")
        keys = sorted(key for key in {*found, *wanted} - {*ignored} if found.get(key) != wanted.get(key))
        return tuple(Drift(key, str(wanted.get(key, "")), str(found.get(key, "")), "somebody") for key in keys), ""

    async def close(self) -> None:
        pass


def configure(inputs: Properties) -> FakeCloud:
    """A provider of the folder that FAKE_CLOUD names."""
    if unwrap(inputs).get("refuse"):
        raise ProviderError("the cloud refuses this account")
    return FakeCloud(inputs)


def diff_config(olds: Properties, news: Properties) -> Diff:
    """Another `cloud` means other objects."""
    before, after = unwrap(olds), unwrap(news)
    changed = tuple(sorted(key for key in {*before, *after} if before.get(key) != after.get(key)))
    return Diff(bool(changed), tuple(key for key in changed if key == "cloud"), changed=changed)
