"""What the folder of a render should hold."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final

from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.objects import Object
from deploy.observe.recorded import recorded
from deploy.pipeline.sealing import Secrets
from deploy.render import names
from deploy.render.external import external
from deploy.render.folder import KUSTOMIZATION, Folder
from deploy.render.image import chosen
from deploy.render.seal import KubesealSealer, Sealer, SopsSealer
from deploy.render.source import Source, is_secret, with_content, without_content
from deploy.render.yamltext import dump
from deploy.stack import Stack

_PROVIDER: Final = "pulumi.com/"
"""Begins labels and annotations that mean something to Pulumi's provider alone."""


def header(stack: str) -> str:
    """The first line of each file, by which it is known again."""
    way = f"change the program or Pulumi.{stack}.yaml instead"
    return f"# Made by `python -m deploy render {stack}`, which makes it anew: {way}.\n"


@dataclass
class Plan:
    """Files by name, as they should be."""

    stack: str
    files: dict[str, str] = field(default_factory=dict, repr=False)
    """Those whose text is known; sealed ones that are kept are among them."""
    to_seal: dict[str, Callable[[], str]] = field(default_factory=dict, repr=False)
    """Those that must be sealed anew: their text but for the header."""
    locked: list[str] = field(default_factory=list)
    """Sealed ones that are there and no longer fit, and cannot be sealed anew."""
    left_out: list[Object] = field(default_factory=list)
    """Secrets that the render only refers to."""
    undeclared: bool = False
    """Whether they are left out because the pipeline does not say how to seal them."""
    outdated: bool = False
    """Whether the stack's secrets changed since what is kept was sealed."""

    def sealed(self) -> dict[str, str]:
        """The texts of those that must be sealed anew."""
        return {name: header(self.stack) + seal() for name, seal in self.to_seal.items()}


def plan(stack: Stack, engine: Engine, form: Secrets | None, folder: Folder, image: str | None) -> Plan:
    """Runs the program offline and sets its objects against what is there.

    Args:
        stack: the stack, in its environment.
        engine: reads the state, where it is needed.
        form: how the stage declares its Secrets.
        folder: what is there.
        image: pinned in place of the stack's own.

    Raises:
        DeployError: the configuration or the passphrase is wrong, or something is needed that is nowhere.
    """
    state = cache(lambda: recorded(stack, engine))
    fetched = form.external_secret if form else None
    sealer = _sealer(form, stack)
    made = Plan(stack.name, undeclared=form is None)
    with chosen(stack, state, image) as run:
        source = without_content(run) if fetched else with_content(run, names.Memory.of(folder), state)
        made.outdated = source.outdated
        prefix = "externalsecret" if fetched else sealer.prefix if sealer else SopsSealer.prefix
        for part, file, it in _named(source.objects, prefix):
            manifest = run.labelled(_clean(it.manifest))
            if not is_secret(it):
                made.files[file] = header(stack.name) + dump(manifest)
            elif fetched:
                made.files[file] = header(stack.name) + dump(external(manifest, fetched))
            elif not (sealer and _seal(made, file, it, manifest=manifest, sealer=sealer, source=source, folder=folder)):
                held = [name for name in (f"{form}{part}.yaml" for form in names.SEALED) if name in folder.files]
                made.locked += held
                made.left_out += [] if held else [it]
    made.files[KUSTOMIZATION] = _kustomization(made, source.fingerprint)
    return made


def _seal(
    made: Plan, file: str, it: Object, *, manifest: dict[str, Any], sealer: Sealer, source: Source, folder: Folder
) -> bool:
    """A Secret as it is there, or to be sealed anew; whether it can be."""
    there, manifest = folder.files.get(file), _encoded(manifest, source)
    same = source.fresh or it.hashed  # else the name says nothing of the content
    if there is not None and same and sealer.fits(there, manifest):
        made.files[file] = there
    elif source.opened:
        made.to_seal[file] = partial(sealer.seal, manifest)
    else:
        return False
    return True


def _sealer(form: Secrets | None, stack: Stack) -> Sealer | None:
    if form and form.sops:
        return SopsSealer(form.sops)
    return KubesealSealer(form.sealed_secret, stack.project) if form and form.sealed_secret else None


def _named(found: list[Object], secret: str) -> Iterator[tuple[str, str, Object]]:
    """The objects with what a file's name says beside the kind, the same from one content to the next, and that name.

    Args:
        found: the objects.
        secret: what the name of a Secret's file begins with, in place of its kind.
    """
    named: dict[str, Object] = {}
    for it in found:
        part = re.sub("[^a-z0-9.-]+", "-", it.role.lower())
        file = f"{secret if is_secret(it) else it.kind.lower()}-{part}.yaml"
        other = named.setdefault(file, it)
        if other is not it:
            raise DeployError(
                f"{it.kind} {it.name!r} and {other.kind} {other.name!r} would be rendered to one file, {file}, as the "
                f"resources are named {it.role!r} and {other.role!r}. Give one of them another name in the program."
            )
        yield part, file, it


def _clean(manifest: dict[str, Any]) -> dict[str, Any]:
    """The object without what is for Pulumi's provider alone."""
    metadata = dict(manifest["metadata"])
    for key in ("annotations", "labels"):
        kept = {name: text for name, text in metadata.pop(key, {}).items() if not name.startswith(_PROVIDER)}
        if kept:
            metadata[key] = kept
    return {**manifest, "metadata": metadata}


def _encoded(manifest: dict[str, Any], source: Source) -> dict[str, Any]:
    """The Secret as a cluster gives it back, all in `data`; without that where its values are placeholders."""
    texts = manifest.get("stringData", {}).items()
    data = {**manifest.get("data", {}), **{key: base64.b64encode(text.encode()).decode() for key, text in texts}}
    rest = {key: value for key, value in manifest.items() if key not in ("data", "stringData")}
    return {**rest, "data": data} if source.opened else rest


def _kustomization(made: Plan, fingerprint: str) -> str:
    files = [*made.files, *made.to_seal, *made.locked]
    files.sort(key=lambda name: (not name.startswith("namespace-"), name))
    content = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": files}
    return header(made.stack) + names.notes(fingerprint, made.left_out) + dump(content)
