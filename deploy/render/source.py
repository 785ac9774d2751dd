"""The objects that a render is made of, their Secrets under the right names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from deploy.objects import Object, objects
from deploy.objects.offline import without_hash
from deploy.observe.recorded import Recorded
from deploy.render import names
from deploy.render.external import check_names
from deploy.render.image import Chosen
from deploy.render.opened import fingerprint, opened


@dataclass(frozen=True)
class Source:
    """What the program declares."""

    objects: list[Object]
    opened: bool = False
    """Whether the values of the Secrets are the real ones; else they are placeholders."""
    fingerprint: str = ""
    """Of the secrets that the names are made of; empty where the names have no hash."""
    fresh: bool = False
    """Whether they are those of the render that is there."""
    outdated: bool = False
    """Whether they changed since, and the names could not be made anew."""


def is_secret(it: Object) -> bool:
    """Whether it is a Secret of Kubernetes' own."""
    return (it.api_version, it.kind) == ("v1", "Secret")


def without_content(run: Chosen) -> Source:
    """For Secrets whose content is elsewhere: their names have no hash.

    Raises:
        DeployError: the program refuses the configuration, or does not tell the names of the values.
    """
    check_names(run.stack)
    shown = objects(run.stack, image=run.image)
    return Source(_renamed(shown, {it.name: without_hash(it.name) for it in shown if is_secret(it) and it.hashed}))


def with_content(run: Chosen, memory: names.Memory, state: Callable[[], Recorded]) -> Source:
    """For Secrets that the stack holds, with the passphrase or without it.

    Args:
        run: the stack.
        memory: of the render that is there.
        state: reads the stack's state; called where a name is not known otherwise.

    Raises:
        DeployError: the program refuses the configuration, the passphrase is wrong, or a name is not known.
    """
    plain = opened(run.stack)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(objects, run.stack, image=run.image)
        second = pool.submit(objects, run.stack, image=run.image, secrets=plain) if plain is not None else None
        shown, real = first.result(), second.result() if second else None
    secrets = [it for it in shown if is_secret(it)]
    now = fingerprint(run.stack, secrets)
    fresh = memory.fingerprint == now
    if real is not None:
        return Source(real, True, now, fresh)
    found = names.found([it for it in secrets if it.hashed], memory, fresh, state)
    outdated = bool(secrets) and bool(memory.fingerprint or memory.sealed) and not fresh
    return Source(_renamed(shown, found), False, memory.fingerprint if outdated else now, fresh, outdated)


def _renamed(found: Iterable[Object], new: dict[str, str]) -> list[Object]:
    return [
        replace(it, name=new.get(it.name, it.name), manifest=names.renamed(it.manifest, new) if new else it.manifest)
        for it in found
    ]
