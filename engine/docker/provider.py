"""The provider of Docker images: builds and pushes when the context or an option changed, and else asks no daemon."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from engine.docker.image import Image, buildable, checked, read
from engine.docker.settings import Settings
from engine.provider import CheckFailure, Diff, ProviderError, Resource, Result, Status
from engine.resource.marks import secret, secret_texts
from engine.resource.values import UNKNOWN, Properties, unwrap

TOKENS = frozenset({"docker:index/image:Image", "docker:image:Image"})
INPUTS = "__inputs"
CREDENTIALS = ("username", "password")


class ImageProvider:
    """docker:index/image:Image; see `engine.provider.Provider` for the verbs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def check(self, resource: Resource, news: Properties, seed: bytes) -> tuple[Properties, list[CheckFailure]]:
        """The inputs with the provider's defaults and the context's digest."""
        if resource.type not in TOKENS:
            raise ProviderError(
                f"{resource.type} is not served by the embedded engine, which only knows docker.Image of this package. "
                "Use the Pulumi CLI (ENGINE=pulumi)."
            )
        return checked(news)

    async def diff(self, resource: Resource, news: Properties) -> Diff:
        """Recorded against wanted inputs; the registry's credentials alone make no difference. Never a replacement."""
        old = unwrap(resource.outputs.get(INPUTS)) or unwrap(resource.inputs)
        found: list[str] = []
        _walk("", _without_nulls(old), _without_nulls(unwrap(news)), found)
        changed = tuple(path for path in found if path not in {f"registry.{name}" for name in CREDENTIALS})
        return Diff(changes=bool(changed), changed=changed)

    async def create(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """Builds and pushes; in a preview only builds, and only where buildOnPreview says so."""
        if preview and not (news.get("buildOnPreview") is True and buildable(news)):
            return Result("", {**_known(news), INPUTS: secret(news), "repoDigest": UNKNOWN})
        image = read(news)
        digest = await self._run(image if not preview else _local(image), secret_texts(news), timeout, status)
        outputs = {
            "baseImageName": image.name,
            "context": image.context.root,
            "dockerfile": image.context.inside,
            "imageName": image.name,
            "platform": image.platform,
            "registryServer": image.server,
            "repoDigest": digest,
            INPUTS: secret(news),
        }
        return Result("" if preview else image.name, outputs)

    async def update(
        self, resource: Resource, news: Properties, *, preview: bool, timeout: float, status: Status
    ) -> Result:
        """The same as create; the id stays."""
        result = await self.create(resource, news, preview=preview, timeout=timeout, status=status)
        return Result(resource.id, result.outputs, result.notes)

    async def delete(self, resource: Resource, *, timeout: float, status: Status) -> None:
        """Nothing: pushed images stay in their registry, as with the real provider."""

    async def read(self, resource: Resource, id: str, inputs: Properties) -> tuple[str, Properties, Properties] | None:
        """The recorded state: images are not looked up."""
        return (id, inputs, resource.outputs) if id else None

    async def close(self) -> None:
        """Nothing is held open."""

    async def _run(self, image: Image, secrets: frozenset[str], timeout: float, status: Status) -> str:
        """Runs the build in a thread of its own, which neither blocks the loop nor the end of the process."""
        from engine.docker.build import run  # noqa: PLC0415 - the client library is slow to import

        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()
        stop = threading.Event()

        def say(line: str) -> None:
            loop.call_soon_threadsafe(status, line)

        def settle(method: Any, value: Any) -> None:
            if not done.done():
                method(value)

        def work() -> None:
            try:
                outcome: Any = (done.set_result, run(self._settings, image, secrets, say, stop.is_set))
            except BaseException as err:
                outcome = (done.set_exception, err)
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, *outcome)

        threading.Thread(target=work, name="docker-build", daemon=True).start()
        try:
            return await asyncio.wait_for(done, timeout or None)
        except TimeoutError as err:
            raise ProviderError(
                f"building {image.name} took more than {timeout:g} s. "
                "Give it more time (customTimeouts), and run this again."
            ) from err
        finally:
            stop.set()


def _local(image: Image) -> Image:
    return Image(**{**vars(image), "push": False})


def _known(news: Properties) -> Properties:
    """What a preview knows of the outputs."""
    plain = unwrap(news)
    build = plain.get("build") if isinstance(plain.get("build"), dict) else {}
    name = plain.get("imageName", UNKNOWN)
    registry = plain.get("registry")
    return {
        "baseImageName": name,
        "imageName": name,
        "context": build.get("context", UNKNOWN),
        "platform": build.get("platform", UNKNOWN),
        "registryServer": (registry.get("server") or "") if isinstance(registry, dict) else "",
    }


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _walk(path: str, old: Any, new: Any, found: list[str]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            _walk(f"{path}.{key}" if path else key, old.get(key), new.get(key), found)
    elif old != new:
        found.append(path)
