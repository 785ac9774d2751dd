"""Builds an image and pushes it, by the API of the Docker daemon.

Source: dockerBuild of pulumi-docker 5.2; https://docs.docker.com/reference/api/engine/ (ImageBuild, ImagePush).
The result is the digest that the registry gave: never a tag, which may come to mean another image.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import docker.errors
import requests

from engine.docker.daemon import Client, connect
from engine.docker.image import Image
from engine.docker.settings import Settings
from engine.docker.trace import Trace
from engine.provider import ProviderError
from engine.resource.marks import redact

SPOOL_BYTES = 16 * 1024 * 1024
"""Larger contexts are packed in a temporary file."""

PUSHES = 5
"""How often an image is pushed before a name that others build under all the time is given up."""

Say = Callable[[str], None]


class CancelledBuildError(Exception):
    """The build was stopped from outside."""


def run(settings: Settings, image: Image, secrets: frozenset[str], say: Say, stopped: Callable[[], bool]) -> str:
    """Builds, and pushes unless the image says not to; returns the digest reference, or the image's id if not pushed.

    Blocks. `stopped` is asked at each message; when true, the connection is closed and the daemon ends the build.
    Raises `ProviderError`.
    """
    client = connect(settings)
    answers: list[requests.Response] = []  # the library leaves those open that it streams
    client.hooks["response"].append(lambda answer, *_, **__: answers.append(answer))
    try:
        image_id = _build(client, image, secrets, say, stopped)
        if not image.push:
            return image_id
        for _ in range(PUSHES):
            reference = _push(client, image, secrets, say, stopped)
            if _is_of(client, image_id, reference.rpartition("@")[2]):
                return reference
            say(f"another build took the name {image.name} before the push: pushing again")
            client.tag(image_id, image.repository, image.tag)
        raise ProviderError(f"other builds keep taking the name {image.name}. Give this one a tag of its own.")
    except docker.errors.APIError as err:  # not str(err): it holds the request, with its build arguments
        text = redact(str(err.explanation or "no reason given"), secrets).strip().rstrip(".")
        mend = "Correct it" if err.is_client_error() else "Look at the Docker daemon's log"
        raise ProviderError(
            f"building {image.name} from {image.context.dockerfile} failed: {text}. {mend}, and run this again."
        ) from err
    except (docker.errors.DockerException, requests.RequestException) as err:
        text = redact(str(err), secrets).rstrip(".")
        raise ProviderError(
            f"image {image.name}: the Docker daemon went away: {text}. Start it again, and run this again."
        ) from err
    finally:
        for answer in answers:
            answer.close()
        client.close()


def _build(client: Client, image: Image, secrets: frozenset[str], say: Say, stopped: Callable[[], bool]) -> str:
    for cached in image.cache_from:
        _pull(client, cached, image, say)
    trace = Trace()
    if image.builder == "2":
        client.params = {"version": "2"}  # asks the daemon for BuildKit; the library's own calls don't
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as archive:
        dockerfile = image.context.pack(archive)
        archive.seek(0)
        stream = client.build(
            fileobj=archive, custom_context=True, encoding=None, dockerfile=dockerfile, tag=image.name,
            buildargs=image.args or None, target=image.target or None, platform=image.platform or None,
            network_mode=image.network or None, extra_hosts=_hosts(image.hosts),
            cache_from=list(image.cache_from) or None, rm=True, forcerm=True, decode=True,
        )  # fmt: skip
        for message in _until(stream, stopped):
            line = trace.take(message)
            if line:
                say(redact(line, secrets))
    client.params = {}
    if trace.error:
        raise ProviderError(redact(_failed(image, trace), secrets))
    if not trace.image_id:
        raise ProviderError(f"image {image.name}: the build ended without an image. Look at the Docker daemon's log.")
    return trace.image_id


def _failed(image: Image, trace: Trace) -> str:
    where = f" at `{trace.step}`" if trace.step else ""
    last = "".join(f"\n    {line}" for line in trace.lines)
    mend = f"Correct {image.context.dockerfile}, or what it runs."
    if "unauthorized" in trace.error or "authentication required" in trace.error or "401" in trace.error:
        mend = "Sign in to the base image's registry: `docker login`, and builderVersion BuilderV1, which uses it."
    elif "connection refused" in trace.error or "no such host" in trace.error or "i/o timeout" in trace.error:
        mend = "Is the base image's registry running, and its name right?"
    return (
        f"building {image.name} from {image.context.dockerfile} failed{where}: {trace.error.rstrip('.')}.{last}\n{mend}"
    )


def _push(client: Client, image: Image, secrets: frozenset[str], say: Say, stopped: Callable[[], bool]) -> str:
    auth = None
    if image.username and image.password:
        server = image.server or image.repository.partition("/")[0]
        auth = {"username": image.username, "password": image.password, "serveraddress": server}
    say(f"pushing {image.name}")
    digest = error = ""
    stream = client.push(image.repository, tag=image.tag, stream=True, decode=True, auth_config=auth)
    for message in _until(stream, stopped):
        if message.get("error"):
            error = str((message.get("errorDetail") or {}).get("message") or message["error"])
        elif isinstance(message.get("aux"), dict):
            digest = str(message["aux"].get("Digest") or digest)
        elif message.get("status"):
            said = " ".join(part for part in (message.get("id"), message["status"]) if part)
            if "progressDetail" not in message or not message["progressDetail"]:
                say(redact(said, secrets))
    if error:
        raise ProviderError(redact(_not_pushed(image, error), secrets))
    if not digest.startswith("sha256:"):
        raise ProviderError(f"pushing {image.name}: the registry gave no digest. Try again; is it a registry at all?")
    return f"{image.repository}@{digest}"


def _is_of(client: Client, image_id: str, digest: str) -> bool:
    """Whether it was this image that was pushed: the daemon notes the digest with the image that had the name then."""
    found = client.inspect_image(image_id)
    return digest == found["Id"] or any(name.endswith(f"@{digest}") for name in found.get("RepoDigests") or ())


def _not_pushed(image: Image, error: str) -> str:
    registry = image.server or image.repository.partition("/")[0]
    text = f"pushing {image.name} failed: {error.strip().rstrip('.')}."
    if any(sign in error for sign in ("unauthorized", "denied", "authentication", "basic auth")):
        mend = "set registry.username and registry.password, or `docker login`"
        return f"{text} The registry {registry} refused the credentials: {mend}."
    if any(sign in error for sign in ("refused", "no such host", "timeout", "EOF", "reset", "no route")):
        return f"{text} The registry {registry} cannot be reached. Start it, and run this again: what is built is kept."
    return f"{text} Nothing was changed; run this again once the registry {registry} accepts it."


def _pull(client: Client, name: str, image: Image, say: Say) -> None:
    """Fetches an image to take layers from; one that isn't there is no error."""
    try:
        for message in client.pull(name, stream=True, decode=True, platform=image.platform or None):
            if message.get("error"):
                say(f"cache image {name} is not available")
    except (docker.errors.DockerException, requests.RequestException):
        say(f"cache image {name} is not available")


def _hosts(lines: Iterable[str]) -> dict[str, str] | None:
    pairs = [line.partition(":") for line in lines]
    return {host: address for host, _, address in pairs} or None


def _until(stream: Iterable[dict[str, Any]], stopped: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    for message in stream:
        if stopped():
            raise CancelledBuildError
        yield message
